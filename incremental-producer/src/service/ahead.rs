//! Messages read and decoded on a thread of their own, in batches, while the service's thread folds.
//!
//! ```text
//! reader:   read ► copy into a batch ► decode ► look up ─┐      ┌─► ..
//! service:                                               └─► fold, in the order in which they were read
//! ```
//!
//! What a message means depends on its bytes alone, what it may replace on the announced state, and nothing is folded but on
//! the service's thread, in the order of the log: whether a message was decoded ahead makes no difference to what comes of it.
//! Batches and those in flight are bounded, so memory is. A cycle of few messages starts no thread.
//!
//! Batches are used again, and what was decoded is dropped where it was made: memory then never wanders between threads.

use super::fold::read as decode;
use crate::message::{Codec, Message};
use crate::source::{BoxError, Reading, Record, SourceError};
use hollow::prepared::{PreparedRecords, Preparer};
use hollow::producer::Finder;
use std::mem::take;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

/// Messages of a batch, and bytes of one; the message that goes past it is still taken in.
const MOST_MESSAGES: usize = 256;
const MOST_BYTES: usize = 256 << 10;
/// Batches between reading and folding.
const MOST_BATCHES: usize = 4;

/// What a message means, or why it means nothing.
pub(super) type Decoded = Result<Message, String>;
type Fold<'f> = dyn FnMut(Folding<'_>) -> Result<(), BoxError> + 'f;
type Take<'t> = dyn FnMut(&Record<'_>) -> Result<(), BoxError> + 't;

/// What a message means, as far as it is known before it is folded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning<'b> {
    /// The record, or the key of one that is to go, is there at this position.
    Prepared(&'b PreparedRecords, usize),
    /// It was decoded.
    Decoded(&'b Decoded),
}

/// What is handed to whoever folds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Folding<'b> {
    /// What is prepared of the messages that come next.
    Batch(&'b PreparedRecords),
    /// A message.
    Message(&'b Record<'b>, Meaning<'b>),
}

/// Says what messages mean. Nothing but a message may matter.
pub(super) struct Decoder {
    codec: Codec,
    most_bytes: u64,
    preparer: Option<Preparer>,
    /// Looks up what plain messages replace.
    finder: Option<Finder>,
}

impl Decoder {
    fn decode(&mut self, record: &Record<'_>, prepared: &mut PreparedRecords) -> Known {
        match self.prepare(record, prepared) {
            Some(index) => Known::Prepared(index),
            None => Known::Decoded(decode(&self.codec, self.most_bytes, record)),
        }
    }

    /// Whether a message is prepared.
    #[cfg(test)]
    pub(super) fn is_plain(&mut self, key: &[u8], payload: Option<&[u8]>) -> bool {
        let record = Record {
            partition: 0,
            offset: 0,
            key: Some(key),
            payload,
            headers: &[],
        };
        let mut prepared = PreparedRecords::default();
        self.preparer
            .iter_mut()
            .for_each(|preparer| preparer.begin(&mut prepared));
        self.prepare(&record, &mut prepared).is_some()
    }

    /// The position of what a plain message means.
    fn prepare(&mut self, record: &Record<'_>, prepared: &mut PreparedRecords) -> Option<usize> {
        let preparer = self.preparer.as_mut()?;
        if record.bytes() as u64 > self.most_bytes {
            return None;
        }
        let key = record.key?;
        match record.payload {
            Some(payload) => self.codec.prepare(preparer, key, payload, prepared),
            None => preparer.key(key, prepared),
        }
    }

    pub(super) fn new(codec: &Codec, most_bytes: u64) -> Self {
        Self {
            codec: codec.clone(),
            most_bytes,
            preparer: codec.preparer(),
            finder: None,
        }
    }

    /// Looks up what plain messages replace, too.
    pub(super) fn finding(mut self, finder: Finder) -> Self {
        self.finder = Some(finder);
        self
    }
}

/// Reads with `reading`, which hands at most so many messages to what it is given, and folds all of them decoded.
pub(super) fn read(
    decoder: Decoder,
    most: u64,
    reading: impl FnOnce(&mut Take<'_>) -> Result<Reading, SourceError> + Send,
    fold: &mut Fold<'_>,
) -> Result<Reading, SourceError> {
    if most <= MOST_MESSAGES as u64 {
        return read_here(decoder, reading, fold);
    }
    std::thread::scope(|scope| {
        let (there, batches) = sync_channel(MOST_BATCHES);
        let (give_back, spare) = sync_channel(MOST_BATCHES + 1);
        let mut filling = Filling {
            decoder,
            batch: Batch::default(),
            there,
            spare,
        };
        let reader = Builder::new().name("read".to_owned()).spawn_scoped(scope, move || {
            let reading = reading(&mut |record| filling.take(record))?;
            filling.send().map_err(SourceError::Fold)?;
            Ok(reading)
        });
        let reader = reader.map_err(|error| SourceError::Fold(error.into()))?;
        let mut folded = Ok(());
        for mut batch in &batches {
            folded = batch.fold(fold);
            if folded.is_err() {
                break;
            }
            batch.empty();
            let _ = give_back.try_send(batch); // there is room, unless the reader is gone
        }
        drop(batches); // the reader has nobody to send to any more
        let reading = reader.join().unwrap_or_else(|panic| resume_unwind(panic));
        folded.map_err(SourceError::Fold).and(reading)
    })
}

/// As [`read`], one batch after the other.
fn read_here(
    mut decoder: Decoder,
    reading: impl FnOnce(&mut Take<'_>) -> Result<Reading, SourceError>,
    fold: &mut Fold<'_>,
) -> Result<Reading, SourceError> {
    let mut batch = Batch::default();
    let reading = reading(&mut |record| {
        batch.push(record);
        if batch.is_full() {
            batch.decode(&mut decoder);
            batch.fold(fold)?;
            batch.empty();
        }
        Ok(())
    })?;
    batch.decode(&mut decoder);
    batch.fold(fold).map_err(SourceError::Fold)?;
    Ok(reading)
}

/// The reader's end.
struct Filling {
    decoder: Decoder,
    batch: Batch,
    there: SyncSender<Batch>,
    spare: Receiver<Batch>,
}

impl Filling {
    fn take(&mut self, record: &Record<'_>) -> Result<(), BoxError> {
        self.batch.push(record);
        match self.batch.is_full() {
            true => self.send(),
            false => Ok(()),
        }
    }

    /// Decodes the batch and hands it over. Waits while there are as many as may be in flight.
    fn send(&mut self) -> Result<(), BoxError> {
        let empty = self.spare.try_recv().unwrap_or_default();
        let mut full = std::mem::replace(&mut self.batch, empty);
        full.decode(&mut self.decoder);
        self.there.send(full).map_err(|_| "nobody folds".into())
    }
}

/// Messages on their way.
#[derive(Default)]
struct Batch {
    /// Keys, payloads and headers, one after the other.
    bytes: Vec<u8>,
    messages: Vec<Place>,
    headers: Vec<(Span, Option<Span>)>,
    prepared: PreparedRecords,
    meanings: Vec<Known>,
}

/// Where to look for what a message means.
enum Known {
    Prepared(usize),
    Decoded(Decoded),
}

/// A part of the bytes of a batch.
type Span = Range<usize>;
/// A header, by name.
type Header<'b> = (&'b str, Option<&'b [u8]>);

/// Where a message is.
struct Place {
    partition: i32,
    offset: i64,
    key: Option<Span>,
    payload: Option<Span>,
    headers: Range<usize>,
}

impl Batch {
    fn push(&mut self, record: &Record<'_>) {
        let bytes = &mut self.bytes;
        let mut keep = |part: &[u8]| {
            let begin = bytes.len();
            bytes.extend_from_slice(part);
            begin..bytes.len()
        };
        let first = self.headers.len();
        for (name, value) in record.headers {
            self.headers.push((keep(name.as_bytes()), value.map(&mut keep)));
        }
        self.messages.push(Place {
            partition: record.partition,
            offset: record.offset,
            key: record.key.map(&mut keep),
            payload: record.payload.map(&mut keep),
            headers: first..self.headers.len(),
        });
    }

    fn is_full(&self) -> bool {
        self.messages.len() >= MOST_MESSAGES || self.bytes.len() >= MOST_BYTES
    }

    fn part(&self, span: &Option<Span>) -> Option<&[u8]> {
        span.as_ref().map(|span| &self.bytes[span.clone()])
    }

    fn decode(&mut self, decoder: &mut Decoder) {
        let (mut meanings, mut prepared) = (take(&mut self.meanings), take(&mut self.prepared));
        meanings.clear();
        if let Some(preparer) = &mut decoder.preparer {
            preparer.begin(&mut prepared);
        }
        // What they mean does not depend on their headers.
        self.each(None, |_, record| meanings.push(decoder.decode(record, &mut prepared)));
        if let Some(finder) = &decoder.finder {
            finder.find(&mut prepared);
        }
        (self.meanings, self.prepared) = (meanings, prepared);
    }

    fn fold(&self, fold: &mut Fold<'_>) -> Result<(), BoxError> {
        fold(Folding::Batch(&self.prepared))?;
        let text = |span: &Span| std::str::from_utf8(&self.bytes[span.clone()]).unwrap_or_default();
        let headers = self.headers.iter();
        let headers: Vec<_> = headers.map(|(name, value)| (text(name), self.part(value))).collect();
        let mut outcome = Ok(());
        self.each(Some(&headers), |index, record| {
            if outcome.is_ok() {
                let meaning = match &self.meanings[index] {
                    Known::Prepared(at) => Meaning::Prepared(&self.prepared, *at),
                    Known::Decoded(decoded) => Meaning::Decoded(decoded),
                };
                outcome = fold(Folding::Message(record, meaning));
            }
        });
        outcome
    }

    /// Every message, with its headers if they are given.
    fn each<'b>(&'b self, headers: Option<&[Header<'b>]>, mut look: impl FnMut(usize, &Record<'_>)) {
        for (index, message) in self.messages.iter().enumerate() {
            let record = Record {
                partition: message.partition,
                offset: message.offset,
                key: self.part(&message.key),
                payload: self.part(&message.payload),
                headers: headers.map_or(&[], |headers| &headers[message.headers.clone()]),
            };
            look(index, &record);
        }
    }

    /// Makes room for other messages. What was decoded stays, for the thread that decoded it to drop.
    fn empty(&mut self) {
        self.bytes.clear();
        self.messages.clear();
        self.headers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offsets;
    use crate::source::{LogView, ReadLimits, SOURCE_MS, Source};
    use hollow::record::KeyValue;
    use hollow::schema::Dataset;

    const SCHEMA: &str = "Item @PrimaryKey(id) { int id; string name; }";

    /// Hands over messages it makes up, and then fails if it is told to.
    struct Given {
        messages: u32,
        fails: bool,
    }

    fn key(n: u32) -> Vec<u8> {
        format!("[{n}]").into_bytes()
    }

    /// Records, ends of records, messages that mean nothing, and some of the length of a batch.
    fn payload(n: u32) -> Option<Vec<u8>> {
        match n % 11 {
            3 => None,
            5 => Some(format!(r#"{{"id":{n},"name":7}}"#).into_bytes()),
            7 if n.is_multiple_of(5) => {
                Some(format!(r#"{{"id":{n},"name":"{}"}}"#, "x".repeat(MOST_BYTES)).into_bytes())
            }
            _ => Some(format!(r#"{{"id":{n},"name":"number {n}"}}"#).into_bytes()),
        }
    }

    impl Source for Given {
        fn topic(&self) -> &str {
            "t"
        }

        fn look(&mut self) -> Result<LogView, SourceError> {
            Ok(LogView::default())
        }

        fn read(
            &mut self,
            _: &Offsets,
            _: &Offsets,
            _: &ReadLimits,
            fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
        ) -> Result<Reading, SourceError> {
            for n in 0..self.messages {
                let (key, payload, time) = (key(n), payload(n), n.to_string());
                let headers = [("other", None), (SOURCE_MS, Some(time.as_bytes()))];
                fold(&Record {
                    partition: (n % 3) as i32,
                    offset: n.into(),
                    key: (n % 13 != 4).then_some(key.as_slice()),
                    payload: payload.as_deref(),
                    headers: if n % 2 == 0 { &headers } else { &[] },
                })
                .map_err(SourceError::Fold)?;
            }
            match self.fails {
                true => Err(SourceError::Moved {
                    topic: "t".to_owned(),
                    reason: "told to".to_owned(),
                }),
                false => Ok(Reading {
                    messages: self.messages.into(),
                    ..Reading::default()
                }),
            }
        }
    }

    /// The key of what a message means, or why it means nothing.
    fn key_of(codec: &Codec, record: &Record<'_>, meaning: Meaning<'_>) -> Result<Vec<KeyValue>, String> {
        match meaning {
            Meaning::Prepared(records, index) => Ok(records.key_values(index).expect("it is there")),
            Meaning::Decoded(decoded) => {
                assert_eq!(*decoded, decode(codec, 1 << 20, record));
                decoded.clone().map(|message| message.key)
            }
        }
    }

    fn read_all(source: &mut Given, fold: &mut Fold<'_>) -> Result<Reading, SourceError> {
        let codec = Codec::new(Dataset::parse(SCHEMA).expect("a schema"), "Item").expect("a key");
        let offsets = Offsets::new();
        let most = source.messages.into();
        let reading = |take: &mut Take<'_>| source.read(&offsets, &offsets, &ReadLimits::default(), take);
        read(Decoder::new(&codec, 1 << 20), most, reading, fold)
    }

    #[test]
    fn messages_are_folded_in_their_order_as_if_each_were_decoded_when_it_came() {
        let codec = Codec::new(Dataset::parse(SCHEMA).expect("a schema"), "Item").expect("a key");
        let batch = MOST_MESSAGES as u32;
        for messages in [0, 1, batch - 1, batch, batch + 1, 20 * batch + 17] {
            let (mut next, mut source) = (0, Given { messages, fails: false });
            let reading = read_all(&mut source, &mut |folding| {
                let Folding::Message(record, meaning) = folding else {
                    return Ok(());
                };
                let n = next;
                next += 1;
                assert_eq!((record.partition, record.offset), ((n % 3) as i32, i64::from(n)));
                let key = (n % 13 != 4).then(|| key(n));
                assert_eq!((record.key, record.payload), (key.as_deref(), payload(n).as_deref()));
                assert_eq!(record.headers.len(), if n % 2 == 0 { 2 } else { 0 });
                assert_eq!(record.source_ms(), (n % 2 == 0).then_some(i64::from(n)));
                let expected = decode(&codec, 1 << 20, record).map(|message| message.key);
                assert_eq!(key_of(&codec, record, meaning), expected);
                Ok(())
            });
            assert_eq!(reading.expect("it reads").messages, u64::from(messages));
            assert_eq!(next, messages);
        }
    }

    #[test]
    fn an_error_of_either_side_ends_the_reading() {
        for messages in [100, 5_000] {
            let mut folded = 0;
            let mut fold = |folding: Folding<'_>| {
                folded += usize::from(matches!(folding, Folding::Message(..)));
                if folded > 50 { Err("enough".into()) } else { Ok(()) }
            };
            let stopped = read_all(&mut Given { messages, fails: false }, &mut fold).expect_err("it is stopped");
            assert!(
                matches!(&stopped, SourceError::Fold(error) if error.to_string() == "enough"),
                "{stopped}"
            );
            assert_eq!(folded, 51, "nothing after what failed");
            let failed = read_all(&mut Given { messages, fails: true }, &mut |_| Ok(())).expect_err("it fails");
            assert!(matches!(failed, SourceError::Moved { .. }), "{failed}");
        }
    }
}
