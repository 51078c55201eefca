use super::*;
use proptest::collection::btree_set;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn set(bits: &BTreeSet<u8>) -> CountrySet {
    bits.iter().copied().map(CountryIndex).collect()
}

fn bits(set: &CountrySet) -> BTreeSet<u8> {
    set.iter().map(|country| country.0).collect()
}

proptest! {
    #[test]
    fn a_set_behaves_like_a_set(a in btree_set(any::<u8>(), 0..256), b in btree_set(any::<u8>(), 0..256), probe: u8) {
        let (sa, sb) = (set(&a), set(&b));
        prop_assert_eq!(bits(&sa), a.clone());
        prop_assert_eq!(sa.len(), a.len());
        prop_assert_eq!(sa.is_empty(), a.is_empty());
        prop_assert_eq!(sa.contains(CountryIndex(probe)), a.contains(&probe));
        prop_assert_eq!(sa.least().map(|c| c.0), a.first().copied());
        prop_assert_eq!(bits(&(sa & sb)), &a & &b);
        prop_assert_eq!(bits(&(sa | sb)), &a | &b);
        prop_assert_eq!(bits(&(sa ^ sb)), &a ^ &b);
        prop_assert_eq!(bits(&(sa - sb)), &a - &b);
        prop_assert_eq!(sa.overlaps(&sb), !a.is_disjoint(&b));
        prop_assert_eq!(sa.is_within(&sb), a.is_subset(&b));
        prop_assert_eq!(sa == sb, a == b);
    }
}

#[test]
fn the_first_n_are_counted_from_the_least() {
    assert!(CountrySet::first(0).is_empty());
    assert_eq!(CountrySet::first(65).to_string(), "0-64");
    assert_eq!(CountrySet::first(256).len(), 256);
    assert_eq!(CountrySet::first(1000).len(), 256);
}

#[test]
fn runs_are_folded_when_shown() {
    let set: CountrySet = [0, 1, 2, 17, 255].map(CountryIndex).into_iter().collect();
    assert_eq!(set.to_string(), "0-2 17 255");
    assert_eq!(format!("{set:?}"), "{0-2 17 255}");
}

#[test]
fn a_country_is_its_rank_by_code() {
    let countries = Countries::new(["KR", "DE", "TW", "DE"]).expect("three codes");
    assert_eq!(countries.codes().collect::<Vec<_>>(), ["DE", "KR", "TW"]);
    assert_eq!(countries.index("KR"), Some(CountryIndex(1)));
    assert_eq!(countries.index("AA"), None);
    assert_eq!(countries.code(CountryIndex(2)), "TW");
    assert_eq!(countries.code(CountryIndex(3)), "");
    assert_eq!(countries.list(&countries.all()).to_string(), "DE KR TW");
    assert_eq!(countries.set(["TW", "XX", "DE"]).to_string(), "0 2");
}

#[test]
fn more_countries_than_bits_are_refused() {
    let codes = |count: usize| (0..count).map(|number| format!("{number:03}"));
    assert_eq!(Countries::new(codes(256)).expect("as many as bits").all().len(), 256);
    assert_eq!(Countries::new(codes(257)), Err(CountriesError::TooMany { found: 257 }));
}
