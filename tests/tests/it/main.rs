//! Tests across packages, as one program: the pipeline in one process, and incremental producers on a real Kafka.

#![allow(unreachable_pub, reason = "a test program has no public interface")]

mod broker;
mod cells;
mod folding;
mod pipeline;
mod real_kafka;
