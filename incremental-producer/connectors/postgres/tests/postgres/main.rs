//! The connector against a real PostgreSQL, and a Kafka within the process; once with a real one.

mod outbox;
mod program;
mod real_kafka;
mod sweep;
mod world;
