//! A rig with its log and its verifier: what every test of a producer does.

use super::log::{KafkaLog, Writer};
use super::rig::{Place, Rig, stop, wait_while_running};
use super::verifier::Verifier;
use anyhow::{Result, ensure};
use hollow::store::verify::{Severity, verify};
use std::collections::BTreeSet;
use tests::harness::Program;

/// Partitions of a topic.
pub const PARTITIONS: i32 = 3;
/// Messages a second, if it does not matter.
pub const RATE: u64 = 150;

pub struct Bench {
    pub rig: Rig,
    pub log: KafkaLog,
    pub verifier: Verifier,
    pub seed: u64,
    checks: u64,
}

impl Bench {
    pub fn new(servers: &str, topic: &str, place: Place, seed: u64) -> Result<Self> {
        let rig = Rig::new(servers, topic, PARTITIONS, place)?;
        Ok(Self {
            log: KafkaLog::open(servers, topic, seed)?,
            verifier: Verifier::new(rig.store()?),
            rig,
            seed,
            checks: 0,
        })
    }

    /// Begins to write the log, so many messages a second.
    pub fn write(&self, rate: u64) -> Result<Writer> {
        Writer::start(self.rig.servers(), self.rig.topic(), self.seed, 0, rate)
    }

    /// Looks at all that was announced since the last look, and at the head as one who comes anew.
    pub fn check(&mut self) -> Result<()> {
        self.verifier.check(&mut self.log)?;
        self.checks += 1;
        if self.checks.is_multiple_of(10) {
            self.verifier.check_cold_from_oldest()?;
        }
        self.verifier.check_cold()
    }

    /// Waits until a producer has announced so many versions more, each of which is looked at.
    pub fn wait_for_versions(&mut self, producer: &mut Program, count: u64) -> Result<()> {
        let (verifier, log) = (&mut self.verifier, &mut self.log);
        let wanted = verifier.versions() + count;
        wait_while_running(producer, "more versions", || {
            verifier.check(log)?;
            Ok((verifier.versions() >= wanted).then_some(()))
        })
    }

    /// Waits until a producer has folded the log to the end that it has now.
    pub fn wait_for_end(&mut self, producer: &mut Program) -> Result<()> {
        let ends = self.log.ends()?;
        let (verifier, log) = (&mut self.verifier, &mut self.log);
        wait_while_running(producer, "the end of the log", || {
            verifier.check(log)?;
            let is_there = |(partition, end)| verifier.reached().get(partition).is_some_and(|reached| reached >= end);
            Ok(ends.iter().all(is_there).then_some(()))
        })
    }

    /// Lets a producer fold the log to its end and stop, and makes sure that everything is there: each message once, each
    /// dead letter, nothing in the store that contradicts itself. Gives how many messages and dead letters there were.
    pub fn finish(&mut self, writer: Writer, mut producer: Program) -> Result<(u64, usize)> {
        let sent = writer.finish()?;
        self.wait_for_end(&mut producer)?;
        stop(producer)?;
        self.check()?;
        self.verifier.check_cold_from_oldest()?;
        self.log.must_hold(sent)?;
        let expected = self.log.to_be_set_aside();
        let letters: BTreeSet<_> = self.rig.set_aside()?.into_iter().collect();
        ensure!(
            letters == expected,
            "other messages were set aside than mean nothing: missing {:?}, too many {:?}",
            expected.difference(&letters).collect::<Vec<_>>(),
            letters.difference(&expected).collect::<Vec<_>>()
        );
        let report = verify(&self.rig.store()?, true, |_| ())?;
        ensure!(
            report.worst().is_none_or(|worst| worst == Severity::Note),
            "the store contradicts itself: {:?}",
            report.findings
        );
        Ok((sent, letters.len()))
    }
}
