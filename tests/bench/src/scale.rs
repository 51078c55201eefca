//! How large the data sets are and how often operations are repeated.

use crate::data::Data;

/// Sizes of a run.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) name: &'static str,
    sizes: [u32; 4],
    /// Sizes of D2 for the curve of incremental cycles.
    pub(crate) curve: Vec<u32>,
    /// Repetitions that are dropped, for the sake of Java's compiler.
    pub(crate) warm_up: u32,
    pub(crate) repetitions: u32,
    /// Single operations of a repetition of a look-up.
    pub(crate) lookups: usize,
    /// How long readers read, in milliseconds.
    pub(crate) reading_ms: u32,
}

/// Names of the scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ScaleName {
    /// Seconds: whether everything works
    Tiny,
    /// Minutes
    Small,
    /// The sizes of the figures to reach
    Full,
}

impl Scale {
    pub(crate) fn of(name: ScaleName) -> Self {
        match name {
            ScaleName::Tiny => Self {
                name: "tiny",
                sizes: [1_000, 10_000, 200, 2_000],
                curve: vec![1_000, 10_000],
                warm_up: 1,
                repetitions: 3,
                lookups: 1 << 12,
                reading_ms: 200,
            },
            ScaleName::Small => Self {
                name: "small",
                sizes: [20_000, 1_000_000, 6_000, 200_000],
                curve: vec![100_000, 1_000_000],
                warm_up: 3,
                repetitions: 5,
                lookups: 1 << 20,
                reading_ms: 3_000,
            },
            ScaleName::Full => Self {
                name: "full",
                sizes: [100_000, 10_000_000, 60_000, 1_000_000],
                curve: vec![100_000, 1_000_000, 10_000_000],
                warm_up: 3,
                repetitions: 5,
                lookups: 1 << 20,
                reading_ms: 12_000,
            },
        }
    }

    /// The number of top-level records of a data set.
    pub(crate) fn n(&self, data: Data) -> u32 {
        self.sizes[data as usize]
    }

    /// The same with another number of records in every data set.
    pub(crate) fn with_n(mut self, n: u32) -> Self {
        self.sizes = [n; 4];
        self.curve = vec![n];
        self
    }
}
