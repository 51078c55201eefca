//! Sweeps against a reference: the state is a function of the log up to the published offsets, however cycles cut it.

use super::*;
use crate::Offsets;
use crate::source::{BoxError, LogView, Reading, Record, SourceError};
use crate::sweep::SweepRange;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// A message of the log to be.
#[derive(Clone, Debug)]
enum Event {
    Value {
        id: i64,
        version: Option<i64>,
        swept: bool,
        name: usize,
    },
    Delete {
        id: i64,
        version: Option<i64>,
        swept: bool,
    },
    Nonsense {
        id: i64,
        swept: bool,
    },
    /// Neither key nor record can be read.
    Noise {
        swept: bool,
    },
    Mark {
        sweep: usize,
        kind: MarkKind,
    },
}

/// One of two sweeps.
#[derive(Clone, Debug)]
struct Swept {
    from: Option<i64>,
    to: Option<i64>,
}

impl Swept {
    fn contains(&self, id: i64) -> bool {
        self.from.is_none_or(|from| id >= from) && self.to.is_none_or(|to| id < to)
    }

    fn mark(&self, sweep: usize, kind: MarkKind, partitions: i32) -> SweepMark {
        let key = |id: Option<i64>| id.map(|id| vec![id.into()]);
        SweepMark {
            range: SweepRange {
                from: key(self.from),
                to: key(self.to),
            },
            ..SweepMark::everything(&format!("s{sweep}"), kind, partitions)
        }
    }
}

#[derive(Clone, Debug)]
struct Case {
    partitions: Vec<Vec<Event>>,
    sweeps: Vec<Swept>,
    steps: Vec<Step>,
    limit: u64,
    republish: u64,
    /// In percent; all, with two sweeps.
    most_removed: u32,
}

#[derive(Clone, Debug)]
enum Step {
    /// So many more messages of each partition are there.
    Grow(Vec<usize>),
    Cycle,
    FailingCycle,
    Restart,
}

fn message(partition: usize, partitions: usize) -> impl Strategy<Value = Event> {
    let id = (0..5_i64).prop_map(move |n| n * partitions as i64 + partition as i64);
    let version = prop_oneof![1 => Just(None), 2 => (0..6_i64).prop_map(Some)];
    (id, version, any::<bool>(), 0..30_u8, 0..1000_usize).prop_map(|(id, version, swept, what, name)| match what {
        0..18 => Event::Value {
            id,
            version,
            swept,
            name,
        },
        18..25 => Event::Delete {
            id,
            version,
            swept: swept && what < 20,
        },
        25..29 => Event::Nonsense { id, swept },
        _ => Event::Noise {
            swept: swept && name < 200,
        },
    })
}

fn partition(index: usize, partitions: usize, sweeps: usize) -> impl Strategy<Value = Vec<Event>> {
    let messages = prop::collection::vec(message(index, partitions), 0..24);
    let places = prop::collection::vec(any::<prop::sample::Index>(), 2 * sweeps);
    (messages, places, 0..40_u8).prop_map(move |(mut messages, places, slip)| {
        let mut places: Vec<usize> = places.iter().map(|place| place.index(messages.len() + 1)).collect();
        places.sort_unstable();
        let mut marks: Vec<Event> = (0..sweeps)
            .flat_map(|sweep| [MarkKind::Begin, MarkKind::End].map(|kind| Event::Mark { sweep, kind }))
            .collect();
        match (slip, marks.len()) {
            (0, 4) => marks.swap(1, 2), // the second begins before the first has ended
            (1, 2..) => marks.swap(0, 1),
            (2, 2..) => marks[1] = marks[0].clone(),
            (3, 4) => marks[2] = marks[1].clone(),
            _ => {}
        }
        for (place, mark) in places.into_iter().zip(marks).rev() {
            messages.insert(place, mark);
        }
        messages
    })
}

fn case() -> impl Strategy<Value = Case> {
    let bound = || prop_oneof![3 => Just(None), 1 => (0..20_i64).prop_map(Some)];
    let swept = (bound(), bound()).prop_map(|(from, to)| Swept { from, to });
    (1..=4_usize, prop::collection::vec(swept, 0..=2)).prop_flat_map(|(count, sweeps)| {
        let partitions: Vec<_> = (0..count)
            .map(|index| partition(index, count, sweeps.len()).boxed())
            .collect();
        let step = prop_oneof![
            4 => prop::collection::vec(0..8_usize, count).prop_map(Step::Grow),
            4 => Just(Step::Cycle),
            1 => Just(Step::FailingCycle),
            1 => Just(Step::Restart),
        ];
        let steps = prop::collection::vec(step, 1..30);
        let share = if sweeps.len() == 1 { 0..=100_u32 } else { 100..=100 };
        (partitions, Just(sweeps), steps, 1..40_u64, 1..40_u64, share).prop_map(
            |(partitions, sweeps, steps, limit, republish, most_removed)| Case {
                partitions,
                sweeps,
                steps,
                limit,
                republish,
                most_removed,
            },
        )
    })
}

/// A log that has grown only so far.
#[derive(Clone)]
struct Growing {
    source: MemorySource,
    ends: Arc<Mutex<Vec<i64>>>,
}

impl Source for Growing {
    fn topic(&self) -> &str {
        self.source.topic()
    }
    fn look(&mut self) -> Result<LogView, SourceError> {
        let mut view = self.source.look()?;
        let ends = self.ends.lock().expect("no panic");
        for (range, end) in view.partitions.values_mut().zip(ends.iter()) {
            range.end = *end;
        }
        Ok(view)
    }
    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        self.source.read(from, cut, limits, fold)
    }
}

/// What one partition's log says, up to an offset.
#[derive(Default)]
struct Told {
    /// The last thing that became of a record, and where.
    last: BTreeMap<i64, (usize, Option<String>)>,
    /// By sweep: its begin mark and its end mark, if nothing came between.
    marks: Vec<(Option<usize>, Option<usize>)>,
    /// By sweep: keys with a message between the marks.
    shown: Vec<BTreeSet<i64>>,
    /// By sweep: records that were there at the end mark and were not shown.
    hidden: Vec<BTreeSet<i64>>,
    /// Sweeps that cannot come to a good end.
    spoilt: BTreeSet<usize>,
}

fn told(events: &[Event], sweeps: &[Swept]) -> Told {
    let mut told = Told {
        marks: vec![(None, None); sweeps.len()],
        shown: vec![BTreeSet::new(); sweeps.len()],
        hidden: vec![BTreeSet::new(); sweeps.len()],
        ..Told::default()
    };
    let mut open: Option<usize> = None;
    let mut live: BTreeMap<i64, Option<i64>> = BTreeMap::new();
    for (offset, event) in events.iter().enumerate() {
        let mut show = |id: i64| {
            if let Some(sweep) = open.filter(|&sweep| sweeps[sweep].contains(id)) {
                told.shown[sweep].insert(id);
            }
        };
        let (id, version, swept, after) = match event {
            Event::Value {
                id,
                version,
                swept,
                name,
            } => (*id, *version, *swept, Some(format!("n{name}"))),
            Event::Delete { id, version, swept } => (*id, *version, *swept, None),
            Event::Nonsense { id, .. } => {
                show(*id);
                continue;
            }
            Event::Noise { swept } => {
                if let (true, Some(sweep)) = (swept, open) {
                    told.spoilt.insert(sweep);
                }
                continue;
            }
            Event::Mark {
                sweep,
                kind: MarkKind::Begin,
            } => {
                if told.marks[*sweep].0.is_none() {
                    told.spoilt.extend(open);
                    told.marks[*sweep].0 = Some(offset);
                    open = Some(*sweep);
                    live.clear();
                }
                continue;
            }
            Event::Mark {
                sweep,
                kind: MarkKind::End,
            } => {
                if open == Some(*sweep) {
                    told.marks[*sweep].1 = Some(offset);
                    open = None;
                    for (id, (_, value)) in &told.last {
                        if value.is_some() && sweeps[*sweep].contains(*id) && !told.shown[*sweep].contains(id) {
                            told.hidden[*sweep].insert(*id);
                        }
                    }
                }
                continue;
            }
        };
        show(id);
        if open.is_some() {
            match live.get_mut(&id) {
                Some(seen) if swept => match (*seen, version) {
                    (Some(older), Some(newer)) if newer > older => *seen = version,
                    _ => continue, // it is older than what is there
                },
                Some(seen) => *seen = seen.max(&mut version.clone()).filter(|_| version.is_some()),
                None if !swept => {
                    live.insert(id, version);
                }
                None => {}
            }
        }
        told.last.insert(id, (offset, after));
    }
    told
}

/// What is there after these parts of the log.
fn reference(case: &Case, ends: &[usize]) -> BTreeMap<i64, String> {
    let parts = case.partitions.iter().zip(ends);
    let told: Vec<Told> = parts.map(|(events, &end)| told(&events[..end], &case.sweeps)).collect();
    let effective: Vec<usize> = (0..case.sweeps.len())
        .filter(|sweep| {
            let complete = told
                .iter()
                .all(|t| t.marks[*sweep].1.is_some() && !t.spoilt.contains(sweep));
            let shown: usize = told.iter().map(|t| t.shown[*sweep].len()).sum();
            let hidden: usize = told.iter().map(|t| t.hidden[*sweep].len()).sum();
            complete && 100 * hidden <= case.most_removed as usize * (shown + hidden)
        })
        .collect();
    let mut titles = BTreeMap::new();
    for t in &told {
        for (id, (offset, value)) in &t.last {
            let gone = effective.iter().any(|&sweep| {
                let begun = t.marks[sweep].0.is_some_and(|begin| *offset < begin);
                begun && case.sweeps[sweep].contains(*id) && !t.shown[sweep].contains(id)
            });
            if let Some(name) = value.as_ref().filter(|_| !gone) {
                titles.insert(*id, name.clone());
            }
        }
    }
    titles
}

fn write(bench: &Bench, case: &Case) {
    let count = case.partitions.len() as i32;
    for (index, events) in case.partitions.iter().enumerate() {
        for event in events {
            let headers = |version: &Option<i64>, swept: &bool| {
                let version = version.map(|version| ("source-version", version.to_string()));
                let swept = swept.then(|| ("sweep", "s0".to_owned()));
                version.into_iter().chain(swept).collect::<Vec<_>>()
            };
            let send = |id: i64, payload: Option<Vec<u8>>, headers: Vec<(&str, String)>| {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                bench.send(id, payload.as_deref(), &headers);
            };
            match event {
                Event::Value {
                    id,
                    version,
                    swept,
                    name,
                } => {
                    send(*id, Some(payload(*id, &format!("n{name}"))), headers(version, swept));
                }
                Event::Delete { id, version, swept } => send(*id, None, headers(version, swept)),
                Event::Nonsense { id, swept } => send(*id, Some(b"nonsense".to_vec()), headers(&None, swept)),
                Event::Noise { swept } => {
                    let headers: &[(&str, &[u8])] = if *swept { &[("sweep", b"s0")] } else { &[] };
                    bench.log.append(index, Some(b"noise"), None, headers);
                }
                Event::Mark { sweep, kind } => {
                    bench.mark_in(index as i32, &case.sweeps[*sweep].mark(*sweep, *kind, count));
                }
            }
        }
    }
}

fn check(bench: &Bench, case: &Case) -> Result<Vec<usize>, TestCaseError> {
    let state = announced(&bench.store);
    let offsets: Offsets = state.header_tags()["kafka.offsets"].parse().expect("offsets");
    let ends: Vec<usize> = offsets.iter().map(|(_, offset)| offset as usize).collect();
    prop_assert_eq!(titles(&state), reference(case, &ends), "offsets={}", offsets);
    Ok(ends)
}

fn run(case: &Case) -> Result<(), TestCaseError> {
    let mut bench = Bench::new(case.partitions.len() as i32);
    bench.settings.limits.messages = case.limit;
    bench.settings.republish_after_messages = case.republish;
    bench.settings.most_removed = Share::of_a_million(case.most_removed * 10_000);
    bench.settings.letters.most_in_a_row = 1_000;
    write(&bench, case);
    let source = Growing {
        source: MemorySource::new("titles", bench.log.clone()),
        ends: Arc::new(Mutex::new(vec![0; case.partitions.len()])),
    };
    let mut fold = bench.fold_of(Box::new(source.clone()));
    let cycle = |fold: &mut Fold| fold.cycle().map_err(|failure| TestCaseError::fail(failure.text));
    for step in &case.steps {
        match step {
            Step::Grow(by) => {
                let mut ends = source.ends.lock().expect("no panic");
                for ((end, by), events) in ends.iter_mut().zip(by).zip(&case.partitions) {
                    *end = (*end + *by as i64).min(events.len() as i64);
                }
            }
            Step::Cycle => {
                cycle(&mut fold)?;
                check(&bench, case)?;
            }
            Step::FailingCycle => {
                bench.letters.fail_next(1);
                let _ = fold.cycle();
                bench.letters.fail_next(0);
            }
            Step::Restart => fold = bench.fold_of(Box::new(source.clone())),
        }
    }
    let all: Vec<i64> = case.partitions.iter().map(|events| events.len() as i64).collect();
    source.ends.lock().expect("no panic").clone_from(&all);
    while cycle(&mut fold)?.behind > 0 {}
    check(&bench, case)?;
    // And whoever begins with all of it comes to the same.
    bench.settings.republish_after_messages = 1;
    let mut fold = bench.fold_of(Box::new(source));
    while cycle(&mut fold)?.behind > 0 {}
    let ends = check(&bench, case)?;
    prop_assert_eq!(ends.iter().map(|&end| end as i64).collect::<Vec<_>>(), all);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn the_state_is_a_function_of_the_log(case in case()) {
        run(&case)?;
    }
}
