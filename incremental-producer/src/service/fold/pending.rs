//! Dead letters of a cycle, held back until it is known that no cap is reached.

use crate::crash_points::{Point, reach};
use crate::dead_letter::{DeadLetterError, DeadLetters};
use crate::source::Record;

/// The most letters held; more are sent as they come.
const MOST_LETTERS: usize = 10_000;
/// The most bytes held.
const MOST_BYTES: usize = 64 << 20;

/// Letters that are not sent yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    letters: Vec<Letter>,
    bytes: usize,
}

#[derive(Debug)]
struct Letter {
    partition: i32,
    offset: i64,
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    reason: String,
}

impl Pending {
    pub(super) fn put(
        &mut self,
        letters: &mut dyn DeadLetters,
        topic: &str,
        record: &Record<'_>,
        reason: &str,
    ) -> Result<(), DeadLetterError> {
        let own = |(name, value): &(&str, Option<&[u8]>)| ((*name).to_owned(), value.map(<[u8]>::to_vec));
        self.bytes += record.bytes();
        self.letters.push(Letter {
            partition: record.partition,
            offset: record.offset,
            key: record.key.map(<[u8]>::to_vec),
            payload: record.payload.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(own).collect(),
            reason: reason.to_owned(),
        });
        match self.letters.len() >= MOST_LETTERS || self.bytes >= MOST_BYTES {
            true => self.send(letters, topic),
            false => Ok(()),
        }
    }

    pub(super) fn send(&mut self, letters: &mut dyn DeadLetters, topic: &str) -> Result<(), DeadLetterError> {
        for letter in std::mem::take(self).letters {
            let headers: Vec<_> = letter.headers.iter().map(|(n, v)| (n.as_str(), v.as_deref())).collect();
            let record = Record {
                partition: letter.partition,
                offset: letter.offset,
                key: letter.key.as_deref(),
                payload: letter.payload.as_deref(),
                headers: &headers,
            };
            letters.put(topic, &record, &letter.reason)?;
            reach(Point::LetterPut);
        }
        Ok(())
    }
}
