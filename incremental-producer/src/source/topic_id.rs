//! The id that Kafka gives a topic when it is created (2.8 and later): what tells a topic from one of the same name that was
//! created after it was deleted. The only `unsafe` of this crate stands here: the client has the call, its Rust side does not.
//!
//! The question travels as a metadata request and needs no other right than to describe the topic.

#![allow(unsafe_code, reason = "the client's own interface; each block says why it is sound")]

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::types::{RDKafka, RDKafkaErrorCode, RDKafkaRespErr};
use std::ffi::{CStr, CString, c_char};
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

/// How much longer than the client's own time limit its answer is waited for.
const MARGIN: Duration = Duration::from_secs(2);

/// A topic's id. Shown as Kafka's own programs show it: base64 for URLs, without padding.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TopicId(u128);

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let digit = |bits: u128| char::from(DIGITS[(bits & 63) as usize]);
        // 21 digits of six bits; the last two bits are the upper ones of another digit.
        (0..21).try_for_each(|place| write!(f, "{}", digit(self.0 >> (122 - 6 * place))))?;
        write!(f, "{}", digit(self.0 << 4))
    }
}

/// Asks a broker for the id of a topic. None if the brokers give topics no ids, or are too old to be asked.
///
/// # Errors
/// A text, if they do not answer in this time, or do not know the topic.
pub(super) fn topic_id<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    broker: i32,
    timeout: Duration,
) -> Result<Option<String>, String> {
    let name = CString::new(topic).map_err(|_| "its name holds a zero byte".to_owned())?;
    let client = client.native_ptr();
    let queue = Queue::new(client)?;
    let options = Options::new(client, broker, millis(timeout))?;
    let topics = Topics::new(&name)?;
    // SAFETY: all four are alive; the client copies what it needs of names and options before it returns, and counts its own
    // reference to the queue.
    unsafe { native::rd_kafka_DescribeTopics(client, topics.0.as_ptr(), options.0.as_ptr(), queue.0.as_ptr()) };
    let event = queue.poll(timeout + MARGIN)?;
    Ok(event.topic_id()?.filter(|id| id.0 != 0).map(|id| id.to_string()))
}

/// What the client makes and we must destroy.
macro_rules! owned {
    ($name:ident, $native:ident, $destroy:ident) => {
        struct $name(NonNull<native::$native>);

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the pointer came from the function that makes these, and nobody else destroys it.
                unsafe { native::$destroy(self.0.as_ptr()) }
            }
        }
    };
}

owned!(Queue, rd_kafka_queue_t, rd_kafka_queue_destroy);
owned!(Options, rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy);
owned!(Topics, rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy);
owned!(Event, rd_kafka_event_t, rd_kafka_event_destroy);

fn made<T>(pointer: *mut T) -> Result<NonNull<T>, String> {
    NonNull::new(pointer).ok_or_else(|| "the Kafka client is out of memory".to_owned())
}

impl Queue {
    fn new(client: *mut RDKafka) -> Result<Self, String> {
        // SAFETY: the caller's client is alive.
        Ok(Self(made(unsafe { native::rd_kafka_queue_new(client) })?))
    }

    fn poll(&self, timeout: Duration) -> Result<Event, String> {
        // SAFETY: the queue is alive. What is given out is ours, or null.
        let event = unsafe { native::rd_kafka_queue_poll(self.0.as_ptr(), millis(timeout)) };
        NonNull::new(event).map(Event).ok_or_else(|| "no answer".to_owned())
    }
}

impl Options {
    /// Without a broker the client waits for the cluster's controller, which need not be there.
    fn new(client: *mut RDKafka, broker: i32, timeout_ms: i32) -> Result<Self, String> {
        let of = native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        // SAFETY: the caller's client is alive.
        let made = Self(made(unsafe { native::rd_kafka_AdminOptions_new(client, of) })?);
        let options = made.0.as_ptr();
        let mut text: [c_char; 256] = [0; 256];
        let (why, most) = (text.as_mut_ptr(), text.len());
        // SAFETY: the options are alive, and the text has room for as many bytes as may be written to it.
        succeeded(unsafe { native::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, most) })?;
        // SAFETY: as above.
        succeeded(unsafe { native::rd_kafka_AdminOptions_set_broker(options, broker, why, most) })?;
        Ok(made)
    }
}

impl Topics {
    fn new(name: &CStr) -> Result<Self, String> {
        let mut names = [name.as_ptr()];
        // SAFETY: one name is given, ended by a zero; it is copied.
        let topics = unsafe { native::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len()) };
        Ok(Self(made(topics)?))
    }
}

impl Event {
    /// The id of the one topic that was asked for; all zeros where there are no ids.
    fn topic_id(&self) -> Result<Option<TopicId>, String> {
        let event = self.0.as_ptr();
        // SAFETY: the event is alive.
        let outcome = unsafe { native::rd_kafka_event_error(event) };
        let unknown = [
            RDKafkaErrorCode::UnsupportedFeature,
            RDKafkaErrorCode::UnsupportedVersion,
        ];
        if unknown.contains(&RDKafkaErrorCode::from(outcome)) {
            return Ok(None);
        }
        succeeded(outcome)?;
        // SAFETY: the event is alive. Null if it is of another kind; otherwise a part of the event.
        let result = unsafe { native::rd_kafka_event_DescribeTopics_result(event) };
        if result.is_null() {
            return Err("an answer to another question".to_owned());
        }
        let mut count = 0;
        // SAFETY: the result is alive as long as the event is. What is given out is part of it: an array of `count` pointers.
        let topics = unsafe { native::rd_kafka_DescribeTopics_result_topics(result, &raw mut count) };
        if topics.is_null() || count != 1 {
            return Err(format!("an answer about {count} topics"));
        }
        // SAFETY: the array has one element, a part of the event.
        let topic = unsafe { *topics };
        // SAFETY: the description is part of the event; what is given out is part of it, or null if nothing is wrong.
        let error = unsafe { native::rd_kafka_TopicDescription_error(topic) };
        if !error.is_null() {
            // SAFETY: the error is part of the event.
            succeeded(unsafe { native::rd_kafka_error_code(error) })?;
        }
        // SAFETY: the description is part of the event; so is what is given out, or null.
        let id = unsafe { native::rd_kafka_TopicDescription_topic_id(topic) };
        if id.is_null() {
            return Ok(None);
        }
        // SAFETY: the id is part of the event.
        let most = unsafe { native::rd_kafka_Uuid_most_significant_bits(id) };
        // SAFETY: the id is part of the event.
        let least = unsafe { native::rd_kafka_Uuid_least_significant_bits(id) };
        let bits = (u128::from(most.cast_unsigned()) << 64) | u128::from(least.cast_unsigned());
        Ok(Some(TopicId(bits)))
    }
}

fn millis(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}

fn succeeded(code: RDKafkaRespErr) -> Result<(), String> {
    match RDKafkaErrorCode::from(code) {
        RDKafkaErrorCode::NoError => Ok(()),
        error => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::MockKafka;
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    #[test]
    fn ids_look_as_in_kafkas_own_programs() {
        // Kafka's documentation calls the id of its metadata topic 1, and prints it so.
        assert_eq!(TopicId(1).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(TopicId(u128::MAX).to_string(), "_____________________w");
        assert_eq!(TopicId(0xfb << 120).to_string(), "-wAAAAAAAAAAAAAAAAAAAA");
    }

    #[test]
    fn every_topic_has_its_own_for_as_long_as_it_is() {
        let mock = MockKafka::with_topics([("t", 1), ("u", 3)]).expect("a mock");
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", mock.bootstrap_servers())
            .set("group.id", "g")
            .create()
            .expect("a client");
        let ask = |topic| topic_id(client.client(), topic, 1, Duration::from_secs(60));
        let first = ask("t").expect("an answer").expect("an id");
        assert_eq!(first.len(), 22);
        assert_eq!(ask("t"), Ok(Some(first.clone())));
        assert_ne!(ask("u"), Ok(Some(first)));
        assert!(ask("a\0b").is_err());
    }

    #[test]
    fn nobody_answers() {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", "127.0.0.1:1")
            .set("group.id", "g")
            .set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg)
            .create()
            .expect("a client");
        let outcome = topic_id(client.client(), "t", 1, Duration::from_millis(300));
        assert!(outcome.is_err(), "{outcome:?}");
    }
}
