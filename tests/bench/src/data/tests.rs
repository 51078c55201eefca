//! The published check values.

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

fn check<D: Dataset>(data: &D, n: u32, version: u32) -> (String, u64, Add) {
    let (mut hash, mut bytes, mut adds, mut line) = (Fnv::new(), 0, 0, String::new());
    for i in 0..n {
        let record = data.record(i, version);
        line.clear();
        data.canonical(&record, &mut line);
        line.push('\n');
        hash.update(line.as_bytes());
        bytes += line.len() as u64;
        adds += data.adds(&record);
    }
    (format!("{:016x}", hash.0), bytes, adds)
}

fn expect<D: Dataset>(data: &D, n: u32, version: u32, hash: &str, bytes: u64, adds: Option<Add>) {
    let found = check(data, n, version);
    assert_eq!(
        (found.0.as_str(), found.1),
        (hash, bytes),
        "{} records, version {version}",
        n
    );
    if let Some(adds) = adds {
        assert_eq!(found.2, adds, "add() calls of {n} records");
    }
}

#[test]
fn d1_is_as_published() {
    let data = d1::Catalog::new();
    expect(&data, 1000, 0, "c8a9bcf478d94161", 2_294_809, Some(99_312));
    expect(&data, 1000, 1, "f7785534db21aede", 2_296_762, None);
}

#[test]
fn d2_is_as_published() {
    let data = d2::Flats::new();
    expect(&data, 1000, 0, "ae13989407aae83a", 114_500, Some(1813));
    expect(&data, 100_000, 0, "701176eb08dd777d", 11_407_310, Some(180_157));
    expect(&data, 1000, 1, "4f3481e19af1f4af", 114_546, None);
}

#[test]
fn d3_is_as_published() {
    let data = d3::Liveness::new();
    expect(&data, 1000, 0, "60f466e29f1aecbd", 17_456_480, Some(948_360));
    expect(&data, 1000, 1, "89e352f1e6f476d2", 17_456_647, None);
}

#[test]
fn d4_is_as_published() {
    let data = d4::Strings;
    expect(&data, 1000, 0, "5d742f18ac479803", 88_603, Some(1000));
    expect(&data, 100_000, 0, "34d48f3e126190bb", 8_843_893, Some(100_000));
    expect(&data, 1000, 1, "e5f81f9821892cb0", 88_429, None);
}

/// Minutes without optimisation: `cargo test --release -p bench -- --ignored`.
#[test]
#[ignore = "the sizes of a full run take long"]
fn the_large_ones_are_as_published() {
    let d1 = d1::Catalog::new();
    expect(&d1, 100_000, 0, "328c3f58203d601d", 231_671_139, Some(10_000_617));
    let d2 = d2::Flats::new();
    expect(&d2, 1_000_000, 0, "bee2dfdbe4a87cbc", 114_053_342, Some(1_800_762));
    expect(&d2, 10_000_000, 0, "8e0fd1ab81fe7969", 1_140_408_647, Some(18_001_016));
    let d3 = d3::Liveness::new();
    expect(&d3, 10_000, 0, "2a974f69c9bd96a8", 174_285_304, Some(9_458_017));
    expect(&d3, 60_000, 0, "39f02ffef0be2dc0", 1_046_600_435, Some(56_928_252));
    expect(
        &d4::Strings,
        1_000_000,
        0,
        "fb9c09841f57b3f4",
        88_452_921,
        Some(1_000_000),
    );
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
