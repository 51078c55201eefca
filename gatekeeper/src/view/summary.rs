//! The figures of a state, counted once when it comes into force.

use super::LivenessView;
use crate::reason::Code;
use crate::status::Status;

/// Cells by status, in the order of [`Status::ALL`].
pub type StatusCounts = [u64; Status::ALL.len()];

/// How often a reason keeps something from going live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct CodeCounts {
    /// Cells that are blocked and name it.
    pub blocked: u64,
    /// Cells that are at risk or preparing and name it.
    pub ahead: u64,
    /// Cells that are live and name it as a gap.
    pub gaps: u64,
    /// Videos with a cell that names it.
    pub videos: u64,
}

/// A window that opens soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The first opening, epoch milliseconds.
    pub at: i64,
    /// The video.
    pub video: i64,
    /// Its cells that open within the horizon, by status.
    pub cells: StatusCounts,
    /// The codes missing in them, a bit each.
    pub codes: u32,
}

/// The figures of a state.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Cells by status.
    pub cells: StatusCounts,
    /// Videos with at least one cell in the status.
    pub videos: StatusCounts,
    /// By country, in the order of the countries: cells by status.
    pub by_country: Vec<StatusCounts>,
    /// By code, in the order of [`Code::ALL`].
    pub by_code: Vec<CodeCounts>,
    /// What opens within [`LAUNCH_HORIZON_MS`], by time.
    pub launches: Vec<Launch>,
    /// Cells that change by themselves within a day.
    pub changes_within_a_day: u64,
}

/// How far ahead launches are listed: seven days.
pub const LAUNCH_HORIZON_MS: i64 = 7 * 86_400_000;

impl Summary {
    /// Counts a state. Looks at every verdict of every video.
    pub fn of(view: &LivenessView) -> Self {
        let mut summary = Summary {
            by_country: vec![StatusCounts::default(); view.countries().len()],
            by_code: vec![CodeCounts::default(); Code::ALL.len()],
            ..Summary::default()
        };
        let now = view.instant().unwrap_or(0);
        for (position, video) in view.videos().enumerate() {
            summary.add(view, position, video, now);
        }
        summary.launches.sort_by_key(|launch| (launch.at, launch.video));
        summary
    }

    /// All cells.
    pub fn total(&self) -> u64 {
        self.cells.iter().sum()
    }

    /// Cells in a status.
    pub fn count(&self, status: Status) -> u64 {
        self.cells[status as usize]
    }

    fn add(&mut self, view: &LivenessView, position: usize, video: i64, now: i64) {
        let mut seen = [false; Status::ALL.len()];
        let mut named = 0;
        let mut launch: Option<Launch> = None;
        for verdict in view.verdicts(position) {
            let cells = verdict.countries.len() as u64;
            let status = verdict.status as usize;
            self.cells[status] += cells;
            seen[status] = true;
            for country in verdict.countries.iter() {
                if let Some(counts) = self.by_country.get_mut(usize::from(country.0)) {
                    counts[status] += 1;
                }
            }
            named |= verdict.codes;
            self.count_codes(verdict.status, verdict.codes, cells);
            if verdict
                .next_change
                .is_some_and(|next| next < now.saturating_add(86_400_000))
            {
                self.changes_within_a_day += cells;
            }
            let ahead = matches!(verdict.status, Status::Ready | Status::AtRisk | Status::InProgress);
            let opens = verdict
                .live_from
                .filter(|at| ahead && *at < now.saturating_add(LAUNCH_HORIZON_MS));
            if let Some(at) = opens {
                let launch = launch.get_or_insert_with(|| Launch {
                    at,
                    video,
                    cells: StatusCounts::default(),
                    codes: 0,
                });
                launch.at = launch.at.min(at);
                launch.cells[status] += cells;
                launch.codes |= verdict.codes;
            }
        }
        for (status, seen) in seen.into_iter().enumerate() {
            self.videos[status] += u64::from(seen);
        }
        for (rank, counts) in self.by_code.iter_mut().enumerate() {
            counts.videos += u64::from(named >> rank & 1);
        }
        self.launches.extend(launch);
    }

    fn count_codes(&mut self, status: Status, codes: u32, cells: u64) {
        for (rank, counts) in self.by_code.iter_mut().enumerate() {
            if codes >> rank & 1 == 1 {
                match status {
                    Status::Blocked => counts.blocked += cells,
                    Status::AtRisk | Status::InProgress => counts.ahead += cells,
                    Status::LiveWithGaps => counts.gaps += cells,
                    _ => {}
                }
            }
        }
    }
}
