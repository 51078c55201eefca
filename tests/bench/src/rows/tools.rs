//! T1, T2: checksum and diff. H100: many states held at once.

use super::context::open;
use super::{Context, Group, Row, RowResult, Unit, row};
use crate::chain;
use crate::data::{CYCLES_PER_RATE, Data};
use crate::measure::{Sample, Stopwatch};
use crate::memory::held;
use crate::scale::Scale;
use hollow::read::ReadState;
use hollow::tools::checksum::Checksums;

/// States held beside the first.
const HELD: u32 = 100;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    let few = |row: Row| Row {
        repetitions: scale.repetitions.min(3),
        ..row
    };
    for data in [Data::D1, Data::D2, Data::D3, Data::D4] {
        let checksum = row(scale, Group::Read, data, "T1", "checksum of the whole state (Java's)").does(checksum);
        rows.push(few(if data == Data::D2 {
            checksum.target(3.0)
        } else {
            checksum
        }));
    }
    for data in [Data::D1, Data::D3] {
        let diff = row(scale, Group::Read, data, "T2", "diff of two states, 1 % changed");
        rows.push(few(diff.target(100.0).does(diff_states)));
    }
    let title = "100 states 0.1 % apart, all held: memory by that of one and the content of the deltas (at most 1.3)";
    rows.push(Row {
        warm_up: 0,
        repetitions: 1,
        ..row(scale, Group::Held, Data::D1, "H100", title)
            .unit(Unit::Factor)
            .does(hold)
    });
}

fn checksum(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let state = &context.at(0)?.state;
    let mut watch = Stopwatch::default();
    let checksums = watch.time(|| Checksums::of(state));
    Ok(watch.sample(1, 0, checksums.total).into())
}

fn diff_states(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let first = 2 * CYCLES_PER_RATE; // the next cycle is the first of 1 %
    let before = context.at(first)?.state.clone();
    let after = &context.at(first + 1)?.state;
    let types = vec![context_root(after)];
    let options = diff_tool::Options {
        types,
        ..diff_tool::Options::default()
    };
    let mut watch = Stopwatch::default();
    let diff = watch.time(|| diff_tool::diff(&before, after, &options));
    let modified: usize = diff.types.iter().map(|ty| ty.modified.len()).sum();
    Ok(watch.sample(1, 0, modified).into())
}

/// The top-level type: that of the data sets which is the first to be there.
fn context_root(state: &ReadState) -> String {
    let roots = ["Movie", "Video"].into_iter().find(|root| state.ty(root).is_some());
    roots.unwrap_or_default().to_owned()
}

fn hold(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let chain = chain::Chain::of_small_changes(context.directory(), context.data, context.n, HELD)?;
    let bytes = open(&chain.snapshot())?;
    let (first, one) = held(|| ReadState::from_snapshot(&bytes));
    let (first, mut content) = (first?, 0);
    let (states, more) = held(|| -> anyhow::Result<Vec<ReadState>> {
        let mut states = Vec::with_capacity(HELD as usize + 1);
        states.push(first);
        for cycle in 1..=HELD {
            let delta = open(&chain.delta(cycle))?;
            content += delta.len() as u64;
            let next = states[cycle as usize - 1].apply_delta(&delta)?;
            states.push(next);
        }
        Ok(states)
    });
    let states = states?;
    // Each of them is still what it was.
    let readable = states.iter().filter(|state| !state.header_tags().is_empty()).count();
    let sample = Sample {
        ops: one + content,
        bytes: one + more,
        check: readable.to_string(),
        ..Sample::default()
    };
    Ok(sample.into())
}
