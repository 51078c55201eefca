//! The full evaluation: every video, in every country, from nothing but inputs, instant and policy.
//!
//! Two passes. The first works out what series and seasons lack, because it counts for what lies below them: series first,
//! then seasons. The second judges every video, in ranges of ascending ids, one thread each; ranges are joined in order, so
//! the number of threads does not show in the result.
//!
//! Windows of a series are looked at by all of its episodes. How the countries stand with a set of windows is therefore kept
//! per thread under the positions of those windows.

use super::prepared::{Gathered, ParentBlocks, Prepared};
use super::verdict::{Verdict, blocked, judge};
use crate::facts::WorkKind;
use crate::inputs::TitleRow;
use crate::rules::rights::{Standing, standings};
use crate::rules::service;
use std::collections::HashMap;
use std::rc::Rc;

/// The verdicts on one video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoVerdicts {
    /// The video.
    pub video_id: i64,
    /// A partition of all countries, ascending by the least country of each part.
    pub verdicts: Vec<Verdict>,
}

/// The verdicts on all videos at `instant` (epoch milliseconds), ascending by id, worked out by `threads` threads.
///
/// Costs time proportional to videos and to the distinct answers about each, not to countries.
pub fn evaluate(prepared: &Prepared, instant: i64, threads: usize) -> Vec<VideoVerdicts> {
    let blocks = parent_blocks(prepared, instant);
    let rows = prepared.titles();
    let share = rows.len().div_ceil(threads.clamp(1, 64)).max(1);
    let blocks = &blocks;
    std::thread::scope(|scope| {
        let workers: Vec<_> = rows
            .chunks(share)
            .map(|part| scope.spawn(move || judge_all(prepared, part, blocks, instant)))
            .collect();
        let parts = workers.into_iter().map(|worker| match worker.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        parts.flatten().collect()
    })
}

/// What series and then seasons lack.
fn parent_blocks(prepared: &Prepared, instant: i64) -> ParentBlocks {
    let rows = prepared.titles();
    let mut blocks: ParentBlocks = vec![None; rows.len()];
    for kind in [WorkKind::Series, WorkKind::Season] {
        let mut found = Vec::new();
        {
            let mut room = Gathered::default();
            for (position, row) in rows.iter().enumerate().filter(|(_, row)| row.kind == kind) {
                let facts = prepared.facts(row, &blocks, &mut room);
                found.push((position, blocked(&facts, &prepared.required, instant)));
            }
        }
        for (position, parts) in found {
            blocks[position] = Some(parts);
        }
    }
    blocks
}

fn judge_all(prepared: &Prepared, rows: &[TitleRow], blocks: &ParentBlocks, instant: i64) -> Vec<VideoVerdicts> {
    let mut room = Gathered::default();
    let mut known: HashMap<Vec<u32>, Rc<[Standing]>> = HashMap::new();
    let among = prepared.required.countries.all() - service::closed(&prepared.required);
    let verdict = |row: &TitleRow| {
        let positions = prepared.windows_of(row);
        let standings = match known.get(&positions) {
            Some(standings) => Rc::clone(standings),
            None => {
                let windows: Vec<_> = positions.iter().map(|position| prepared.window(*position)).collect();
                let standings: Rc<[Standing]> = standings(&windows, among, instant).into();
                if !positions.is_empty() {
                    known.insert(positions, Rc::clone(&standings));
                }
                standings
            }
        };
        let facts = prepared.facts(row, blocks, &mut room);
        VideoVerdicts {
            video_id: row.id,
            verdicts: judge(&facts, &standings, &prepared.required, instant),
        }
    };
    rows.iter().map(verdict).collect()
}
