//! Announcements over a Kafka topic: so that consumers need not ask all the time to hear of a version at once.
//!
//! ```text
//! service ── head moves ──► store ◄── reads the head ── consumer
//!    └── then ──► topic: key = dataset, value = the head ──► wakes ──┘
//! ```
//!
//! **A message is a hint and never the truth.** It cannot be sent in one step with the commit in the store, so it is sent
//! afterwards, and again whenever a service starts; what a consumer hears makes it read the head itself. A hint that is
//! lost costs time until the consumer asks by itself; one that is forged, or comes twice, costs a question. Sending never
//! holds up a cycle and never fails one.
//!
//! Pull alone, push with a slow safety poll, or both: that is the consumer's choice of
//! [`refresh_every`](hollow::consumer::ConsumerBuilder::refresh_every) and of whether it listens here.
//!
//! A hint reaches a whole fleet at once, and a store should not be asked by all of it in the same moment: each waits for a
//! random part of a [spread](AnnouncementTopic::SPREAD) before it asks.
//!
//! One topic serves all datasets; compacted and with one partition it holds the newest head of each.

mod listen;
mod send;
#[cfg(test)]
mod tests;

pub use listen::{AnnouncementTopic, KafkaAnnouncements, ListenError};
pub use send::KafkaAnnouncer;
