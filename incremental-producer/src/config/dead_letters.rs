//! `[dataset.dead_letters]`.

use super::Problem;
use super::checks::{positive, share};
use crate::dead_letter::{LetterPolicy, LetterSettings};
use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDeadLetters {
    policy: Option<LetterPolicy>,
    most_share: Option<String>,
    least_messages: Option<i64>,
    window: Option<i64>,
    most_in_a_row: Option<i64>,
    most_message_bytes: Option<i64>,
}

impl RawDeadLetters {
    pub(super) fn settings(&self) -> Result<LetterSettings, Problem> {
        let default = LetterSettings::default();
        let settings = LetterSettings {
            policy: self.policy.unwrap_or(default.policy),
            most_share: share(
                "dead_letters.most_share",
                self.most_share.as_deref(),
                default.most_share,
            )?,
            least_messages: positive(
                "dead_letters.least_messages",
                self.least_messages,
                default.least_messages,
            )?,
            window: positive("dead_letters.window", self.window, default.window)?,
            most_in_a_row: positive("dead_letters.most_in_a_row", self.most_in_a_row, default.most_in_a_row)?,
            most_message_bytes: positive(
                "dead_letters.most_message_bytes",
                self.most_message_bytes,
                default.most_message_bytes,
            )?,
        };
        // Halving must leave enough to judge by.
        if settings.window / 2 < settings.least_messages {
            return Err(Problem::Value {
                key: "dead_letters.window",
                expected: "at least twice `least_messages`",
                found: settings.window.to_string(),
            });
        }
        Ok(settings)
    }
}
