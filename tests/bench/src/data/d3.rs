//! D3 `liveness`: every video has a status in each of 190 countries; few of the statuses differ.

use super::stream::{Stream, code2};
use super::{Add, Dataset};
use std::fmt::Write as _;

pub(crate) const COUNTRIES: u32 = 190;
pub(crate) const REASONS: u32 = 61;
const DAY: i64 = 86_400_000;

#[derive(Clone, Debug)]
pub(crate) struct Video {
    pub(crate) id: i64,
    /// Number of the profile in each country.
    pub(crate) statuses: Vec<u32>,
}

/// One of the 25 000 statuses.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) state: i32,
    pub(crate) tier: i32,
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    pub(crate) flag: bool,
    /// Codes, in the order drawn.
    pub(crate) reasons: Vec<i32>,
}

/// Country codes and statuses.
#[derive(Debug)]
pub(crate) struct Liveness {
    pub(crate) countries: Vec<String>,
    pub(crate) profiles: Vec<Status>,
}

impl Liveness {
    pub(crate) fn new() -> Self {
        Self {
            countries: (0..COUNTRIES as usize).map(code2).collect(),
            profiles: (0..25_000).map(profile).collect(),
        }
    }
}

fn profile(p: u64) -> Status {
    let mut s = Stream::new(0xD310, p, 0);
    let (state, tier) = (s.below(6) as i32, s.below(4) as i32);
    let has_start = s.below(10) < 7;
    let start = 1_500_000_000_000 + i64::from(s.below(2000)) * DAY;
    let has_end = s.below(10) < 3;
    let end = start + i64::from(30 + s.below(700)) * DAY;
    let flag = s.coin();
    let (count, first, step) = (s.below(5), s.below(REASONS), 1 + s.below(REASONS - 1));
    Status {
        state,
        tier,
        start: has_start.then_some(start),
        end: has_end.then_some(end),
        flag,
        reasons: (0..count)
            .map(|k| 100 + ((first + k * step) % REASONS) as i32)
            .collect(),
    }
}

/// The key of video `i`.
pub(crate) fn id(i: u32) -> i64 {
    70_000_000 + 7 * i64::from(i)
}

impl Dataset for Liveness {
    type Record = Video;
    const TAG: u64 = 0xD3;
    const SCHEMA: &'static str = "
        Video @PrimaryKey(id) { long id; MapOfCountryToStatus statuses; }
        MapOfCountryToStatus Map<Country,Status> @HashKey(code);
        Country { string code; }
        Status { int state; int tier; long start; long end; boolean flag; SetOfReason reasons; }
        SetOfReason Set<Reason> @HashKey(code);
        Reason { int code; }";
    const ROOT: &'static str = "Video";

    fn record(&self, i: u32, version: u32) -> Video {
        let mut s = Stream::new(0xD300, i.into(), 0);
        let profiles: Vec<u32> = (0..1 + s.below(5)).map(|_| s.below(20_000)).collect();
        let mut statuses: Vec<u32> = (0..COUNTRIES)
            .map(|_| profiles[s.below(profiles.len() as u32) as usize])
            .collect();
        if version > 0 {
            let mut s = Stream::new(0xD301, i.into(), version.into());
            for _ in 0..1 + s.below(5) {
                let country = s.below(COUNTRIES) as usize;
                statuses[country] = 20_000 + s.below(5_000);
            }
        }
        Video { id: id(i), statuses }
    }

    fn adds(&self, video: &Video) -> Add {
        let of = |&profile: &u32| 3 + self.profiles[profile as usize].reasons.len() as Add;
        2 + video.statuses.iter().map(of).sum::<Add>()
    }

    fn canonical(&self, video: &Video, out: &mut String) {
        let _ = write!(out, "{{\"id\":{},\"statuses\":{{", video.id);
        // The codes ascend with the numbers.
        for (country, &profile) in video.statuses.iter().enumerate() {
            let status = &self.profiles[profile as usize];
            let time = |time: Option<i64>| time.map_or("null".to_owned(), |time| time.to_string());
            let mut reasons = status.reasons.clone();
            reasons.sort_unstable();
            let reasons: Vec<_> = reasons.iter().map(i32::to_string).collect();
            let _ = write!(
                out,
                "{}\"{}\":{{\"state\":{},\"tier\":{},\"start\":{},\"end\":{},\"flag\":{},\"reasons\":[{}]}}",
                if country == 0 { "" } else { "," },
                self.countries[country],
                status.state,
                status.tier,
                time(status.start),
                time(status.end),
                status.flag,
                reasons.join(",")
            );
        }
        out.push_str("}}");
    }
}
