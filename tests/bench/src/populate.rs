//! Handing records of the data sets to the write side: the one place that knows in which form they are handed over.

mod typed;

use crate::data::d1::{Catalog, Movie};
use crate::data::d2::{Flat, Flats};
use crate::data::d3::{Liveness, Status, Video};
use crate::data::d4::{Str, Strings};
use crate::data::{Data, Dataset};
use hollow::Ordinal;
use hollow::record::Value;
use hollow::write::{FieldValue, ObjectRecord, TypeId, WriteConfig, WriteError, WriteStateEngine};
pub(crate) use typed::Typed;

/// Shards hold at most this many bytes, on both sides: the producer's setting in Java Hollow.
pub(crate) const TARGET_SHARD_BYTES: u64 = 16 << 20;

/// A data set whose records can be handed over.
pub(crate) trait Handed: Dataset {
    /// The record as the high-level API takes it.
    fn value(&self, record: Self::Record) -> Value;
}

/// Settings of the write side, in every operation.
pub(crate) fn config() -> WriteConfig {
    WriteConfig {
        target_max_type_shard_size_bytes: TARGET_SHARD_BYTES,
        ..WriteConfig::default()
    }
}

/// A fresh engine with the types of a data set.
pub(crate) fn engine(data: Data) -> anyhow::Result<WriteStateEngine> {
    let mut engine = WriteStateEngine::new(config());
    for schema in hollow::schema::parse(data.schema())? {
        engine.add_type(schema, None)?;
    }
    engine.set_next_tag(1);
    Ok(engine)
}

/// A reference to a type with one field that names a value.
fn named(text: &str) -> Value {
    Value::Object(vec![Value::String(text.to_owned())])
}

impl Handed for Catalog {
    fn value(&self, movie: Movie) -> Value {
        let (name, system) = &self.ratings[movie.rating];
        let genres = movie.genres.iter().map(|&genre| {
            let (id, name) = &self.genres[genre];
            Value::Object(vec![Value::Int(*id), named(name)])
        });
        let cast = movie.cast.iter().map(|member| {
            let (id, name) = &self.people[member.person];
            Value::Object(vec![
                Value::Object(vec![Value::Int(*id), named(name)]),
                named(&self.roles[member.role]),
                Value::Int(member.billing),
            ])
        });
        let countries = movie.countries.iter().map(|availability| {
            Value::Object(vec![
                named(&self.countries[availability.country]),
                Value::Long(availability.start),
                availability.end.map_or(Value::Null, Value::Long),
                Value::Int(availability.flags),
            ])
        });
        let titles = movie.titles.iter().map(|title| {
            let text = Value::Object(vec![named(&title.text), Value::Int(title.kind)]);
            (named(&self.languages[title.language]), text)
        });
        Value::Object(vec![
            Value::Long(movie.id),
            named(&movie.title),
            Value::Int(movie.year),
            Value::Int(movie.runtime),
            Value::Long(movie.updated),
            Value::Object(vec![Value::String(name.clone()), Value::String(system.clone())]),
            Value::List(genres.collect()),
            Value::List(cast.collect()),
            Value::Set(countries.collect()),
            Value::Map(titles.collect()),
        ])
    }
}

impl Handed for Flats {
    fn value(&self, flat: Flat) -> Value {
        let reference = flat.reference.map_or(Value::Null, |code| {
            let name = self.names[code as usize].clone();
            Value::Object(vec![Value::Int(code.cast_signed()), Value::String(name)])
        });
        Value::Object(vec![
            Value::Long(flat.id),
            Value::Int(flat.i),
            Value::Double(flat.d),
            Value::Boolean(flat.b),
            Value::String(flat.s),
            reference,
        ])
    }
}

impl Handed for Liveness {
    fn value(&self, video: Video) -> Value {
        let statuses = video.statuses.iter().enumerate().map(|(country, &profile)| {
            let status = status(&self.profiles[profile as usize]);
            (named(&self.countries[country]), status)
        });
        Value::Object(vec![Value::Long(video.id), Value::Map(statuses.collect())])
    }
}

fn status(status: &Status) -> Value {
    let reasons = status.reasons.iter().map(|&code| Value::Object(vec![Value::Int(code)]));
    Value::Object(vec![
        Value::Int(status.state),
        Value::Int(status.tier),
        status.start.map_or(Value::Null, Value::Long),
        status.end.map_or(Value::Null, Value::Long),
        Value::Boolean(status.flag),
        Value::Set(reasons.collect()),
    ])
}

impl Handed for Strings {
    fn value(&self, record: Str) -> Value {
        Value::Object(vec![Value::Long(record.id), Value::String(record.text)])
    }
}

/// D2 record by record: the Ref records by their ordinals.
#[derive(Debug)]
pub(crate) struct FlatRecords {
    flat: TypeId,
    refs: Vec<Ordinal>,
}

impl FlatRecords {
    /// Adds the Ref records.
    pub(crate) fn begin(engine: &mut WriteStateEngine, data: &Flats) -> anyhow::Result<Self> {
        let missing = || anyhow::anyhow!("the engine has not the types of D2");
        let flat = engine.type_id("Flat").ok_or_else(missing)?;
        let ty = engine.type_id("Ref").ok_or_else(missing)?;
        let refs = (0..).zip(&data.names).map(|(code, name)| {
            let record = ObjectRecord::new(vec![FieldValue::Int(code), FieldValue::Text(name)]);
            engine.add_object(ty, &record)
        });
        let refs = refs.collect::<Result<_, _>>()?;
        Ok(Self { flat, refs })
    }

    pub(crate) fn add(&self, engine: &mut WriteStateEngine, flat: &Flat) -> Result<Ordinal, WriteError> {
        let reference = flat.reference.and_then(|code| self.refs.get(code as usize));
        let record = ObjectRecord::new(vec![
            FieldValue::Long(flat.id),
            FieldValue::Int(flat.i),
            FieldValue::Double(flat.d),
            FieldValue::Boolean(flat.b),
            FieldValue::Text(&flat.s),
            reference.map_or(FieldValue::Null, |&ordinal| FieldValue::Reference(ordinal)),
        ]);
        engine.add_object(self.flat, &record)
    }
}

/// Does something with a data set whatever its records are.
pub(crate) trait With {
    type Output;
    fn with<D: Typed>(self, data: &D) -> Self::Output;
}

impl Data {
    pub(crate) fn with<W: With>(self, work: W) -> W::Output {
        match self {
            Data::D1 => work.with(&Catalog::new()),
            Data::D2 => work.with(&Flats::new()),
            Data::D3 => work.with(&Liveness::new()),
            Data::D4 => work.with(&Strings),
        }
    }
}

/// How many top-level records are made at a time, the clock standing still.
pub(crate) fn chunk(data: Data) -> u32 {
    match data {
        Data::D1 => 5_000,
        Data::D2 | Data::D4 => 100_000,
        Data::D3 => 500,
    }
}
