//! What Kafka clients tell of themselves, by class.
//!
//! Statistics come as an event that lies in a client's queue until it is polled, so only clients that are polled all the
//! time are asked for them: the one that looks at the log, and the one that announces. Those that fetch messages and set
//! letters aside lie still for as long as nothing is to be done, and would pile them up; what goes wrong with them is in
//! the client's log, which needs no polling, and is counted from there.

use super::{Figures, Labels};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::statistics::{Broker, Statistics};
use std::sync::{Arc, Mutex, PoisonError};

/// How often a client tells of itself, for those that are asked to.
pub(crate) const STATISTICS: (&str, &str) = ("statistics.interval.ms", "5000");

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Source,
    DeadLetters,
    Announcements,
}

impl Client {
    pub(super) const ALL: [Self; 3] = [Self::Source, Self::DeadLetters, Self::Announcements];

    fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::DeadLetters => "dead_letters",
            Self::Announcements => "announcements",
        }
    }

    /// Whether it is polled all the time, and so can be asked for statistics.
    fn has_statistics(self) -> bool {
        self != Self::DeadLetters
    }
}

/// How a client's connection to a broker stands. A client connects to those it needs, and lets go of idle ones.
const STATES: [&str; 4] = ["up", "connecting", "down", "unused"];

fn state(broker: &Broker) -> &'static str {
    match broker.state.as_str() {
        "UP" | "UPDATE" => "up",
        "INIT" => "unused",
        "DOWN" => "down",
        _ => "connecting",
    }
}

const CLASSES: [&str; 5] = ["connection", "timeout", "authentication", "protocol", "other"];

/// What a line of a client's log is about; nothing if it tells of no error.
fn class(level: RDKafkaLogLevel, facility: &str, message: &str) -> Option<&'static str> {
    if level as i32 > RDKafkaLogLevel::Warning as i32 || facility.starts_with("CONF") {
        return None;
    }
    // Connections that fail for want of the right keys fail as others do, and say so in words.
    let about = |words: &[&str]| {
        words
            .iter()
            .any(|word| message.contains(word) || facility.contains(word))
    };
    Some(match facility {
        _ if about(&["SASL", "SSL", "uthenti"]) => "authentication",
        _ if facility.ends_with("TMOUT") => "timeout",
        "FAIL" | "BROKERFAIL" | "CONNECT" | "TRNSPORT" | "RESOLVE" => "connection",
        "ERROR" if about(&["brokers are down", "Connect", "resolve"]) => "connection",
        _ if facility.starts_with("PROTO") => "protocol",
        _ => "other",
    })
}

/// What is counted of one client. A client that takes the place of another counts on.
#[derive(Clone, Debug)]
pub(crate) struct ClientFigures {
    figures: Figures,
    client: Client,
    /// What the client told last: its counters begin with it.
    last: Arc<Mutex<Told>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    connects: u64,
    disconnects: u64,
    timeouts: u64,
}

impl ClientFigures {
    pub(super) fn new(figures: Figures, client: Client) -> Self {
        let last = Arc::default();
        Self { figures, client, last }
    }

    pub(super) fn begin(&self) {
        let families = &self.figures.families;
        for class in CLASSES {
            drop(families.errors.get_or_create(&self.labels("class", class)));
        }
        if self.client.has_statistics() {
            let plain = self.plain();
            for counter in [&families.connects, &families.disconnects, &families.timeouts] {
                drop(counter.get_or_create(&plain));
            }
            drop(families.in_flight.get_or_create(&plain));
            for state in STATES {
                drop(families.brokers.get_or_create(&self.labels("state", state)));
            }
        }
    }

    /// A line of the client's log.
    pub(crate) fn logged(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if let Some(class) = class(level, facility, message) {
            let families = &self.figures.families;
            families.errors.get_or_create(&self.labels("class", class)).inc();
        }
    }

    /// What the client tells of itself.
    pub(crate) fn told(&self, statistics: &Statistics) {
        let real = |broker: &&Broker| matches!(broker.source.as_str(), "learned" | "configured");
        let all: Vec<&Broker> = statistics.brokers.values().filter(real).collect();
        // Those of the configuration are for getting to know the others.
        let knows_some = all.iter().any(|broker| broker.nodeid >= 0);
        let shown = all.iter().filter(|broker| broker.nodeid >= 0 || !knows_some);
        let families = &self.figures.families;
        let plain = self.plain();
        for word in STATES {
            let count = shown.clone().filter(|broker| state(broker) == word).count();
            let gauge = families.brokers.get_or_create(&self.labels("state", word));
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let waiting = all.iter().map(|broker| broker.waitresp_cnt.max(0)).sum();
        families.in_flight.get_or_create(&plain).set(waiting);
        let sum = |of: fn(&Broker) -> u64| all.iter().map(|broker| of(broker)).fold(0, u64::saturating_add);
        let count = |number: Option<i64>| u64::try_from(number.unwrap_or(0)).unwrap_or(0);
        let connects = all
            .iter()
            .map(|broker| count(broker.connects))
            .fold(0, u64::saturating_add);
        let disconnects = all
            .iter()
            .map(|broker| count(broker.disconnects))
            .fold(0, u64::saturating_add);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Told {
            connects,
            disconnects,
            timeouts: sum(|broker| broker.req_timeouts),
        };
        for (counter, before, now) in [
            (&families.connects, last.connects, now.connects),
            (&families.disconnects, last.disconnects, now.disconnects),
            (&families.timeouts, last.timeouts, now.timeouts),
        ] {
            counter.get_or_create(&plain).inc_by(now.saturating_sub(before));
        }
        *last = now;
    }

    fn plain(&self) -> Labels<2> {
        self.figures.two("client", self.client.word())
    }

    fn labels(&self, label: &'static str, value: &str) -> Labels<3> {
        let client = ("client", self.client.word().to_owned());
        [self.figures.dataset(), client, (label, value.to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Families;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    fn broker(source: &str, nodeid: i32, state: &str, connects: i64) -> (String, Broker) {
        let broker = Broker {
            name: format!("kafka-{nodeid}.secret.example:9092/{nodeid}"),
            source: source.to_owned(),
            nodeid,
            state: state.to_owned(),
            connects: Some(connects),
            disconnects: Some(connects - 1),
            req_timeouts: 2,
            waitresp_cnt: 3,
            ..Broker::default()
        };
        (broker.name.clone(), broker)
    }

    fn shown(families: &Families) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        families.register(&mut registry);
        encode(&mut text, &registry).expect("text");
        text
    }

    #[test]
    fn what_a_client_tells_is_counted_by_class_and_names_nobody() {
        let families = Families::default();
        let figures = families.of("titles");
        figures.begin([]);
        let client = figures.client(Client::Source);
        let mut statistics = Statistics {
            brokers: [
                broker("configured", -1, "UP", 1),
                broker("learned", 1, "UP", 2),
                broker("learned", 2, "DOWN", 5),
                broker("learned", 3, "INIT", 1),
                broker("learned", 4, "AUTH_REQ", 1),
                broker("logical", 5, "UP", 100),
            ]
            .into(),
            ..Statistics::default()
        };
        client.told(&statistics);
        client.told(&statistics);
        let text = shown(&families);
        let plain = "{dataset=\"titles\",client=\"source\"}";
        for line in [
            format!("kafka_connects_total{plain} 10\n"),
            format!("kafka_disconnects_total{plain} 5\n"),
            format!("kafka_request_timeouts_total{plain} 10\n"),
            format!("kafka_requests_in_flight{plain} 15\n"),
        ] {
            assert!(text.contains(&line), "{line}{text}");
        }
        for state in STATES {
            let line = format!("kafka_brokers{{dataset=\"titles\",client=\"source\",state=\"{state}\"}} 1\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(!text.contains("secret"), "{text}");
        // A client that takes its place begins at nothing, and what was counted stays.
        let next = figures.client(Client::Source);
        statistics.brokers = [broker("configured", -1, "DOWN", 4)].into();
        next.told(&statistics);
        let text = shown(&families);
        assert!(text.contains(&format!("kafka_connects_total{plain} 14\n")), "{text}");
        assert!(
            text.contains("state=\"down\"} 1\n") && text.contains("state=\"up\"} 0\n"),
            "{text}"
        );
    }

    #[test]
    fn lines_of_the_log_have_classes() {
        use RDKafkaLogLevel::{Error, Info, Warning};
        for (level, facility, message, expected) in [
            (
                Error,
                "FAIL",
                "Connect to ipv4#10.0.0.1:9092 failed: Connection refused",
                Some("connection"),
            ),
            (Error, "ERROR", "3/3 brokers are down", Some("connection")),
            (
                Error,
                "FAIL",
                "SASL authentication error: Authentication failed",
                Some("authentication"),
            ),
            (Error, "FAIL", "SSL handshake failed", Some("authentication")),
            (Warning, "REQTMOUT", "Timed out 1 in-flight", Some("timeout")),
            (Warning, "PROTOERR", "Protocol parse failure", Some("protocol")),
            (Warning, "SOMETHING", "new", Some("other")),
            (Warning, "CONFWARN", "Configuration property is deprecated", None),
            (Info, "FAIL", "Disconnected", None),
        ] {
            assert_eq!(class(level, facility, message), expected, "{facility} {message}");
        }
    }
}
