//! What a run came to, and its tables.

use super::cycle::{Cycles, OneCycle};
use super::fresh::{Freshness, REFRESH};
use super::rate::Rate;
use crate::machine::Machine;
use crate::measure::Sample;
use crate::table::{self, count, digits};
use anyhow::Context as _;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// What comes before and after the tables in a document.
const MARKERS: [&str; 2] = ["<!-- folding: begin -->", "<!-- folding: end -->"];
/// The part of the raw rate that folding is to reach.
const SHARE: f64 = 0.5;
/// What a cycle may take at most.
const CYCLE: Duration = Duration::from_millis(50);
/// How old a record may be at most, beyond what the cadence itself makes of it. At cadences below this one, it is all a
/// record may be.
const SECOND: Duration = Duration::from_secs(1);

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    scale: &'static str,
    pub(crate) rates: Vec<Rate>,
    pub(crate) cycles: Option<Cycles>,
    pub(crate) freshness: Vec<Freshness>,
}

impl Report {
    pub(crate) fn new(machine: Machine, scale: &'static str) -> Self {
        Self {
            machine,
            scale,
            rates: Vec::new(),
            cycles: None,
            freshness: Vec::new(),
        }
    }

    /// Writes what there is.
    pub(crate) fn save(&self, out: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
        for (extension, text) in [("json", serde_json::to_string_pretty(self)?), ("md", self.markdown())] {
            let file = out.join(format!("folding-{}.{extension}", self.machine.date));
            std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(())
    }

    /// Prints the tables, and puts them where they were asked for.
    pub(crate) fn publish(&self, readme: Option<&Path>, json: bool) -> anyhow::Result<()> {
        if let Some(readme) = readme {
            let context = || readme.display().to_string();
            let document = std::fs::read_to_string(readme).with_context(context)?;
            let document = table::insert(&document, MARKERS, &self.markdown()).with_context(context)?;
            std::fs::write(readme, document).with_context(context)?;
        }
        match json {
            true => println!("{}", serde_json::to_string_pretty(self)?),
            false => println!("{}", self.markdown()),
        }
        Ok(())
    }

    fn markdown(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "{}, {}, {} cores (broker, client and service share them), {} GiB, Linux {}, scale `{}`.\n",
            machine.date, machine.cpu, machine.cores, machine.memory_gib, machine.kernel, self.scale
        );
        self.rates(&mut text);
        self.cycles(&mut text);
        self.freshness(&mut text);
        text
    }

    fn rates(&self, text: &mut String) {
        if self.rates.is_empty() {
            return;
        }
        text.push_str(
            "\n| row | records | messages of | raw, messages/s | folded, messages/s | of raw | at least | CPU raw, folded |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for rate in &self.rates {
            let share = share(rate);
            let _ = writeln!(
                text,
                "| {} | {}, {} | {} B {} | {} | {} | {} | {} {} | {}, {} µs |",
                rate.id,
                rate.records,
                rate.case,
                digits(rate.bytes),
                rate.form,
                rates(&rate.raw),
                rates(&rate.folded),
                percent(share),
                percent(SHARE),
                mark(share >= SHARE),
                digits(median(rate.raw.iter().map(cpu_us))),
                digits(median(rate.folded.iter().map(cpu_us))),
            );
        }
        text.push_str(
            "\nMessages in a second of wall time, median (smallest–largest) of runs in turns; CPU time of all threads of the \
             process, a message. Raw: the same client with the same settings on the same partitions, each key and payload gone \
             through once. Folded: from the first fetch to the announcement, encoding, checking and publishing included.\n",
        );
    }

    fn cycles(&self, text: &mut String) {
        let Some(cycles) = &self.cycles else { return };
        let _ = writeln!(
            text,
            "\n| row | cycles with {} changes among {} records | number | median | p99 | longest | below | CPU of its thread, median | publishing, median |\n\
             |---|---|---|---|---|---|---|---|---|",
            count(cycles.changes),
            count(cycles.records)
        );
        for (what, cycles) in [
            ("without a snapshot", &cycles.alone),
            ("while a snapshot is written in the background", &cycles.beside_snapshot),
        ] {
            let of = |part: fn(&OneCycle) -> Duration| sorted(cycles.iter().map(part));
            let took = of(|cycle| cycle.took);
            let at = |share| ms(quantile(&took, share));
            let _ = writeln!(
                text,
                "| F5 | {what} | {} | {} | {} | {} | {} ms {} | {} | {} |",
                took.len(),
                at(0.5),
                at(0.99),
                at(1.0),
                CYCLE.as_millis(),
                mark(!took.is_empty() && quantile(&took, 0.99) < CYCLE),
                ms(quantile(&of(|cycle| cycle.cpu), 0.5)),
                ms(quantile(&of(|cycle| cycle.publishing), 0.5)),
            );
        }
        let _ = writeln!(
            text,
            "\nA cycle's own time, from its begin to the announcement: asking the log, reading, folding, encoding, reading \
             back, publishing to a directory. The mark is for the p99. Start, with everything that is done once: {} s.",
            digits(cycles.start.as_secs_f64())
        );
    }

    fn freshness(&self, text: &mut String) {
        if self.freshness.is_empty() {
            return;
        }
        text.push_str(
            "\n| row | cadence | records a second, among | observed | median | p99 | oldest | p99 below |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for freshness in &self.freshness {
            let ages = sorted(freshness.ages.iter().copied());
            let at = |share| ms(quantile(&ages, share));
            let most = most(freshness.cadence);
            let _ = writeln!(
                text,
                "| F6 | {} | {}, {} | {} | {} | {} | {} | {} {} |",
                ms(freshness.cadence),
                freshness.per_second,
                count(freshness.records),
                count(ages.len() as u32),
                at(0.5),
                at(0.99),
                at(1.0),
                ms(most),
                mark(!ages.is_empty() && quantile(&ages, 0.99) < most),
            );
        }
        let _ = writeln!(
            text,
            "\nFrom the broker's acknowledgement of a record to its being found, by its key, in the state in force in a \
             consumer that asks every {}.",
            ms(REFRESH)
        );
    }
}

/// A line about a row that is done.
pub(crate) fn rate_line(rate: &Rate) -> String {
    format!(
        "{}/{}/{}/{}: raw {}/s, folded {}/s, {}",
        rate.id,
        rate.records,
        rate.form,
        rate.case,
        rates(&rate.raw),
        rates(&rate.folded),
        percent(share(rate))
    )
}

/// The median of the shares of the runs, each with the raw run beside it.
fn share(rate: &Rate) -> f64 {
    let pairs = rate.raw.iter().zip(&rate.folded);
    median(pairs.map(|(raw, folded)| per_second(folded) / per_second(raw)))
}

/// How old a record may be at a cadence.
fn most(cadence: Duration) -> Duration {
    match cadence < SECOND {
        true => SECOND,
        false => cadence + SECOND,
    }
}

fn mark(reached: bool) -> char {
    if reached { '✓' } else { '✗' }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn ms(duration: Duration) -> String {
    format!("{} ms", digits(duration.as_secs_f64() * 1e3))
}

fn per_second(sample: &Sample) -> f64 {
    sample.ops as f64 * 1e9 / sample.wall_ns.max(1) as f64
}

fn cpu_us(sample: &Sample) -> f64 {
    sample.cpu_ns as f64 / 1e3 / sample.ops.max(1) as f64
}

fn rates(samples: &[Sample]) -> String {
    let mut values: Vec<f64> = samples.iter().map(per_second).collect();
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => "–".to_owned(),
        [one] => digits(*one),
        [least, .., most] => format!(
            "{} ({}–{})",
            digits(median(values.iter().copied())),
            digits(*least),
            digits(*most)
        ),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

fn sorted(durations: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut durations: Vec<Duration> = durations.collect();
    durations.sort_unstable();
    durations
}

/// The smallest of them that so large a share is not above.
fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(wall_ns: u64) -> Sample {
        Sample {
            cpu_ns: 3_000,
            wall_ns,
            ops: 1,
            bytes: 200,
            check: String::new(),
        }
    }

    fn durations(ms: &[u64]) -> Vec<Duration> {
        ms.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let hundred = durations(&(1..=100).collect::<Vec<_>>());
        let at = |share| quantile(&hundred, share).as_millis();
        assert_eq!((at(0.0), at(0.5), at(0.99), at(1.0)), (1, 50, 99, 100));
        assert_eq!(quantile(&durations(&[7]), 0.99).as_millis(), 7);
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    fn report(folded_ns: u64, slowest_cycle: u64, oldest: u64) -> String {
        let one = |took| OneCycle {
            took: Duration::from_millis(took),
            cpu: Duration::from_millis(3),
            publishing: Duration::from_millis(2),
        };
        let report = Report {
            rates: vec![Rate {
                id: "F1",
                records: "200 B",
                form: "JSON",
                case: "distinct keys",
                messages: 1,
                bytes: 215.0,
                raw: [1_000, 500].map(sample).into(),
                folded: [folded_ns, folded_ns].map(sample).into(),
                publishing: Vec::new(),
            }],
            cycles: Some(Cycles {
                records: 10_000_000,
                changes: 1000,
                start: Duration::from_secs(12),
                alone: [10, 11, slowest_cycle].map(one).into(),
                beside_snapshot: [10, 11, 12].map(one).into(),
            }),
            freshness: vec![Freshness {
                cadence: Duration::from_millis(500),
                records: 100_000,
                per_second: 200,
                ages: durations(&[300, 400, oldest]),
            }],
            ..Report::new(Machine::default(), "tiny")
        };
        report.markdown()
    }

    #[test]
    fn figures_are_judged() {
        let marks = |text: String| text.chars().filter(|c| "✓✗".contains(*c)).collect::<String>();
        // 1 000 000 and 2 000 000 raw; two thirds of a million are 67 % and 33 %, so one half.
        let text = report(1_500, 49, 999);
        for line in [
            "| F1 | 200 B, distinct keys | 215 B JSON | 1 500 000 (1 000 000–2 000 000) | 666 667 (666 667–666 667) | 50 % | 50 % ✓ | 3.00, 3.00 µs |",
            "| F5 | without a snapshot | 3 | 11.0 ms | 49.0 ms | 49.0 ms | 50 ms ✓ | 3.00 ms | 2.00 ms |",
            "| F6 | 500 ms | 200, 100 000 | 3 | 400 ms | 999 ms | 999 ms | 1 000 ms ✓ |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(marks(text), "✓✓✓✓");
        assert_eq!(marks(report(1_600, 51, 1_000)), "✗✗✓✗");
        assert_eq!(most(Duration::from_secs(30)), Duration::from_secs(31));
    }
}
