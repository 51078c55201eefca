//! How much a run of each scale does.

use super::records::Size;
use crate::scale::ScaleName;
use std::time::Duration;

/// Sizes of a run.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) name: &'static str,
    /// Messages of a part of a topic with small records, and with large ones.
    messages: [u32; 2],
    /// How often a part is read without folding and folded, in turns.
    pub(crate) rounds: u32,
    /// Records of the dataset whose cycles are timed.
    pub(crate) records: u32,
    /// Changes in each of these cycles.
    pub(crate) changes: u32,
    /// Cycles of each kind: without a snapshot being written, and meanwhile.
    pub(crate) cycles: usize,
    /// Records of the dataset whose freshness is observed.
    pub(crate) watched: u32,
    /// Messages a second while it is.
    pub(crate) per_second: u32,
    /// Cadences, and how long each is observed.
    pub(crate) cadences: Vec<(Duration, Duration)>,
}

impl Sizes {
    pub(crate) fn of(scale: ScaleName) -> Self {
        let ms = Duration::from_millis;
        match scale {
            ScaleName::Tiny => Self {
                name: "tiny",
                messages: [2_000, 2_000],
                rounds: 1,
                records: 10_000,
                changes: 100,
                cycles: 5,
                watched: 2_000,
                per_second: 100,
                cadences: vec![(ms(200), ms(1_000))],
            },
            ScaleName::Small => Self {
                name: "small",
                messages: [200_000, 80_000],
                rounds: 2,
                records: 1_000_000,
                changes: 1_000,
                cycles: 30,
                watched: 20_000,
                per_second: 200,
                cadences: vec![(ms(500), ms(15_000))],
            },
            ScaleName::Full => Self {
                name: "full",
                messages: [1_000_000, 400_000],
                rounds: 3,
                records: 10_000_000,
                changes: 1_000,
                cycles: 100,
                watched: 100_000,
                per_second: 200,
                cadences: vec![(ms(500), ms(60_000)), (ms(30_000), ms(300_000))],
            },
        }
    }

    /// Messages of a part of a topic.
    pub(crate) fn messages(&self, size: Size) -> u32 {
        self.messages[size as usize]
    }
}
