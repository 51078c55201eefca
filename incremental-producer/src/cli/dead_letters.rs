//! `dead-letters`: messages that meant nothing, to look at and to send back.

use super::target::find as dataset;
use crate::observe::escape::is_hidden;
use anyhow::{Context, Result};
use incremental_producer::config::DatasetConfig;
use incremental_producer::dead_letter::letters::{Letter, LetterBox};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset's name in the configuration file.
    dataset: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Sends the messages that were not sent back yet to their topic again, behind all that is there: where a newer message
    /// for the same key was folded, the older value is back.
    #[arg(long)]
    replay: bool,
    /// The most letters: the newest when listing (100 without this), the oldest when sending back (all without this).
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Prints JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn dead_letters(arguments: &Arguments) -> Result<()> {
    let config = dataset(&arguments.config, &arguments.dataset)?;
    let letters = letter_box(&config);
    if arguments.replay {
        let most = arguments.limit.map_or(u64::MAX, u64::from);
        let done = letters.send_back(most).context("cannot send messages back")?;
        if arguments.json {
            let (sent, repeated, foreign) = (done.sent, done.repeated, done.foreign);
            let report = serde_json::json!({"schema": 1, "sent": sent, "repeated": repeated, "foreign": foreign});
            println!("{report}");
        } else {
            println!(
                "sent={} repeated={} foreign={} topic={}",
                done.sent, done.repeated, done.foreign, config.topic
            );
        }
        return Ok(());
    }
    let most = arguments.limit.unwrap_or(100) as usize;
    let found = letters.newest(most).context("cannot list dead letters")?;
    if arguments.json {
        let letters: Vec<_> = found.iter().map(as_json).collect();
        println!("{}", serde_json::json!({"schema": 1, "letters": letters}));
        return Ok(());
    }
    for letter in &found {
        println!("{}", as_line(letter));
    }
    if found.is_empty() {
        eprintln!("no dead letters, topic={}", config.dead_letter_topic);
    }
    Ok(())
}

fn letter_box(config: &DatasetConfig) -> LetterBox {
    LetterBox {
        bootstrap_servers: config.bootstrap_servers.clone(),
        topic: config.topic.clone(),
        dead_letter_topic: config.dead_letter_topic.clone(),
        group: format!("dead-letters-{}", config.settings.name),
        client: config.client.clone(),
    }
}

/// What can be shown of bytes: one line, no control characters, not long.
fn shown(bytes: Option<&[u8]>, most: usize) -> String {
    let Some(bytes) = bytes else {
        return "null".to_owned();
    };
    let mut text = String::new();
    for c in String::from_utf8_lossy(bytes.get(..4 * most).unwrap_or(bytes))
        .chars()
        .take(most)
    {
        match c {
            // Escapes take over terminals, and signs that turn the text around hide what is there.
            c if is_hidden(c) => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    if bytes.len() > text.len() {
        text.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    text
}

fn as_line(letter: &Letter) -> String {
    let time = letter
        .set_aside_ms
        .map_or_else(|| "unknown".to_owned(), |ms| ms.to_string());
    format!(
        "partition={} offset={} set_aside_ms={time} sent_back={} key={} reason={} payload={}",
        letter.partition,
        letter.offset,
        letter.sent_back,
        shown(letter.key.as_deref(), 80),
        shown(Some(letter.reason.as_bytes()), 300),
        shown(letter.payload.as_deref(), 200),
    )
}

fn as_json(letter: &Letter) -> serde_json::Value {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(|bytes| shown(Some(bytes), 2_000));
    serde_json::json!({
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "set_aside_ms": letter.set_aside_ms,
        "sent_back": letter.sent_back,
        "reason": letter.reason,
        "key": text(&letter.key),
        "payload": text(&letter.payload),
    })
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn bytes_are_shown_harmlessly_and_short() {
        assert_eq!(shown(None, 10), "null");
        assert_eq!(shown(Some("[7,\"Größe\"]".as_bytes()), 80), "[7,\"Größe\"]");
        assert_eq!(shown(Some(b"\x1b[2Ja\nb"), 80), "\\u{1b}[2Ja\\nb");
        assert_eq!(shown(Some("a\u{202e}b".as_bytes()), 80), "a\\u{202e}b");
        assert_eq!(shown(Some(&[b'x'; 300]), 3), "xxx… (300 bytes)");
    }
}
