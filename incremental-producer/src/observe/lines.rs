//! The log: one line an event, as text or as JSON.
//!
//! ```text
//! 2026-11-23T12:45:41.120833Z  INFO published dataset=titles version=20261123124541000 messages=20
//! {"time":"2026-11-23T12:45:41.120833Z","level":"INFO","message":"published","dataset":"titles","messages":20,"target":"…"}
//! ```
//!
//! Values come from messages, brokers and stores: whatever is in them, they neither break a line nor colour a terminal
//! ([`super::escape`]), and no value is endless. Spans are not shown; events here say whole what they are about.

use super::escape::{write_json, write_plain, write_value};
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: a JSON object a line.
    Json,
}

/// Writes events as lines.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    format: LogFormat,
    colour: bool,
}

impl Lines {
    /// Lines of this form. Colour is for terminals, and for text only.
    pub fn new(format: LogFormat, colour: bool) -> Self {
        Self {
            format,
            colour: colour && format == LogFormat::Text,
        }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        match self.format {
            LogFormat::Text => self.text(&mut out, *meta.level(), &fields),
            LogFormat::Json => {
                let target = fields.target.as_deref().unwrap_or(meta.target());
                json(&mut out, *meta.level(), target, &fields)
            }
        }
    }
}

impl Lines {
    fn text(&self, out: &mut Writer<'_>, level: Level, fields: &Fields) -> fmt::Result {
        SystemTime.format_time(out)?;
        match colour(level).filter(|_| self.colour) {
            Some(colour) => write!(out, " \x1b[{colour}m{level:>5}\x1b[0m ")?,
            None => write!(out, " {level:>5} ")?,
        }
        write_plain(out, &fields.message)?;
        for (name, value) in &fields.others {
            write!(out, " {name}=")?;
            match value {
                Value::Bare(text) => out.write_str(text)?,
                Value::Text(text) => write_value(out, text)?,
            }
        }
        writeln!(out)
    }
}

fn colour(level: Level) -> Option<u8> {
    match level {
        Level::ERROR => Some(31),
        Level::WARN => Some(33),
        Level::INFO => Some(32),
        _ => None,
    }
}

fn json(out: &mut Writer<'_>, level: Level, target: &str, fields: &Fields) -> fmt::Result {
    out.write_str("{\"time\":\"")?;
    SystemTime.format_time(out)?;
    write!(out, "\",\"level\":\"{level}\",\"message\":")?;
    write_json(out, &fields.message)?;
    for (name, value) in &fields.others {
        // Not two of a name, which readers of JSON take differently.
        let mine = matches!(*name, "time" | "level" | "message" | "target");
        write!(out, ",\"{}{name}\":", if mine { "field." } else { "" })?;
        match value {
            Value::Bare(text) => out.write_str(text)?,
            Value::Text(text) => write_json(out, text)?,
        }
    }
    out.write_str(",\"target\":")?;
    write_json(out, target)?;
    writeln!(out, "}}")
}

/// What an event has.
#[derive(Default)]
struct Fields {
    message: String,
    target: Option<String>,
    others: Vec<(&'static str, Value)>,
}

enum Value {
    /// A number or a boolean.
    Bare(String),
    Text(String),
}

impl Fields {
    fn push(&mut self, field: &Field, value: Value) {
        // Events of the older facade `log` carry their origin as fields.
        if let Some(about) = field.name().strip_prefix("log.") {
            if let ("target", Value::Text(target)) = (about, value) {
                self.target = Some(target);
            }
            return;
        }
        // The last one of a name counts.
        self.others.retain(|(name, _)| *name != field.name());
        self.others.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            _ => self.push(field, Value::Text(text)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.push(field, Value::Text(value.to_owned())),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::Bare(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::Bare(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::Bare(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = value.to_string();
        let value = if value.is_finite() {
            Value::Bare(text)
        } else {
            Value::Text(text)
        };
        self.push(field, value);
    }
}
