//! F1 to F4: messages folded in a second, and messages the same client reads in a second when nothing is done with them.

use super::records::{self, Case, Size};
use super::service::{Folding, WHEN_ASKED};
use super::sizes::Sizes;
use super::topic::{self, Writer};
use super::{Run, raw};
use crate::measure::{Sample, Stopwatch};
use anyhow::Context as _;
use hollow::schema::Dataset;
use hollow::store::Store;
use incremental_producer::source::Source as _;
use incremental_producer::source::kafka::KafkaSource;
use incremental_producer::{Codec, Offsets};
use serde::Serialize;
use std::time::Duration;

/// In which form payloads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Compact,
}

impl Form {
    const ALL: [Form; 2] = [Form::Json, Form::Compact];

    fn name(self) -> &'static str {
        match self {
            Form::Json => "JSON",
            Form::Compact => "HRK1",
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rate {
    pub(crate) id: &'static str,
    pub(crate) records: &'static str,
    pub(crate) form: &'static str,
    pub(crate) case: &'static str,
    pub(crate) messages: u64,
    /// Bytes of key and payload, a message.
    pub(crate) bytes: f64,
    pub(crate) raw: Vec<Sample>,
    pub(crate) folded: Vec<Sample>,
    /// Of the folding, the time of encoding, checking, publishing and announcing.
    pub(crate) publishing: Vec<Duration>,
}

/// The row of the issue that a size and a case belong to: F1, F2 are of small records, F3, F4 of large ones.
fn id(size: Size, case: Case) -> &'static str {
    match (size, case) {
        (Size::Small, Case::First | Case::Distinct) => "F1",
        (Size::Small, Case::Hot) => "F2",
        (Size::Large, Case::First | Case::Distinct) => "F3",
        (Size::Large, Case::Hot) => "F4",
    }
}

/// All rows of these names.
pub(crate) fn run(
    run: &Run<'_>,
    sizes: &Sizes,
    mut done: impl FnMut(Rate) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for size in Size::ALL {
        let cases: Vec<Case> = Case::ALL
            .into_iter()
            .filter(|case| run.wants(id(size, *case)))
            .collect();
        // What is read last needs all that is before it.
        let Some(last) = cases
            .last()
            .and_then(|last| Case::ALL.iter().position(|case| case == last))
        else {
            continue;
        };
        for form in Form::ALL {
            let topic = Topic::write(run, sizes, size, form, &Case::ALL[..=last])?;
            for rate in topic.measure(run, sizes)? {
                if run.wants(rate.id) {
                    done(rate)?;
                }
            }
        }
    }
    Ok(())
}

struct Topic {
    size: Size,
    form: Form,
    codec: Codec,
    name: String,
    messages: u32,
    cases: Vec<Case>,
    ends: Offsets,
}

impl Topic {
    fn write(run: &Run<'_>, sizes: &Sizes, size: Size, form: Form, cases: &[Case]) -> anyhow::Result<Self> {
        let codec = Codec::new(Dataset::parse(records::SCHEMA)?, records::ROOT)?;
        let name = run.topic(&format!("{}-{}", form.name(), size as u32));
        let messages = sizes.messages(size);
        topic::create(run.servers, &name, cases.len() as i32)?;
        let mut writer = Writer::new(run.servers, &name, Box::new(|_| {}))?;
        for (part, case) in (0..).zip(cases) {
            for m in 0..messages {
                let (i, version) = case.message(m, messages);
                let value = records::record(size, i, version);
                let key = codec.encode_key(&codec.key_of(&value)?);
                let payload = match form {
                    Form::Json => codec.encode_json(&value),
                    Form::Compact => codec.encode_rkyv(&value)?,
                };
                writer.send(part, &key, &payload, i64::from(m), 0)?;
            }
        }
        writer.flush()?;
        let view = KafkaSource::new(topic::settings(run.servers, &name)).look()?;
        let ends = view
            .partitions
            .iter()
            .map(|(&partition, range)| (partition, range.end))
            .collect();
        Ok(Self {
            size,
            form,
            codec,
            name,
            messages,
            cases: cases.to_vec(),
            ends,
        })
    }

    /// Raw, folded, raw, folded, each part after the one before it.
    fn measure(&self, run: &Run<'_>, sizes: &Sizes) -> anyhow::Result<Vec<Rate>> {
        let mut rates: Vec<Rate> = self.cases.iter().map(|&case| self.row(case)).collect();
        for _ in 0..sizes.rounds {
            let directory = run.scratch()?;
            let mut folding = None;
            for (part, rate) in (0..).zip(&mut rates) {
                let raw = self.raw(run, part)?;
                anyhow::ensure!(
                    raw.ops == rate.messages,
                    "the topic has not what was written, expected={} found={}",
                    rate.messages,
                    raw.ops
                );
                let mut watch = Stopwatch::default();
                let folded = watch.time(|| match folding.take() {
                    Some(before) => {
                        let now: &Folding = folding.insert(before);
                        now.fold(part, rate.messages)
                    }
                    None => {
                        let settings = topic::settings(run.servers, &self.name);
                        let store = Store::fs(directory.path())?;
                        let new = Folding::start(&self.codec, settings, store, WHEN_ASKED, |producer| producer)?;
                        folding.insert(new).until(rate.messages)
                    }
                })?;
                let folded_sample = watch.sample(folded.messages, folded.bytes, "");
                anyhow::ensure!(
                    folded.bytes == raw.bytes,
                    "other bytes were folded than read, read={} folded={}",
                    raw.bytes,
                    folded.bytes
                );
                rate.bytes = raw.bytes as f64 / raw.ops.max(1) as f64;
                rate.raw.push(raw);
                rate.folded.push(folded_sample);
                rate.publishing.push(folded.publishing);
            }
            if let Some(folding) = folding {
                folding.stop();
            }
            self.check(&Store::fs(directory.path())?)?;
        }
        Ok(rates)
    }

    fn raw(&self, run: &Run<'_>, part: i32) -> anyhow::Result<Sample> {
        let (from, to) = topic::bounds(&self.ends, part);
        raw::read(&topic::settings(run.servers, &self.name), &from, &to)
    }

    fn row(&self, case: Case) -> Rate {
        Rate {
            id: id(self.size, case),
            records: self.size.name(),
            form: self.form.name(),
            case: case.name(),
            messages: self.messages.into(),
            bytes: 0.0,
            raw: Vec::new(),
            folded: Vec::new(),
            publishing: Vec::new(),
        }
    }

    /// What consumers find: as many records as there are keys.
    fn check(&self, store: &Store) -> anyhow::Result<()> {
        let consumer = hollow::consumer::Consumer::builder(store.clone()).build()?;
        consumer.refresh()?;
        let state = consumer.state().context("nothing was announced")?;
        let found = state.ty(records::ROOT).map_or(0, |ty| ty.len());
        anyhow::ensure!(
            found == self.messages as usize,
            "another number of records, expected={} found={found}",
            self.messages
        );
        Ok(())
    }
}
