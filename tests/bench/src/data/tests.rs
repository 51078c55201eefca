//! The published check values.

use super::published::{PUBLISHED, Published};
use super::*;

#[test]
fn the_stream_gives_the_published_numbers() {
    let mut s = Stream::new(0xD2, 1, 2);
    let first: Vec<u64> = (0..3).map(|_| s.next()).collect();
    assert_eq!(
        first,
        [0xf0bd_3c19_58a3_104c, 0xab42_d329_e7f4_2e86, 0xea0f_028e_e8a4_1f19]
    );
    assert_eq!(s.below(1000), 542);
    assert_eq!(s.unit().to_bits(), 0x3fe7_7953_ae7d_ec65);
}

fn expect(values: impl Iterator<Item = Published>) {
    let (d1, d2, d3, d4) = (d1::Catalog::new(), d2::Flats::new(), d3::Liveness::new(), d4::Strings);
    for published in values {
        let (n, version) = (published.n, published.version);
        let (hash, bytes, adds) = match published.data {
            Data::D1 => check(&d1, n, version),
            Data::D2 => check(&d2, n, version),
            Data::D3 => check(&d3, n, version),
            Data::D4 => check(&d4, n, version),
        };
        assert!(
            published.is(hash, bytes, adds),
            "{published:?}: hash={hash:016x} bytes={bytes} adds={adds}"
        );
    }
}

#[test]
fn the_data_sets_are_as_published() {
    expect(PUBLISHED.into_iter());
}

#[test]
fn change_sets_are_as_published() {
    for (data, picked, smallest, hash) in [
        (Data::D1, 996, 93, 0x3a18_f7e5_946d_1b20_u64),
        (Data::D2, 997, 76, 0xcdfb_fcad_b7c9_ddc4),
        (Data::D3, 994, 254, 0xe4d5_7e23_c393_8274),
        (Data::D4, 997, 32, 0xa376_86ed_3b13_8aa9),
    ] {
        let set = data.changed(100_000, 7, 1000);
        let mut found = Fnv::new();
        set.iter().for_each(|i| found.update(format!("{i}\n").as_bytes()));
        assert_eq!(
            (set.len(), set.first(), found.0),
            (picked, Some(&smallest), hash),
            "{data}"
        );
    }
}

#[test]
fn single_records_are_as_published() {
    let mut line = String::new();
    let data = d2::Flats::new();
    data.canonical(&data.record(4, 0), &mut line);
    assert_eq!(
        line,
        r#"{"id":10617743044,"i":-274022,"d":"408e886e17e25c68","b":true,"s":"abshnghmjwssy","ref":null}"#
    );
    line.clear();
    d4::Strings.canonical(&d4::Strings.record(0, 1), &mut line);
    assert_eq!(
        line,
        r#"{"id":5000000000,"text":"hsnchxfepmaqu fa e plyzgm sbtl cadyt umhjt"}"#
    );
}

#[test]
fn the_chain_has_five_cycles_of_each_rate() {
    let draws: Vec<u32> = (1..=CHAIN).map(|cycle| draws(100_000, cycle)).collect();
    assert_eq!(draws[..6], [10, 10, 10, 10, 10, 100]);
    assert_eq!(draws[14..16], [1000, 10_000]);
    assert_eq!(draws.len(), 20);
    assert_eq!(super::draws(1000, 1), 1);
}
