//! Requests for sweeps that come by Kafka, on the topic `<topic>.control`.
//!
//! What they look like is [`SweepRequest`]'s business. How far the topic is read stands in the database,
//! written in the transaction that takes the requests on; a name that was asked for before is not asked for again. Other
//! messages are for others, and left alone; requests that make no sense are reported.

use super::range;
use super::requests::{Request, ask};
use crate::config::KafkaSettings;
use crate::database::DatabaseError;
use incremental_producer::Offsets;
use incremental_producer::source::kafka::{KafkaSettings as SourceSettings, KafkaSource};
use incremental_producer::source::{ReadLimits, Source, SourceError};
use incremental_producer::sweep::{REQUEST_KEY, SweepRequest, control_topic};
use postgres::Client;

/// Why requests could not be taken on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Kafka.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Reads the control topic of a dataset.
pub struct Control {
    dataset: String,
    key_parts: usize,
    source: KafkaSource,
}

impl Control {
    /// Nothing is connected yet.
    pub fn new(kafka: &KafkaSettings, dataset: &str, topic: &str, key_parts: usize) -> Self {
        Self {
            dataset: dataset.to_owned(),
            key_parts,
            source: KafkaSource::new(SourceSettings {
                bootstrap_servers: kafka.bootstrap_servers.clone(),
                topic: control_topic(topic),
                // Which log it is does not matter here: requests are known by their names.
                log: Some("control".to_owned()),
                group: format!("postgres-connector-{dataset}"),
                client: kafka.client.clone(),
            }),
        }
    }

    /// Takes on what was asked for since the last time; says how many sweeps that is.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn take(&mut self, client: &mut Client) -> Result<usize, ControlError> {
        let view = self.source.look()?;
        let rows = client
            .query(
                "select partition, next_offset from distribution.control where dataset = $1",
                &[&self.dataset],
            )
            .map_err(DatabaseError::query("look how far requests are read"))?;
        let known: Offsets = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        // What the log no longer has was there long enough; a log that started anew is read from its beginning.
        let from: Offsets = view
            .partitions
            .iter()
            .map(|(&partition, range)| {
                let known = known
                    .get(partition)
                    .filter(|offset| range.contains(offset) || *offset == range.end);
                (partition, known.unwrap_or(range.start))
            })
            .collect();
        let cut: Offsets = view
            .partitions
            .iter()
            .map(|(&partition, range)| (partition, range.end))
            .collect();
        if from == cut && rows.len() == cut.len() {
            return Ok(0);
        }
        let mut requests = Vec::new();
        let (dataset, key_parts) = (&self.dataset, self.key_parts);
        let reading = self.source.read(&from, &cut, &ReadLimits::default(), &mut |record| {
            if record.key == Some(REQUEST_KEY) {
                match read(record.payload.unwrap_or_default(), key_parts) {
                    Ok(request) => requests.push(request),
                    Err(reason) => {
                        let (partition, offset) = (record.partition, record.offset);
                        tracing::error!(
                            dataset,
                            partition,
                            offset,
                            reason,
                            "a request for a sweep makes no sense"
                        );
                    }
                }
            }
            Ok(())
        })?;
        self.take_on(client, &requests, &reading.offsets)
            .map_err(ControlError::Database)
    }

    fn take_on(&self, client: &mut Client, requests: &[Request], offsets: &Offsets) -> Result<usize, DatabaseError> {
        let failed = || DatabaseError::query("take requests on");
        let mut transaction = client.transaction().map_err(failed())?;
        let mut taken = 0;
        for request in requests {
            taken += usize::from(ask(&mut transaction, &self.dataset, request)?);
        }
        for (partition, offset) in offsets.iter() {
            transaction
                .execute(
                    "insert into distribution.control (dataset, partition, next_offset) values ($1, $2, $3) \
                     on conflict (dataset, partition) do update set next_offset = excluded.next_offset",
                    &[&self.dataset, &partition, &offset],
                )
                .map_err(failed())?;
        }
        transaction.commit().map_err(failed())?;
        Ok(taken)
    }
}

fn read(payload: &[u8], key_parts: usize) -> Result<Request, String> {
    let asked = SweepRequest::decode(payload).map_err(|error| error.to_string())?;
    range::check(&asked.range, key_parts).map_err(|error| error.to_string())?;
    Ok(Request {
        id: asked.id,
        range: asked.range,
        asked_by: "control",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_strictly() {
        let request = read(br#"{"request":"sweep","id":"a-1","range":{"from":[5]}}"#, 1).expect("a request");
        assert_eq!(
            (request.id.as_str(), request.range.from.map(|from| from.len())),
            ("a-1", Some(1))
        );
        assert!(
            read(br#"{"request":"sweep","id":"a-1"}"#, 1)
                .expect("a request")
                .range
                .is_everything()
        );
        for wrong in [
            r#"{"request":"drop","id":"a"}"#,
            r#"{"request":"sweep"}"#,
            r#"{"request":"sweep","id":"a","range":{"from":[1,2]}}"#,
            r#"{"request":"sweep","id":"a","now":true}"#,
            "",
        ] {
            assert!(read(wrong.as_bytes(), 1).is_err(), "{wrong}");
        }
    }
}
