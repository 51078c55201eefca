use super::*;
use crate::testing::entropy;
use std::collections::BTreeSet;

fn ordinal(number: u32) -> Ordinal {
    Ordinal::new(number).expect("small")
}

fn pairs(list: &Ordered) -> Vec<(u64, u32)> {
    list.iter().map(|entry| (entry.head, entry.ordinal.get())).collect()
}

#[test]
fn random_insertions_and_removals_are_those_of_an_ordered_set() {
    // Many heads, few heads, one head: what is left to the ordinals differs.
    for (seed, heads) in [(1, u64::MAX), (2, 7), (3, 1)] {
        let mut random = entropy(seed);
        let mut model = BTreeSet::new();
        let mut list = Ordered::default();
        let mut held = Vec::new();
        for round in 0..9 {
            for _ in 0..2500 {
                let number = (random() >> 40) as u32 % 4000;
                let head = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) % heads;
                let entry = Entry {
                    head,
                    ordinal: ordinal(number),
                };
                let order = |other: Ordinal| other.cmp(&entry.ordinal);
                if (round % 3 == 2) == random().is_multiple_of(7) {
                    if model.insert((head, number)) {
                        list.insert(entry, order);
                    }
                } else {
                    assert_eq!(list.remove(entry, order), model.remove(&(head, number)));
                }
            }
            assert!(pairs(&list).iter().eq(&model));
            assert_eq!(list.len(), model.len());
            assert!(
                list.tops
                    .iter()
                    .all(|top| top.block.heads.len() <= BLOCK && top.block.heads[0] == top.first)
            );
            for number in (0..4100).step_by(13) {
                let head = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) % heads;
                let place = list.lower_bound(head, |other| other.cmp(&ordinal(number)));
                let expected = model.range((head, number)..).next().copied();
                assert_eq!(list.get(place).map(|entry| (entry.head, entry.ordinal.get())), expected);
                let before = model.range(..(head, number)).count();
                assert_eq!(list.count(Place(0, 0), place), before);
                assert_eq!(list.between(place, list.end()).count(), model.len() - before);
            }
            held.push((list.clone(), model.clone()));
        }
        for (list, model) in &held {
            assert!(pairs(list).iter().eq(model));
        }
    }
}

#[test]
fn building_is_inserting_and_what_dwindles_is_joined() {
    let entries: Vec<Entry> = (0..10_000)
        .map(|number| Entry {
            head: u64::from(number / 3),
            ordinal: ordinal(number),
        })
        .collect();
    let mut list = Ordered::build(&entries);
    assert!(list.iter().eq(entries.iter().copied()));
    for entry in entries.iter().filter(|entry| entry.ordinal.get() % 100 != 0) {
        assert!(list.remove(*entry, |other| other.cmp(&entry.ordinal)));
    }
    assert!(list.iter().eq(entries.iter().copied().step_by(100)));
    assert!(list.tops.len() <= 4, "{} blocks for 100 entries", list.tops.len());
    assert!(Ordered::build(&[]).is_empty());
    assert_eq!(Ordered::build(&[]).get(Place(0, 0)), None);
}
