//! The check values published with the rules of the data sets.

use super::Data;

/// Hash over the canonical text, its bytes, and the records handed over where that is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) data: Data,
    pub(crate) n: u32,
    pub(crate) version: u32,
    pub(crate) hash: u64,
    pub(crate) bytes: u64,
    pub(crate) adds: Option<u64>,
}

const fn value(data: Data, n: u32, version: u32, hash: u64, bytes: u64, adds: u64) -> Published {
    let adds = if version == 0 { Some(adds) } else { None };
    Published {
        data,
        n,
        version,
        hash,
        bytes,
        adds,
    }
}

/// All of them, small ones first in each data set.
pub(crate) const PUBLISHED: [Published; 16] = [
    value(Data::D1, 1_000, 0, 0xc8a9_bcf4_78d9_4161, 2_294_809, 99_312),
    value(Data::D1, 1_000, 1, 0xf778_5534_db21_aede, 2_296_762, 0),
    value(Data::D1, 100_000, 0, 0x328c_3f58_203d_601d, 231_671_139, 10_000_617),
    value(Data::D2, 1_000, 0, 0xae13_9894_07aa_e83a, 114_500, 1_813),
    value(Data::D2, 1_000, 1, 0x4f34_81e1_9af1_f4af, 114_546, 0),
    value(Data::D2, 100_000, 0, 0x7011_76eb_08dd_777d, 11_407_310, 180_157),
    value(Data::D2, 1_000_000, 0, 0xbee2_dfdb_e4a8_7cbc, 114_053_342, 1_800_762),
    value(
        Data::D2,
        10_000_000,
        0,
        0x8e0f_d1ab_81fe_7969,
        1_140_408_647,
        18_001_016,
    ),
    value(Data::D3, 1_000, 0, 0x60f4_66e2_9f1a_ecbd, 17_456_480, 948_360),
    value(Data::D3, 1_000, 1, 0x89e3_52f1_e6f4_76d2, 17_456_647, 0),
    value(Data::D3, 10_000, 0, 0x2a97_4f69_c9bd_96a8, 174_285_304, 9_458_017),
    value(Data::D3, 60_000, 0, 0x39f0_2ffe_f0be_2dc0, 1_046_600_435, 56_928_252),
    value(Data::D4, 1_000, 0, 0x5d74_2f18_ac47_9803, 88_603, 1_000),
    value(Data::D4, 1_000, 1, 0xe5f8_1f98_2189_2cb0, 88_429, 0),
    value(Data::D4, 100_000, 0, 0x34d4_8f3e_1261_90bb, 8_843_893, 100_000),
    value(Data::D4, 1_000_000, 0, 0xfb9c_0984_1f57_b3f4, 88_452_921, 1_000_000),
];

/// Snapshots as Java Hollow 7.14.51 writes them of version 0: one thread, index order, shards of 16 MiB, no header tags.
pub(crate) const SNAPSHOT_BYTES: [(Data, u32, u64); 4] = [
    (Data::D1, 100_000, 51_363_116),
    (Data::D2, 10_000_000, 327_615_482),
    (Data::D3, 60_000, 84_130_114),
    (Data::D4, 1_000_000, 69_704_459),
];

impl Published {
    /// Whether what was found is what is published.
    pub(crate) fn is(&self, hash: u64, bytes: u64, adds: u64) -> bool {
        hash == self.hash && bytes == self.bytes && self.adds.is_none_or(|published| adds == published)
    }
}
