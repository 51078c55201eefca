//! From repetitions to one number with its spread.

use crate::measure::Sample;
use crate::rows::Unit;
use serde::Serialize;

/// Values of the repetitions of a row, in its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Median by wall time.
    pub(crate) wall: f64,
}

impl Summary {
    /// None without samples.
    pub(crate) fn of(unit: Unit, samples: &[Sample]) -> Option<Self> {
        let sorted = |value: fn(Unit, &Sample) -> f64| {
            let mut values: Vec<f64> = samples.iter().map(|sample| value(unit, sample)).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let values = sorted(|unit, sample| value(unit, sample, sample.cpu_ns));
        let walls = sorted(|unit, sample| value(unit, sample, sample.wall_ns));
        Some(Self {
            median: median(&values)?,
            min: *values.first()?,
            max: *values.last()?,
            wall: median(&walls)?,
        })
    }
}

fn value(unit: Unit, sample: &Sample, time_ns: u64) -> f64 {
    match unit {
        Unit::Ms => time_ns as f64 / 1e6,
        Unit::MsPerOp => time_ns as f64 / 1e6 / sample.ops.max(1) as f64,
        Unit::NsPerOp => time_ns as f64 / sample.ops.max(1) as f64,
        Unit::Bytes => sample.bytes as f64,
        Unit::BytesPerRecord | Unit::Factor => sample.bytes as f64 / sample.ops.max(1) as f64,
        // Several threads do them: only the time that passes says how many.
        Unit::MillionPerSecond => sample.ops as f64 * 1e3 / sample.wall_ns.max(1) as f64,
    }
}

fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted[middle - 1] + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(cpu_ns: u64) -> Sample {
        Sample {
            cpu_ns,
            wall_ns: 2 * cpu_ns,
            ops: 10,
            bytes: 7,
            check: String::new(),
        }
    }

    #[test]
    fn the_median_of_a_few() {
        let samples = [5_000_000, 1_000_000, 3_000_000].map(sample);
        let found = Summary::of(Unit::Ms, &samples).expect("there are samples");
        assert_eq!((found.median, found.min, found.max, found.wall), (3.0, 1.0, 5.0, 6.0));
        let found = Summary::of(Unit::Ms, &samples[..2]).expect("there are samples");
        assert_eq!(found.median, 3.0);
        assert_eq!(Summary::of(Unit::Ms, &[]), None);
    }

    #[test]
    fn units() {
        let samples = [sample(1000)];
        let median = |unit| Summary::of(unit, &samples).expect("there is one").median;
        assert_eq!(median(Unit::NsPerOp), 100.0);
        assert_eq!(median(Unit::Bytes), 7.0);
        assert_eq!(median(Unit::MillionPerSecond), 5.0);
    }
}
