//! How long a comparison takes: `cargo run --release -p diff-tool --example scale -- 1500000 1`, records and how many
//! per cent of them change. Prints one line of JSON for each kind of comparison.

use diff_tool::{Options, diff};
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::write::{WriteConfig, WriteStateEngine};
use std::time::Instant;

const SCHEMA: &str = "
    LocalizedText @PrimaryKey(video_id, language) { long video_id; Language language; string title; long updated_at; }
    Language { string tag; }
";

fn record(number: i64, changed: bool) -> Value {
    let title = format!(
        "title {number} in a language, long enough{}",
        if changed { ", changed" } else { "" }
    );
    let language = Value::Object(vec![Value::String(format!("l{}", number % 30))]);
    let updated_at = Value::Long(1_767_225_600_000 + i64::from(changed));
    Value::Object(vec![
        Value::Long(number / 30),
        language,
        Value::String(title),
        updated_at,
    ])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<i64>());
    let records = arguments.next().transpose()?.unwrap_or(1_500_000);
    let percent = arguments.next().transpose()?.unwrap_or(1);
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in Dataset::parse(SCHEMA)?.schemas() {
        engine.add_type(schema.clone(), None)?;
    }
    engine.set_next_tag(1);
    let (mut first, mut second, mut delta) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..records {
        engine.add("LocalizedText", &record(number, false))?;
    }
    engine.write_snapshot(&mut first)?;
    engine.prepare_for_next_cycle(2);
    for number in 0..records {
        // What changes stands together, as the records of a title or of a day do.
        engine.add("LocalizedText", &record(number, number * 100 < records * percent))?;
    }
    engine.write_snapshot(&mut second)?;
    engine.write_delta(&mut delta)?;
    drop(engine);
    let a = ReadState::from_snapshot(&first)?;
    let b = a.apply_delta(&delta)?;
    let unrelated = ReadState::from_snapshot(&second)?;
    for (name, b, same_chain, fields) in [
        ("shared pages", &b, true, true),
        ("shared pages, summary", &b, true, false),
        ("no shared pages", &unrelated, false, true),
        ("no shared pages, summary", &unrelated, false, false),
    ] {
        let options = Options {
            same_chain,
            fields,
            ..Options::default()
        };
        let start = Instant::now();
        let diff = diff(&a, b, &options);
        let millis = start.elapsed().as_millis();
        let modified: usize = diff.types.iter().map(|ty| ty.modified.len()).sum();
        println!(
            r#"{{"what":"{name}","records":{records},"modified":{modified},"millis":{millis},"peak_kib":{}}}"#,
            peak_kib()
        );
    }
    Ok(())
}

/// The most memory the process has held so far, where the system says.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
