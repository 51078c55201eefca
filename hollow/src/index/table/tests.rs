use super::fill::BATCH;
use super::*;
use crate::index::hash::Seeds;
use crate::testing::entropy;
use std::collections::BTreeMap;

fn ordinal(number: u32) -> Ordinal {
    Ordinal::new(number).expect("small")
}

/// Hashes of ordinals: good ones, or such that all fall on few pages and lines.
#[derive(Clone, Copy)]
struct Hashes {
    seeds: Seeds,
    keep: u64,
}

impl Hashes {
    fn of(&self, entry: Ordinal) -> u64 {
        let mut hasher = self.seeds.hasher();
        hasher.word(u64::from(entry.get()));
        hasher.finish() & self.keep
    }
}

impl Keyed for Hashes {
    fn same(&self, a: Ordinal, b: Ordinal) -> bool {
        a == b
    }
}

fn check(table: &Table, hashes: Hashes, model: &BTreeMap<u32, ()>, highest: u32) {
    assert_eq!(table.len(), model.len());
    for number in 0..highest {
        let entry = ordinal(number);
        let found = table.find(hashes.of(entry), |other| other == entry);
        assert_eq!(found, model.contains_key(&number).then_some(entry));
    }
    let mut entries: Vec<u32> = table.entries().map(Ordinal::get).collect();
    entries.sort_unstable();
    assert!(entries.iter().eq(model.keys()));
}

/// Each line's count of those that passed it, and no entry that its filters hide.
fn check_lines(table: &Table, hashes: Hashes) {
    for page in table.pages() {
        let mut passed = vec![0; page.len()];
        for (at, line) in page.iter().enumerate() {
            for entry in line::entries(line) {
                let hash = hashes.of(entry);
                let mut from = Spread::of(hash, table.pages).home(page.len());
                while from != at {
                    passed[from] += 1;
                    assert_ne!(line::filter(&page[from]) & Mark::of(hash).filter, 0);
                    from = (from + 1) % page.len();
                }
            }
        }
        assert!(passed.iter().copied().eq(page.iter().map(line::passed)));
        assert!(
            page.iter()
                .all(|line| line::passed(line) > 0 || line::filter(line) == 0)
        );
    }
}

#[test]
fn random_insertions_and_removals_are_those_of_a_set() {
    const HIGHEST: u32 = 6000;
    // The last ones let every hash fall on one page, then one line with a few fingerprints.
    for (seed, keep) in [
        (1, u64::MAX),
        (2, 0x0000_0000_FFFF_FFFF),
        (3, 0xFFFF_FFFF_0000_00FF),
        (4, 0x7),
    ] {
        let highest = if keep < u64::from(u32::MAX) {
            HIGHEST / 10
        } else {
            HIGHEST
        };
        let hashes = Hashes {
            seeds: Seeds::random(),
            keep,
        };
        let mut random = entropy(seed);
        let mut table = Table::with_capacity(50);
        let mut model = BTreeMap::new();
        let mut held = Vec::new();
        for round in 0..8 {
            for _ in 0..highest {
                let number = (random() >> 33) as u32 % highest;
                let grows = round % 3 != 2;
                let entry = ordinal(number);
                if grows != random().is_multiple_of(5) {
                    if model.insert(number, ()).is_none() {
                        table.insert(hashes.of(entry), entry, |other| Some(hashes.of(other)));
                    }
                } else {
                    assert_eq!(table.remove(hashes.of(entry), entry), model.remove(&number).is_some());
                }
            }
            check(&table, hashes, &model, highest);
            check_lines(&table, hashes);
            held.push((table.clone(), model.clone()));
        }
        // Tables that were held are as they were.
        for (table, model) in &held {
            check(table, hashes, model, highest);
        }
    }
}

#[test]
fn tables_that_follow_share_lines_and_never_hold_much_more_than_is_in_them() {
    const ENTRIES: u32 = 20_000;
    let hashes = Hashes {
        seeds: Seeds::random(),
        keep: u64::MAX,
    };
    let mut filler = Filler::new(ENTRIES as usize);
    for entry in (0..ENTRIES).map(ordinal) {
        filler.push(hashes.of(entry), entry, &hashes);
    }
    let (mut table, _) = filler.finish(&hashes, |entry| Some(hashes.of(entry)));
    let at_first = table.memory_bytes();
    let mut model: BTreeMap<u32, ()> = (0..ENTRIES).map(|number| (number, ())).collect();
    let mut random = entropy(11);
    let mut held = Vec::new();
    let mut bases = 0;
    for round in 0..400 {
        let before = table.clone();
        let number = 1 + random() % if round % 50 == 49 { 400 } else { 40 };
        table.prepare_for(number as usize);
        for _ in 0..number {
            let gone = (random() >> 33) as u32 % ENTRIES;
            if model.remove(&gone).is_some() {
                assert!(table.remove(hashes.of(ordinal(gone)), ordinal(gone)));
            }
            let new = (random() >> 33) as u32 % ENTRIES;
            if model.insert(new, ()).is_none() {
                table.insert(hashes.of(ordinal(new)), ordinal(new), |other| Some(hashes.of(other)));
            }
        }
        bases += usize::from(!Arc::ptr_eq(&before.base, &table.base));
        let segments = table.changes.as_ref().map_or(0, |changes| changes.num_segments());
        assert!(segments < 12, "{segments} segments");
        let bytes = table.memory_bytes();
        assert!(bytes < at_first * 5 / 2, "{bytes} bytes, {at_first} at first");
        if round % 80 == 3 {
            held.push((table.clone(), model.clone()));
        }
    }
    assert!(bases > 2, "new bases: {bases}");
    held.push((table, model));
    for (table, model) in &held {
        check(table, hashes, model, ENTRIES);
        check_lines(table, hashes);
    }
}

#[test]
fn filling_is_inserting_one_by_one_and_hides_what_comes_twice() {
    struct Tenths(Hashes);
    impl Tenths {
        fn hash(&self, entry: Ordinal) -> u64 {
            self.0.of(ordinal(entry.get() / 10))
        }
    }
    impl Keyed for Tenths {
        fn same(&self, a: Ordinal, b: Ordinal) -> bool {
            a.get() / 10 == b.get() / 10
        }
    }
    let hashes = Hashes {
        seeds: Seeds::random(),
        keep: u64::MAX,
    };
    let highest = 2 * BATCH as u32 + 5;
    let mut filler = Filler::new(1000); // far too few: pages fill up
    let mut all = Filler::new(highest as usize);
    for entry in (0..highest).map(ordinal) {
        all.push(hashes.of(entry), entry, &hashes);
    }
    for entry in (0..20_000).map(ordinal) {
        let tenths = Tenths(hashes);
        filler.push(tenths.hash(entry), entry, &tenths);
    }
    let (table, hidden) = all.finish(&hashes, |entry| Some(hashes.of(entry)));
    assert_eq!((table.len(), hidden.len()), (highest as usize, 0));
    let missing = (0..highest)
        .map(ordinal)
        .find(|&entry| table.find(hashes.of(entry), |other| other == entry) != Some(entry));
    assert_eq!(missing, None);
    assert!(table.memory_bytes() < 8 * highest as usize, "{}", table.memory_bytes());
    check_lines(&table, hashes);

    let tenths = Tenths(hashes);
    let (table, hidden) = filler.finish(&tenths, |entry| Some(tenths.hash(entry)));
    let mut found: Vec<u32> = table.entries().map(Ordinal::get).collect();
    found.sort_unstable();
    assert!(found.iter().copied().eq((0..20_000).step_by(10)));
    let mut hidden: Vec<u32> = hidden.iter().map(|(_, entry)| entry.get()).collect();
    hidden.sort_unstable();
    assert!(hidden.iter().copied().eq((0..20_000).filter(|number| number % 10 != 0)));
}

#[test]
fn a_miss_looks_at_little_more_than_one_line() {
    let hashes = Hashes {
        seeds: Seeds::random(),
        keep: u64::MAX,
    };
    let mut filler = Filler::new(200_000);
    for entry in (0..200_000).map(ordinal) {
        filler.push(hashes.of(entry), entry, &hashes);
    }
    let (table, _) = filler.finish(&hashes, |entry| Some(hashes.of(entry)));
    let (asked, mut passes) = (std::cell::Cell::new(0), 0);
    for entry in (200_000..400_000).map(ordinal) {
        let hash = hashes.of(entry);
        assert_eq!(
            table.find(hash, |_| {
                asked.set(asked.get() + 1);
                false
            }),
            None
        );
        let home = &table.base.lines()[Spread::of(hash, table.pages).line()];
        passes += usize::from(line::filter(home) & Mark::of(hash).filter != 0);
    }
    let asked = asked.get();
    assert!(asked < 2000, "records compared for 200,000 misses: {asked}");
    assert!(passes < 10_000, "misses that looked at a second line: {passes}");
}
