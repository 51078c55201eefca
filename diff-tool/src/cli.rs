//! The command line.

use crate::report::{Detail, Extent, Painter, RecordReport, Report, Title};
use crate::select::{SelectError, Selected, Selector, select};
use crate::{Details, KeyError, Options, Progress, SideName, diff_with, show};
use clap::{Parser, ValueEnum};
use hollow::read::ReadState;
use hollow::store::StoreError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

/// Shows what differs between two states of a data set.
///
/// Exit codes: 0 the same, 1 different, 2 wrong usage, 3 not found, 4 damaged data, 5 store not available.
#[derive(Debug, Parser)]
#[command(name = "diff-tool", version, after_help = EXAMPLES)]
pub struct Cli {
    /// The state before: DIR[@STATE]; STATE is latest, announced, pinned, first, ~N or a version.
    #[arg(value_name = "A")]
    a: String,
    /// The state after.
    #[arg(value_name = "B")]
    b: String,
    /// Compare records of this type only; can be repeated.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Compare one record: the parts of its key, or Type:parts. A part with a comma: a JSON array of strings.
    #[arg(long, value_name = "KEY[,KEY]")]
    record: Option<String>,
    /// Match the records of a type by these fields instead of its primary key.
    #[arg(long = "key", value_name = "TYPE=PATH[,PATH]")]
    keys: Vec<String>,
    /// Counts only: fastest, as modified records are not read.
    #[arg(long)]
    summary: bool,
    /// Counts, and the fields that differ; no records.
    #[arg(long, conflicts_with = "summary")]
    fields: bool,
    /// Groups of equal changes, a line for each change, instead of records.
    #[arg(long, conflicts_with_all = ["summary", "fields"])]
    groups: bool,
    /// How many groups, and records on one side only, to list for each type; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// How many equal lines to show around differences; records asked for by key are shown whole.
    #[arg(long, value_name = "N")]
    context: Option<usize>,
    /// The same as --report json.
    #[arg(long, conflicts_with = "report")]
    json: bool,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    report: Form,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Colours in text.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// Exit with 0 also if there are differences.
    #[arg(long)]
    exit_zero: bool,
}

const EXAMPLES: &str = "\
Examples:
  diff-tool store/liveness@latest store/liveness-preprod@latest
  diff-tool store/titles@~5 store/titles --type Title --fields
  diff-tool store/titles@~5 store/titles --type Title --record 81730412";

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// A page to be mailed or printed.
    Html,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb; with CLICOLOR_FORCE anywhere.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What went wrong: what to say, and the code to exit with.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What happened.
    pub message: String,
    /// What to do; empty if that is plain.
    pub hint: String,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure {
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const DAMAGED: u8 = 4;
const STORE: u8 = 5;

impl From<SelectError> for Failure {
    fn from(error: SelectError) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        let (code, hint) = match &error {
            SelectError::NotFound { .. } => (NOT_FOUND, "look into the directory, or try @latest or @first"),
            SelectError::Ambiguous { .. } => (USAGE, "give more digits"),
            SelectError::Malformed { .. } => (USAGE, "diff-tool --help lists the forms"),
            SelectError::Decode { .. } => (DAMAGED, "compare another version, or restore the blob from a copy"),
            SelectError::Store(_, error) => match error {
                StoreError::Absent { .. } => (NOT_FOUND, "look into the directory, or try @latest or @first"),
                StoreError::Corrupt { .. } => (DAMAGED, "compare another version, or restore the blob from a copy"),
                StoreError::Invalid { .. } => (USAGE, "diff-tool --help lists the forms"),
                _ => (STORE, "check that the store can be read, then try again"),
            },
        };
        Failure::new(code, message, hint)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let code = if matches!(error, KeyError::NoSuchType(_)) {
            NOT_FOUND
        } else {
            USAGE
        };
        Failure::new(
            code,
            error.to_string(),
            "diff-tool A B --summary lists types and their keys",
        )
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(STORE, format!("cannot write the report: {error}"), "")
    }
}

impl Cli {
    /// Whether failures are to be reported as JSON.
    pub fn wants_json(&self) -> bool {
        self.form() == Form::Json
    }

    fn form(&self) -> Form {
        if self.json { Form::Json } else { self.report }
    }

    /// Does what was asked; gives the code to exit with.
    ///
    /// # Errors
    /// [`Failure`] if there is no answer. A reader who goes away is no failure.
    pub fn run(&self) -> Result<u8, Failure> {
        let (a, b): (Selector, Selector) = (self.a.parse()?, self.b.parse()?);
        let keys = self.keys()?;
        let Selected {
            a: before,
            b: after,
            same_chain,
        } = select(&a, &b)?;
        let options = Options {
            types: self.types.clone(),
            keys,
            fields: !self.summary,
            same_chain,
        };
        check_types(&options, &before, &after)?;
        let details = Details::new(&before, &after);
        details.check_keys(&options).map_err(Failure::from)?;
        let title = |selector: &Selector, state: &ReadState| Title {
            selector: selector.text.clone(),
            version: state.version().map(|version| version.to_string()),
        };
        let (a, b) = (title(&a, &before), title(&b, &after));
        let same = match &self.record {
            Some(record) => self.run_record(record, &details, &options, a, b)?,
            None => {
                let mut progress = Progress::on_terminal();
                let diff = diff_with(&before, &after, &options, &mut progress);
                progress.finish();
                let report = Report {
                    a,
                    b,
                    diff: &diff,
                    details: &details,
                    list_unkeyed: !self.types.is_empty(),
                };
                let extent = self.extent();
                self.write(|out, painter| match self.form() {
                    Form::Json => report.json(out, extent),
                    Form::Html => report.html(out, extent),
                    Form::Text => report.text(out, painter, extent),
                })?;
                diff.is_same()
            }
        };
        Ok(u8::from(!same && !self.exit_zero))
    }

    fn run_record(
        &self,
        record: &str,
        details: &Details<'_>,
        options: &Options,
        a: Title,
        b: Title,
    ) -> Result<bool, Failure> {
        let keyed = details.keyed_types(options);
        if self.form() == Form::Html {
            return Err(Failure::new(
                USAGE,
                "a single record has no HTML form",
                "use --report text or json",
            ));
        }
        let (types, key) = match record.split_once(':') {
            Some((name, key)) if self.types.is_empty() && keyed.contains(&name) => (vec![name], key),
            _ if self.types.is_empty() => (keyed, record),
            _ => (self.types.iter().map(String::as_str).collect(), record),
        };
        let parts = split_key(key)?;
        let mut found = Vec::new();
        let mut mistake = None;
        for name in types {
            match details.find(name, &parts, options) {
                Ok((x, y)) if x.is_empty() && y.is_empty() => {}
                Ok(sides) => found.push((name, sides)),
                // A key that is none of this type may be one of another.
                Err(error) => mistake = Some(error),
            }
        }
        if found.is_empty() {
            return Err(match mistake {
                Some(error) => error.into(),
                None => Failure::new(
                    NOT_FOUND,
                    format!("no record with key {} in A or B", show::escaped(record)),
                    "diff-tool A B --summary lists types and their keys",
                ),
            });
        }
        let tags = &details.tags();
        let mut same = true;
        let mut reports = Vec::new();
        for (name, (x, y)) in &found {
            for index in 0..x.len().max(y.len()) {
                let tree = |side, ordinals: &[hollow::Ordinal]| Some(details.tree(side, name, *ordinals.get(index)?));
                let report = RecordReport {
                    a: a.clone(),
                    b: b.clone(),
                    tags,
                    type_name: name,
                    key: parts.iter().map(|part| show::name(part)).collect::<Vec<_>>().join(","),
                    sides: (tree(SideName::A, x), tree(SideName::B, y)),
                };
                same &= report.is_same();
                reports.push(report);
            }
        }
        self.write(|out, painter| {
            reports.iter().try_for_each(|report| match self.wants_json() {
                true => report.json(out),
                false => report.text(out, painter, self.context),
            })
        })?;
        Ok(same)
    }

    fn extent(&self) -> Extent {
        Extent {
            limit: (self.limit > 0).then_some(self.limit),
            context: Some(self.context.unwrap_or(3)),
            detail: match (self.summary, self.fields, self.groups) {
                (true, ..) => Detail::Summary,
                (_, true, _) => Detail::Fields,
                (_, _, true) => Detail::Groups,
                _ => Detail::Records,
            },
        }
    }

    /// The keys given by `--key`.
    fn keys(&self) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        let parse = |text: &String| {
            let (name, paths) = text
                .split_once('=')
                .filter(|(name, paths)| !name.is_empty() && !paths.is_empty())?;
            Some((name.to_owned(), paths.split(',').map(str::to_owned).collect()))
        };
        let keys = self.keys.iter().map(|text| {
            parse(text).ok_or_else(|| {
                Failure::new(
                    USAGE,
                    format!("--key {}: expected TYPE=PATH[,PATH]", show::quoted(text)),
                    "",
                )
            })
        });
        keys.collect()
    }

    /// Opens what to write to and writes. A reader who has seen enough ends the writing, not the program.
    fn write(&self, report: impl FnOnce(&mut dyn Write, Painter) -> io::Result<()>) -> Result<(), Failure> {
        let written = match &self.out {
            Some(path) => {
                let mut out = BufWriter::new(File::create(path).map_err(|error| {
                    Failure::new(
                        STORE,
                        format!("cannot write {}: {error}", show::escaped(&path.to_string_lossy())),
                        "",
                    )
                })?);
                report(&mut out, Painter::new(self.color == Colour::Always)).and_then(|()| out.flush())
            }
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                report(&mut out, Painter::new(self.colours())).and_then(|()| out.flush())
            }
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    fn colours(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if set("NO_COLOR") => false,
            Colour::Auto if std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0") => true,
            Colour::Auto => io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Types that nobody has are more likely mistyped than equal on both sides.
fn check_types(options: &Options, a: &ReadState, b: &ReadState) -> Result<(), Failure> {
    let missing = options
        .types
        .iter()
        .chain(options.keys.keys())
        .find(|name| a.ty(name).is_none() && b.ty(name).is_none());
    let Some(missing) = missing else { return Ok(()) };
    let mut names: Vec<String> = b.types().chain(a.types()).map(|ty| show::name(ty.name())).collect();
    names.sort();
    names.dedup();
    let hint = format!("there are: {}", names.join(", "));
    Err(Failure::new(
        NOT_FOUND,
        format!("no such type, type={}", show::name(missing)),
        hint,
    ))
}

/// The parts of a key: separated by commas, or a JSON array of strings and numbers.
fn split_key(text: &str) -> Result<Vec<String>, Failure> {
    if !text.starts_with('[') {
        return Ok(text.split(',').map(str::to_owned).collect());
    }
    let part = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let parts: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|error| {
        Failure::new(
            USAGE,
            format!("--record {}: no JSON array: {error}", show::quoted(text)),
            "",
        )
    })?;
    Ok(parts.into_iter().map(part).collect())
}
