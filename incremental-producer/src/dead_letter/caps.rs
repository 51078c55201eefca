//! How many messages may mean nothing before a person must look.

use crate::share::Share;
use crate::source::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The header tag with what the caps have counted. Absent while no message of the window meant nothing.
pub const WINDOW_TAG: &str = "dead-letters.window";

/// What to do with messages that mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterPolicy {
    /// Set them aside, up to the caps.
    #[default]
    SetAside,
    /// Halt at the first.
    Halt,
}

/// What may be set aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LetterSettings {
    /// Whether anything may.
    pub policy: LetterPolicy,
    /// The largest share of the messages of the window.
    pub most_share: Share,
    /// The share is not looked at before so many messages.
    pub least_messages: u64,
    /// About how many of the last messages the share is taken of: with so many, half of the count is forgotten.
    pub window: u64,
    /// How many one partition may have in a row.
    pub most_in_a_row: u64,
    /// Messages of more bytes, key and payload, are not decoded: they mean nothing.
    pub most_message_bytes: u64,
}

impl Default for LetterSettings {
    /// 0.1% of 100,000 messages, once 10,000 were read; 50 in a row; 16 MiB.
    fn default() -> Self {
        Self {
            policy: LetterPolicy::SetAside,
            most_share: Share::of_a_million(1_000),
            least_messages: 10_000,
            window: 100_000,
            most_in_a_row: 50,
            most_message_bytes: 16 << 20,
        }
    }
}

/// Too many messages mean nothing. Folding stops until a person has looked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{why}, topic={topic} partition={partition} offset={offset} reason={reason:?}. Nothing from here on is folded. Look at \
     the message and at those before it, and mend the source or the schema; to set them aside all the same, {remedy} in \
     [dataset.dead_letters], and start again"
)]
pub struct CapReached {
    /// Which cap.
    pub why: String,
    /// The topic.
    pub topic: String,
    /// The partition of the message that reached it.
    pub partition: i32,
    /// The offset of that message.
    pub offset: i64,
    /// Why that message means nothing.
    pub reason: String,
    /// Which setting to change.
    pub remedy: String,
}

/// What the caps count. Belongs to a state, like its offsets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    messages: u64,
    letters: u64,
    /// By partition, how many of its last messages in a row meant nothing.
    in_a_row: BTreeMap<i32, u64>,
}

/// Counts messages, and says stop.
#[derive(Debug)]
pub(crate) struct Caps {
    pub(crate) settings: LetterSettings,
    window: Window,
    saved: Window,
}

impl Caps {
    pub(crate) fn new(settings: LetterSettings) -> Self {
        Self {
            settings,
            window: Window::default(),
            saved: Window::default(),
        }
    }

    /// Goes on counting where a state ends.
    pub(crate) fn restore(&mut self, tags: &BTreeMap<String, String>) {
        let window = tags.get(WINDOW_TAG).and_then(|text| serde_json::from_str(text).ok());
        self.window = window.unwrap_or_default();
        self.saved = self.window.clone();
    }

    /// The value of [`WINDOW_TAG`]; none if the tag is to go.
    pub(crate) fn tag(&self) -> Option<String> {
        let counted = self.window.letters > 0 || !self.window.in_a_row.is_empty();
        counted.then(|| serde_json::to_string(&self.window).ok()).flatten()
    }

    pub(crate) fn begin_cycle(&mut self) {
        self.saved = self.window.clone();
    }

    pub(crate) fn roll_back(&mut self) {
        self.window = self.saved.clone();
    }

    fn count(&mut self) {
        self.window.messages += 1;
        if self.window.messages >= self.settings.window {
            self.window.messages /= 2;
            self.window.letters /= 2;
        }
    }

    /// A message that means something.
    pub(crate) fn good(&mut self, partition: i32) {
        self.count();
        if !self.window.in_a_row.is_empty() {
            self.window.in_a_row.remove(&partition);
        }
    }

    /// A message that means nothing.
    ///
    /// # Errors
    /// [`CapReached`] if it is one too many.
    pub(crate) fn bad(&mut self, topic: &str, record: &Record<'_>, reason: &str) -> Result<(), CapReached> {
        self.count();
        self.window.letters += 1;
        let row = self.window.in_a_row.entry(record.partition).or_default();
        *row += 1;
        let row = *row;
        let (settings, window) = (&self.settings, &self.window);
        let (why, remedy) = if settings.policy == LetterPolicy::Halt {
            (
                "a message means nothing".to_owned(),
                "set `policy = \"set-aside\"`".to_owned(),
            )
        } else if row >= settings.most_in_a_row {
            (
                format!("{row} messages in a row mean nothing"),
                format!("raise `most_in_a_row`, which is {}", settings.most_in_a_row),
            )
        } else if window.messages >= settings.least_messages
            && !settings.most_share.allows(window.letters, window.messages)
        {
            (
                format!(
                    "{} of the last {} messages mean nothing",
                    window.letters, window.messages
                ),
                format!("raise `most_share`, which is {}", settings.most_share),
            )
        } else {
            return Ok(());
        };
        Err(CapReached {
            why,
            topic: topic.to_owned(),
            partition: record.partition,
            offset: record.offset,
            reason: crate::message::shorten(reason, 500),
            remedy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(partition: i32, offset: i64) -> Record<'static> {
        Record {
            partition,
            offset,
            key: None,
            payload: None,
            headers: &[],
        }
    }

    fn caps(settings: LetterSettings) -> Caps {
        Caps::new(settings)
    }

    #[test]
    fn a_row_is_counted_by_partition_and_broken_by_what_means_something() {
        let mut caps = caps(LetterSettings {
            most_in_a_row: 3,
            ..LetterSettings::default()
        });
        let mut bad = |partition, offset, good: bool| {
            if good {
                caps.good(partition);
            }
            caps.bad("t", &record(partition, offset), "no key")
        };
        assert_eq!((bad(0, 1, false), bad(0, 2, false)), (Ok(()), Ok(())));
        assert_eq!(
            (bad(1, 1, false), bad(0, 4, true), bad(0, 5, false)),
            (Ok(()), Ok(()), Ok(()))
        );
        let reached = bad(0, 6, false).expect_err("three in a row").to_string();
        let expected = "3 messages in a row mean nothing, topic=t partition=0 offset=6 reason=\"no key\"";
        assert!(reached.starts_with(expected), "{reached}");
        assert!(
            reached.contains("raise `most_in_a_row`, which is 3 in [dataset.dead_letters]"),
            "{reached}"
        );
    }

    #[test]
    fn the_share_is_looked_at_once_there_is_something_to_look_at() {
        let mut caps = caps(LetterSettings {
            most_share: "1%".parse().expect("a share"),
            least_messages: 100,
            window: 1_000,
            ..LetterSettings::default()
        });
        for n in 0..10 {
            (0..8).for_each(|_| caps.good(0));
            assert_eq!(caps.bad("t", &record(0, n), ""), Ok(()), "too few to judge");
        }
        (0..810).for_each(|_| caps.good(0));
        let reached = caps.bad("t", &record(0, 99), "").expect_err("11 of 901");
        assert_eq!(reached.why, "11 of the last 901 messages mean nothing");
        assert!(reached.remedy.contains("raise `most_share`, which is 1%"));
        // What is long past counts for less and less.
        (0..2_000).for_each(|_| caps.good(0));
        assert_eq!(caps.bad("t", &record(0, 100), ""), Ok(()));
        assert!(caps.window.messages < 1_000);
    }

    #[test]
    fn some_datasets_take_no_letter() {
        let mut caps = caps(LetterSettings {
            policy: LetterPolicy::Halt,
            ..LetterSettings::default()
        });
        let reached = caps.bad("t", &record(3, 7), "no key").expect_err("the first halts");
        assert!(
            reached
                .to_string()
                .starts_with("a message means nothing, topic=t partition=3 offset=7")
        );
    }

    #[test]
    fn what_is_counted_is_a_tag_and_can_be_taken_back() {
        let mut caps = caps(LetterSettings::default());
        assert_eq!(caps.tag(), None);
        caps.begin_cycle();
        caps.good(0);
        caps.bad("t", &record(1, 1), "").expect("one is bad luck");
        let tag = caps.tag().expect("a letter");
        assert_eq!(tag, r#"{"messages":2,"letters":1,"in_a_row":{"1":1}}"#);
        let mut again = Caps::new(LetterSettings::default());
        again.restore(&[(WINDOW_TAG.to_owned(), tag)].into());
        assert_eq!(again.window, caps.window);
        caps.roll_back();
        assert_eq!(caps.tag(), None);
    }
}
