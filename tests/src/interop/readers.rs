//! The reading side of a chain: snapshots, consumers that follow, filtered readers, the way back.

use super::canonical::{self, Loosely};
use super::chain::Chain;
use super::flat;
use super::limits;
use super::model::Change;
use super::report::Publisher;
use super::rng::Rng;
use anyhow::{Context, Result, bail, ensure};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::read::{Filter, LoadOptions, ReadState};
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::JavaDirectory;
use std::fs;
use std::path::Path;

/// What reads along, on our side.
pub(super) struct Readers {
    consumer: Consumer,
    partial: Option<Partial>,
    /// Of its own: what readers choose changes nothing for producers.
    rng: Rng,
}

/// A reader that took some types, fields and parts only.
struct Partial {
    state: ReadState,
    parts: Vec<String>,
    feature: &'static str,
    /// How Java was told to load it.
    load: String,
}

/// Reads a snapshot with all parts.
pub(super) fn snapshot<'p>(store: &Path, version: i64, parts: impl Iterator<Item = &'p String>) -> Result<ReadState> {
    let (main, parts) = files(store, "snapshot", &version.to_string(), parts)?;
    let options = LoadOptions {
        parts: parts.iter().map(Vec::as_slice).collect(),
        filter: Filter::everything(),
    };
    ReadState::from_snapshot_with(&main, &options).with_context(|| format!("we cannot read snapshot-{version}"))
}

fn files<'p>(
    store: &Path,
    kind: &str,
    versions: &str,
    parts: impl Iterator<Item = &'p String>,
) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let main = fs::read(store.join(format!("{kind}-{versions}"))).with_context(|| format!("{kind}-{versions}"))?;
    let parts = parts.map(|part| fs::read(store.join(format!("{kind}_{part}-{versions}"))));
    Ok((main, parts.collect::<Result<_, _>>()?))
}

fn delta<'p>(
    store: &Path,
    kind: &str,
    from: i64,
    to: i64,
    state: &ReadState,
    parts: impl Iterator<Item = &'p String>,
) -> Result<ReadState> {
    let (main, parts) = files(store, kind, &format!("{from}-{to}"), parts)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    state
        .apply_delta_with(&main, &parts)
        .with_context(|| format!("we cannot apply {kind}-{from}-{to}"))
}

impl Readers {
    pub(super) fn open(store: &Path, seed: u64) -> Result<Self> {
        Ok(Self {
            consumer: Consumer::builder(JavaDirectory::open(store)?).build()?,
            partial: None,
            rng: Rng::new(!seed),
        })
    }

    /// Reads the last version in every way, on both sides.
    pub(super) fn version(&mut self, chain: &mut Chain<'_>, publisher: Publisher) -> Result<()> {
        let mut numbers = chain.versions.iter().rev().map(|version| version.number);
        let Some(number) = numbers.next() else {
            return Ok(());
        };
        let previous = numbers.next();
        let (newest, before) = (chain.versions.len() - 1, chain.versions.len().checked_sub(2));
        chain.steps = before.map_or_else(Vec::new, |before| vec![(before, newest), (newest, before)]);
        chain.jvm.send(&format!("read snap {number} *"))?;
        chain.jvm.send("sum snap")?;
        let sample = flat::ask(chain, &mut self.rng, "snap")?;
        chain.jvm.send("announced")?;
        chain.jvm.send("sum consumer")?;
        if let Some(previous) = previous {
            chain
                .jvm
                .send(&format!("delta snap reversedelta {number} {previous}"))?;
            chain.jvm.send("sum snap")?;
        }
        if let (Some(_), Some(previous)) = (&self.partial, previous) {
            chain.jvm.send(&format!("delta partial delta {previous} {number}"))?;
            chain.jvm.send("sum partial")?;
        }
        chain.jvm.flush()?; // Java works while we do

        let Some((last, before)) = chain.versions.split_last() else {
            return Ok(());
        };
        // What the deltas lead to is what the snapshot says, on our side; Java's side must then agree with ours.
        self.consumer.refresh().context("our consumer")?;
        let followed = self.consumer.state().context("our consumer has no state")?;
        ensure!(
            followed.version() == Some(Version(number)),
            "our consumer is at version {:?}",
            followed.version()
        );
        agree(
            "state followed and snapshot",
            &followed,
            &last.state,
            chain,
            &chain.changes,
        )?;
        let reversed = match before.last() {
            None => None,
            Some(before) => {
                let parts = chain.parts.keys();
                let state = delta(&chain.store, "reversedelta", number, before.number, &last.state, parts)?;
                agree(
                    "reverse delta and snapshot before",
                    &state,
                    &before.state,
                    chain,
                    &chain.turn_changes,
                )?;
                Some(state)
            }
        };
        // What Java cannot read of the partial state; there is nothing in it but null.
        let mut unreadable_in_java = false;
        if let (Some(partial), Some(previous)) = (&mut self.partial, previous) {
            let parts = partial.parts.iter();
            let state = delta(&chain.store, "delta", previous, number, &partial.state, parts)?;
            for ty in limits::without_fields(&partial.state, &state, last.state.dataset()) {
                unreadable_in_java = true;
                for ordinal in ty.populated() {
                    let value = state.value(ty.name(), ordinal);
                    let is_null = matches!(&value, Some(Value::Object(fields)) if fields.iter().all(|field| *field == Value::Null));
                    ensure!(is_null, "{} {ordinal} has no field left, and is {value:?}", ty.name());
                }
            }
            partial.state = state;
        }

        let snapshot = chain
            .versions
            .last()
            .map(|last| last.state.clone())
            .context("no version")?;
        expect_ok(chain, "read snap")?;
        same_as_java(
            chain,
            "snapshot",
            &snapshot,
            &[&format!("read other {number} *")],
            "other",
        )?;
        let extracted = match &sample {
            Some(_) => Some(chain.jvm.answer().context("flat records")?),
            None => None,
        };
        let announced = chain.jvm.answer()?;
        ensure!(
            announced == number.to_string(),
            "Java's consumer is at version {announced}"
        );
        same_as_java(chain, "state followed", &followed, &[], "consumer")?;
        if let (Some(state), Some(previous)) = (reversed, previous) {
            expect_ok(chain, "reverse delta")?;
            let again = [
                format!("read other {number} *"),
                format!("delta other reversedelta {number} {previous}"),
            ];
            let again: Vec<&str> = again.iter().map(String::as_str).collect();
            same_as_java(chain, "reverse delta", &state, &again, "other")?;
        }
        match (&self.partial, previous) {
            (Some(partial), Some(_)) => {
                expect_ok(chain, "delta of the partial reader").with_context(|| partial.load.clone())?;
                match same_as_java(chain, "partial state followed", &partial.state, &[], "partial") {
                    Ok(()) => chain.report.count_direction(partial.feature, publisher, 1),
                    Err(error) if unreadable_in_java && format!("{error:#}").contains(limits::NO_BITS) => {
                        chain.report.not_followed_by_java += 1;
                        self.partial = None;
                    }
                    Err(error) => return Err(error).context(partial.load.clone()),
                }
            }
            _ => self.begin_partial(chain)?,
        }
        match (&sample, extracted) {
            (Some(sample), Some(java)) => flat::compare(chain, sample, &snapshot, "snap", &java),
            _ => Ok(()),
        }
    }

    /// At a random version a reader begins that wants only some of the data.
    fn begin_partial(&mut self, chain: &mut Chain<'_>) -> Result<()> {
        if !self.rng.percent(40) {
            return Ok(());
        }
        let Some(last) = chain.versions.last() else {
            return Ok(());
        };
        let (number, dataset) = (last.number, last.state.dataset().clone());
        let mut parts: Vec<String> = chain.parts.keys().cloned().collect();
        parts.retain(|_| self.rng.percent(50));
        let (filter, rules) = random_filter(&dataset, &mut self.rng);
        let (main, bytes) = files(&chain.store, "snapshot", &number.to_string(), parts.iter())?;
        let options = LoadOptions {
            parts: bytes.iter().map(Vec::as_slice).collect(),
            filter,
        };
        let state = ReadState::from_snapshot_with(&main, &options).context("partial snapshot")?;
        let names = if parts.is_empty() {
            "-".to_owned()
        } else {
            parts.join(",")
        };
        let load = format!("read partial {number} {names} {}", rules.join(" "));
        let load = load.trim_end().to_owned();
        let loaded = Dataset::new(state.types().map(|ty| ty.schema().clone()).collect())?;
        if !limits::loads_in_java(&loaded) {
            match chain.jvm.ask(&load) {
                Err(error) if error.to_string().contains("FieldPaths") => chain.report.not_loaded_by_java += 1,
                Err(error) => return Err(error).context(load),
                Ok(_) => bail!("{load}: Java was expected not to load this"),
            }
            return Ok(());
        }
        chain.jvm.ask(&load)?;
        chain.jvm.send("sum partial")?;
        same_as_java(chain, "partial snapshot", &state, &[], "partial").with_context(|| load.clone())?;
        let feature = match (
            parts.len() < chain.parts.len(),
            rules.iter().any(|rule| rule.contains(':')),
        ) {
            (true, _) => "some optional parts and types only",
            (false, true) => "filtered: some types and fields only",
            (false, false) => "filtered: some types only",
        };
        self.partial = Some(Partial {
            state,
            parts,
            feature,
            load,
        });
        Ok(())
    }

    /// Both consumers go back to the first version, one reverse delta at a time.
    pub(super) fn walk_back(&mut self, chain: &mut Chain<'_>) -> Result<()> {
        for at in (0..chain.versions.len().saturating_sub(1)).rev() {
            let number = chain.versions[at].number;
            chain.steps = vec![(at + 1, at)];
            chain.jvm.send(&format!("follow {number}"))?;
            chain.jvm.send("sum consumer")?;
            chain.jvm.flush()?;
            let outcome = self
                .consumer
                .refresh_to(Version(number))
                .with_context(|| format!("version {number}"))?;
            ensure!(
                matches!(&outcome, hollow::consumer::RefreshOutcome::Moved(moved) if moved.snapshot.is_none()),
                "our consumer did not come back by a reverse delta: {outcome:?}"
            );
            let state = self.consumer.state().context("our consumer has no state")?;
            let there = &chain.versions[at].state;
            agree(
                "state walked back to and snapshot",
                &state,
                there,
                chain,
                &chain.changes,
            )?;
            expect_ok(chain, "walking back")?;
            same_as_java(chain, "state walked back to", &state, &[], "consumer")?;
        }
        chain.steps.clear();
        chain
            .report
            .count_direction("consumer going back by reverse deltas", Publisher::Java, 1);
        chain
            .report
            .count_direction("consumer going back by reverse deltas", Publisher::Rust, 1);
        Ok(())
    }
}

/// Rules for a random filter: ours, and as words for Java.
pub(super) fn random_filter(dataset: &Dataset, rng: &mut Rng) -> (Filter, Vec<String>) {
    let everything = rng.percent(50);
    let (mut filter, mut rules) = match everything {
        true => (Filter::everything(), vec!["+*".to_owned()]),
        false => (Filter::nothing(), vec!["-*".to_owned()]),
    };
    // Java cannot load a key without the types and fields it leads through, and drops a type without fields.
    let keyed = super::model::keyed(dataset);
    for schema in dataset.schemas() {
        let name = schema.name();
        let fields = match schema.as_object() {
            Some(object) if object.fields.len() > 1 && !keyed.contains(name) => &object.fields[..],
            _ => &[],
        };
        match (everything, rng.below(10)) {
            (true, _) if keyed.contains(name) => {}
            (false, _) if schema.as_object().is_some_and(|object| object.fields.is_empty()) => {}
            (false, _) if keyed.contains(name) => {
                filter = filter.with_type(name);
                rules.push(format!("+{name}"));
            }
            (true, 0 | 1) => {
                filter = filter.without_type(name);
                rules.push(format!("-{name}"));
            }
            (true, 2..=4) if !fields.is_empty() => {
                let field = &rng.pick(fields).name;
                filter = filter.without_field(name, field);
                rules.push(format!("-{name}:{field}"));
            }
            (false, 0..=3) => {
                filter = filter.with_type(name);
                rules.push(format!("+{name}"));
            }
            (false, 4..=6) if !fields.is_empty() => {
                let field = &rng.pick(fields).name;
                filter = filter.with_field(name, field);
                rules.push(format!("+{name}:{field}"));
            }
            _ => {}
        }
    }
    (filter, rules)
}

fn expect_ok(chain: &mut Chain<'_>, what: &str) -> Result<()> {
    chain.jvm.answer().with_context(|| what.to_owned()).map(drop)
}

/// Fetches Java's sum of a state and compares it with ours; if they differ, says where, after `again` brought the reader
/// `name` to that state once more.
fn same_as_java(chain: &mut Chain<'_>, what: &str, ours: &ReadState, again: &[&str], name: &str) -> Result<()> {
    let java = chain.jvm.answer().with_context(|| what.to_owned())?;
    let sum = canonical::sum(ours);
    if sum == java {
        chain.report.states += 1;
        return Ok(());
    }
    // The rest of the answers under way comes first, whatever it is.
    let file = chain.store.with_file_name("java.txt");
    chain.jvm.send("versions")?;
    while !chain.jvm.answer().is_ok_and(|answer| answer.contains("java-")) {}
    for line in again {
        chain.jvm.ask(line)?;
    }
    chain.jvm.ask(&format!("dump {name} {}", file.display()))?;
    let theirs = fs::read_to_string(&file)?;
    bail!(
        "{what}: ours={sum} java={java}\n{}",
        first_lines("ours", &canonical::text(ours), "java", &theirs)
    );
}

fn agree(what: &str, a: &ReadState, b: &ReadState, chain: &Chain<'_>, changes: &[Change]) -> Result<()> {
    let (a, b) = match chain.traits.is_lossy() {
        false => (canonical::text(a), canonical::text(b)),
        true => {
            let without = loosely(changes);
            (canonical::loose_text(a, &without), canonical::loose_text(b, &without))
        }
    };
    if a == b {
        return Ok(());
    }
    bail!("{what} differ\n{}", first_lines("first", &a, "second", &b));
}

fn loosely(changes: &[Change]) -> Loosely {
    let mut without = Loosely::default();
    for change in changes {
        match change {
            Change::FieldAdded(ty, field) | Change::FieldRemoved(ty, field) => {
                without.fields.insert((ty.clone(), field.clone()));
            }
            Change::TypeAdded(ty) | Change::TypeRemoved(ty) => {
                without.types.insert(ty.clone());
            }
        }
    }
    without
}

/// The first lines that differ.
pub(super) fn first_lines(a_name: &str, a: &str, b_name: &str, b: &str) -> String {
    let mut found = String::new();
    let (mut a_lines, mut b_lines) = (a.lines(), b.lines());
    let mut ty = "";
    for _ in 0..a.lines().count().max(b.lines().count()) {
        let (line, other) = (a_lines.next().unwrap_or("(end)"), b_lines.next().unwrap_or("(end)"));
        if line.starts_with("type ") && line == other {
            ty = line;
        }
        if line != other {
            let cut = |line: &str| line.chars().take(300).collect::<String>();
            let (line, other) = (cut(line), cut(other));
            found.push_str(&format!("in {ty}\n  {a_name}: {line}\n  {b_name}: {other}\n"));
            if found.len() > 1200 {
                break;
            }
        }
    }
    found
}
