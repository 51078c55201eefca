//! How long a change takes from the source to the gatekeeper's output.
//!
//! A change is delivered to Kafka at an offset, folded into a version of its dataset that says up to which offsets it
//! goes, and visible once an output of the gatekeeper names that version, or a later one, among its inputs.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Next offset to read, by partition.
pub type Offsets = BTreeMap<i32, i64>;

/// Follows changes on their way. Times are epoch milliseconds.
#[derive(Debug, Default)]
pub struct Freshness {
    datasets: HashMap<String, Dataset>,
    latencies_ms: Vec<u64>,
}

#[derive(Debug, Default)]
struct Dataset {
    /// Changes on their way: offset and time of the change, in order of offsets.
    waiting: HashMap<i32, VecDeque<(i64, i64)>>,
    /// What each published version contains, oldest first.
    versions: VecDeque<(i64, Offsets)>,
}

impl Freshness {
    /// A change arrived in the log.
    pub fn delivered(&mut self, dataset: &str, partition: i32, offset: i64, source_ms: i64) {
        let waiting = self
            .datasets
            .entry(dataset.to_owned())
            .or_default()
            .waiting
            .entry(partition)
            .or_default();
        // Acknowledgements of one partition come in order, save for retries: keep the queue sorted.
        let at = waiting
            .iter()
            .rposition(|&(other, _)| other < offset)
            .map_or(0, |at| at + 1);
        waiting.insert(at, (offset, source_ms));
    }

    /// A version of a dataset was announced that contains everything below these offsets.
    pub fn published(&mut self, dataset: &str, version: i64, offsets: Offsets) {
        self.datasets
            .entry(dataset.to_owned())
            .or_default()
            .versions
            .push_back((version, offsets));
    }

    /// An output of the gatekeeper was announced at `now_ms`, made of these versions.
    pub fn evaluated(&mut self, inputs: &BTreeMap<String, i64>, now_ms: i64) {
        for (name, version) in inputs {
            let Some(dataset) = self.datasets.get_mut(name) else {
                continue;
            };
            // All versions up to the one used are contained in it; the last of them goes furthest.
            let mut reached = None;
            while dataset.versions.front().is_some_and(|(v, _)| v <= version) {
                reached = dataset.versions.pop_front();
            }
            let Some((used, offsets)) = reached else { continue };
            for (partition, next) in &offsets {
                let Some(waiting) = dataset.waiting.get_mut(partition) else {
                    continue;
                };
                while let Some(&(offset, source_ms)) = waiting.front()
                    && offset < *next
                {
                    waiting.pop_front();
                    self.latencies_ms.push(u64::try_from(now_ms - source_ms).unwrap_or(0));
                }
            }
            // An acknowledgement can be late: keep the version for the changes it still accounts for.
            dataset.versions.push_front((used, offsets));
        }
    }

    /// How many changes were followed to the end.
    pub fn count(&self) -> usize {
        self.latencies_ms.len()
    }

    /// The latency that this share of changes (0 to 1) did not exceed, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> Option<u64> {
        percentile(&self.latencies_ms, share)
    }
}

/// The value that this share of the values (0 to 1) does not exceed: the nearest rank.
pub fn percentile(values: &[u64], share: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(version: i64) -> BTreeMap<String, i64> {
        BTreeMap::from([("titles".to_owned(), version)])
    }

    #[test]
    fn a_change_counts_when_an_output_names_a_version_that_contains_it() {
        let mut freshness = Freshness::default();
        freshness.delivered("titles", 0, 5, 1_000);
        freshness.delivered("titles", 0, 6, 1_500);
        freshness.published("titles", 10, Offsets::from([(0, 6)]));
        freshness.evaluated(&inputs(9), 1_900);
        assert_eq!(freshness.count(), 0);
        freshness.evaluated(&inputs(10), 2_000);
        assert_eq!((freshness.count(), freshness.percentile_ms(1.0)), (1, Some(1_000)));
        freshness.published("titles", 11, Offsets::from([(0, 7)]));
        freshness.published("titles", 12, Offsets::from([(0, 7)]));
        freshness.evaluated(&inputs(12), 2_600);
        assert_eq!((freshness.count(), freshness.percentile_ms(1.0)), (2, Some(1_100)));
    }

    #[test]
    fn a_late_acknowledgement_is_counted_at_the_next_output() {
        let mut freshness = Freshness::default();
        freshness.published("titles", 10, Offsets::from([(0, 6)]));
        freshness.evaluated(&inputs(10), 2_000);
        freshness.delivered("titles", 0, 5, 1_000);
        freshness.evaluated(&inputs(10), 3_000);
        assert_eq!(freshness.percentile_ms(0.5), Some(2_000));
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(percentile(&values, 0.5), Some(50));
        assert_eq!(percentile(&values, 0.99), Some(99));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
