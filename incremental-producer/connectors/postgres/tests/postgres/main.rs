//! The connector against a real PostgreSQL, and a Kafka within the process.

mod outbox;
mod program;
mod sweep;
mod world;
