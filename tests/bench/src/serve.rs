//! Our side of a run, commanded line by line, as the Java program is: words between tabs, an answer of one line to each.

use crate::data::Data;
use crate::populate::{Typed, With};
use crate::rows::{self, Context, Outcome, Row};
use crate::scale::{Scale, ScaleName};
use anyhow::Context as _;
use std::io::{BufRead, Write};
use std::path::Path;

/// What the rows that follow are about.
struct Session {
    context: Context,
    rows: Vec<Row>,
}

/// Answers until there are no more commands.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut session = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let answer = answer(&mut session, &words).unwrap_or_else(|error| format!("failed {error:#}"));
        writeln!(out, "{}", answer.replace('\n', " "))?;
        out.flush()?;
    }
    Ok(())
}

fn answer(session: &mut Option<Session>, words: &[&str]) -> anyhow::Result<String> {
    match words {
        ["check", data, n, version] => {
            let (data, n, version): (Data, u32, u32) = (data.parse()?, n.parse()?, version.parse()?);
            let (hash, bytes, adds) = data.with(Check { n, version });
            Ok(format!("{hash:016x} {bytes} {adds}"))
        }
        ["begin", data, n, lookups, directory] => {
            let (data, n): (Data, u32) = (data.parse()?, n.parse()?);
            let context = Context::new(data, n, lookups.parse()?, Path::new(directory));
            let mut rows = rows::all(&Scale::of(ScaleName::Tiny));
            rows.retain(|row| row.data == data);
            rows.iter_mut().for_each(|row| row.n = n);
            *session = Some(Session { context, rows });
            Ok("ok".into())
        }
        ["run", id, repetition, _] => {
            let Session { context, rows } = session.as_mut().context("`begin` comes first")?;
            let row = rows.iter().find(|row| row.id == *id);
            let row = row.with_context(|| format!("no such row: {id}"))?;
            match (row.run)(context, row, repetition.parse()?)? {
                Outcome::Done(sample) => Ok(serde_json::to_string(&sample)?),
                Outcome::NotThere(why) => Ok(format!("none {why}")),
            }
        }
        _ => anyhow::bail!("no such command: {}", words.join(" ")),
    }
}

struct Check {
    n: u32,
    version: u32,
}

impl With for Check {
    type Output = (u64, u64, u64);

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        crate::data::check(data, self.n, self.version)
    }
}
