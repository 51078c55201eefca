//! Reports for the command line: typed, as a table or as JSON, from one state.

use crate::reason::Code;
use crate::status::Status;
use crate::view::{LivenessView, StatusCounts, Summary, VerdictRow};
use crate::web::Names;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

/// The state a report comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Form of the report.
    pub schema: u32,
    /// The version.
    pub version: i64,
    /// The instant of evaluation, epoch milliseconds.
    pub instant: Option<i64>,
    /// The policy.
    pub policy: String,
    /// The versions of the inputs.
    pub inputs: BTreeMap<String, i64>,
}

impl Source {
    fn of(view: &LivenessView) -> Self {
        Source {
            schema: 1,
            version: view.version(),
            instant: view.instant(),
            policy: view
                .tag(crate::runner::tag_names::POLICY)
                .unwrap_or_default()
                .to_owned(),
            inputs: view
                .inputs()
                .into_iter()
                .map(|(name, version)| (name.to_owned(), version))
                .collect(),
        }
    }

    fn line(&self) -> String {
        let at = self.instant.map_or_else(|| "an unknown instant".to_owned(), instant);
        format!("version {} at {at} UTC, policy {}", self.version, self.policy)
    }
}

/// Cells by status.
pub type Counts = BTreeMap<&'static str, u64>;

fn counts(counts: &StatusCounts) -> Counts {
    Status::ALL
        .into_iter()
        .map(|status| (status.name(), counts[status as usize]))
        .collect()
}

/// Everything in figures.
#[derive(Clone, Debug, Serialize)]
pub struct OverviewReport {
    /// Where it comes from.
    pub state: Source,
    /// Videos.
    pub videos: usize,
    /// Countries.
    pub countries: usize,
    /// Cells by status.
    pub cells: Counts,
    /// What is missing: code, owner, blocked cells, cells ahead.
    pub reasons: Vec<ReasonCount>,
}

/// How often something is missing.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonCount {
    /// The code.
    pub code: &'static str,
    /// Who can fix it.
    pub owner: &'static str,
    /// Cells that it blocks.
    pub blocked: u64,
    /// Cells that it will block.
    pub ahead: u64,
}

/// The overview of a state.
pub fn overview(view: &LivenessView, summary: &Summary) -> OverviewReport {
    let reasons = Code::ALL.into_iter().zip(&summary.by_code);
    let mut reasons: Vec<ReasonCount> = reasons
        .filter(|(code, count)| code.is_configurable() && count.blocked + count.ahead > 0)
        .map(|(code, count)| ReasonCount {
            code: code.name(),
            owner: code.owner(),
            blocked: count.blocked,
            ahead: count.ahead,
        })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse((reason.blocked, reason.ahead)));
    OverviewReport {
        state: Source::of(view),
        videos: view.len(),
        countries: view.countries().len(),
        cells: counts(&summary.cells),
        reasons,
    }
}

/// One title in every country.
#[derive(Clone, Debug, Serialize)]
pub struct TitleReport {
    /// Where it comes from.
    pub state: Source,
    /// The video.
    pub video_id: i64,
    /// Its name.
    pub name: String,
    /// Cells by status.
    pub cells: Counts,
    /// Countries that stand alike, trouble first.
    pub verdicts: Vec<VerdictLine>,
}

/// Countries that stand alike.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictLine {
    /// The status.
    pub status: &'static str,
    /// The countries.
    pub countries: Vec<String>,
    /// What is missing: code, detail, owner, dataset.
    pub reasons: Vec<crate::view::ReasonRow>,
    /// When the window opens or opened, epoch milliseconds.
    pub live_from: Option<i64>,
    /// When it closes or closed.
    pub live_until: Option<i64>,
    /// When the status changes if the data do not.
    pub next_change: Option<i64>,
}

fn verdict_line(view: &LivenessView, verdict: &VerdictRow) -> VerdictLine {
    VerdictLine {
        status: verdict.status.name(),
        countries: view
            .countries()
            .codes_of(&verdict.countries)
            .map(str::to_owned)
            .collect(),
        reasons: view.reasons(verdict).cloned().collect(),
        live_from: verdict.live_from,
        live_until: verdict.live_until,
        next_change: verdict.next_change,
    }
}

/// The report on a video; `None` if the state does not have it.
pub fn title(view: &LivenessView, names: &Names, video: i64) -> Option<TitleReport> {
    let position = view.find(video)?;
    let mut verdicts: Vec<&VerdictRow> = view.verdicts(position).collect();
    verdicts.sort_by_key(|verdict| (verdict.status, std::cmp::Reverse(verdict.countries.len())));
    let mut cells = StatusCounts::default();
    for verdict in &verdicts {
        cells[verdict.status as usize] += verdict.countries.len() as u64;
    }
    Some(TitleReport {
        state: Source::of(view),
        video_id: video,
        name: names.title(video),
        cells: counts(&cells),
        verdicts: verdicts
            .into_iter()
            .map(|verdict| verdict_line(view, verdict))
            .collect(),
    })
}

/// One country with what is blocked in it.
#[derive(Clone, Debug, Serialize)]
pub struct CountryReport {
    /// Where it comes from.
    pub state: Source,
    /// The country.
    pub country: String,
    /// Its name.
    pub name: String,
    /// Videos by status.
    pub videos: Counts,
    /// What is blocked or at risk.
    pub trouble: Vec<CellLine>,
}

/// A video in the country of a report, or a window of one that opens.
#[derive(Clone, Debug, Serialize)]
pub struct CellLine {
    /// The video.
    pub video_id: i64,
    /// Its name.
    pub name: String,
    /// The status.
    pub status: &'static str,
    /// What is missing.
    pub reasons: Vec<crate::view::ReasonRow>,
    /// When the window opens or opened, epoch milliseconds.
    pub live_from: Option<i64>,
}

/// The report on a country; `None` if the state does not have it.
pub fn country(view: &LivenessView, summary: &Summary, names: &Names, code: &str) -> Option<CountryReport> {
    let index = view.countries().index(code)?;
    let mut trouble = Vec::new();
    for (position, video) in view.videos().enumerate() {
        let found = view
            .verdicts(position)
            .find(|verdict| verdict.countries.contains(index));
        if let Some(verdict) = found.filter(|verdict| matches!(verdict.status, Status::Blocked | Status::AtRisk)) {
            trouble.push((verdict.status, cell_line(view, names, video, verdict)));
        }
    }
    trouble.sort_by_key(|(status, line)| (*status, line.live_from, line.video_id));
    Some(CountryReport {
        state: Source::of(view),
        country: code.to_owned(),
        name: names.country(code).to_owned(),
        videos: counts(summary.by_country.get(usize::from(index.0))?),
        trouble: trouble.into_iter().map(|(_, line)| line).collect(),
    })
}

fn cell_line(view: &LivenessView, names: &Names, video: i64, verdict: &VerdictRow) -> CellLine {
    CellLine {
        video_id: video,
        name: names.title(video),
        status: verdict.status.name(),
        reasons: view.reasons(verdict).cloned().collect(),
        live_from: verdict.live_from,
    }
}

/// What opens within seven days.
#[derive(Clone, Debug, Serialize)]
pub struct LaunchesReport {
    /// Where it comes from.
    pub state: Source,
    /// The launches, by time.
    pub launches: Vec<LaunchReportLine>,
}

/// A title that opens somewhere.
#[derive(Clone, Debug, Serialize)]
pub struct LaunchReportLine {
    /// The first opening, epoch milliseconds.
    pub at: i64,
    /// The video.
    pub video_id: i64,
    /// Its name.
    pub name: String,
    /// Cells that open within the horizon, by status.
    pub cells: Counts,
    /// The codes missing in them.
    pub missing: Vec<&'static str>,
}

/// The launches of a state.
pub fn launches(view: &LivenessView, summary: &Summary, names: &Names) -> LaunchesReport {
    let missing = |codes: u32| {
        let named = Code::ALL.into_iter().filter(move |code| codes >> *code as u32 & 1 == 1);
        named.filter(|code| code.is_configurable()).map(Code::name).collect()
    };
    let line = |launch: &crate::view::Launch| LaunchReportLine {
        at: launch.at,
        video_id: launch.video,
        name: names.title(launch.video),
        cells: counts(&launch.cells),
        missing: missing(launch.codes),
    };
    LaunchesReport {
        state: Source::of(view),
        launches: summary.launches.iter().map(line).collect(),
    }
}

fn instant(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| format!("{at} ms"),
        |timestamp| timestamp.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

fn day(at: Option<i64>) -> String {
    at.map(|at| instant(at)[..16.min(instant(at).len())].to_owned())
        .unwrap_or_default()
}

/// Text that cannot move the cursor or colour the terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn reasons(rows: &[crate::view::ReasonRow]) -> String {
    let mut text = String::new();
    for row in rows {
        let separator = if text.is_empty() { "" } else { "; " };
        let detail = if row.detail.is_empty() {
            String::new()
        } else {
            format!(" {}", plain(&row.detail))
        };
        let _ = write!(text, "{separator}{}{detail}", plain(&row.code));
    }
    text
}

/// Rows with columns as wide as their widest cell; the last is as long as it is.
struct Table(Vec<Vec<String>>);

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.0 {
            for (column, cell) in row.iter().enumerate() {
                if column + 1 == row.len() {
                    f.write_str(cell)?;
                } else {
                    write!(f, "{cell:<width$}  ", width = widths[column])?;
                }
            }
            f.write_char('\n')?;
        }
        Ok(())
    }
}

fn status_table(counts: &Counts) -> Table {
    let there = Status::ALL
        .into_iter()
        .filter(|status| counts.get(status.name()).is_some_and(|count| *count > 0));
    Table(
        there
            .map(|status| vec![status.name().to_owned(), counts[status.name()].to_string()])
            .collect(),
    )
}

impl Display for OverviewReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} videos in {} countries, {}",
            self.videos,
            self.countries,
            self.state.line()
        )?;
        writeln!(f, "\n{}", status_table(&self.cells))?;
        let mut rows = vec![["REASON", "BLOCKED", "AHEAD", "OWNER"].map(str::to_owned).to_vec()];
        rows.extend(self.reasons.iter().map(|reason| {
            let numbers = [reason.blocked.to_string(), reason.ahead.to_string()];
            let [blocked, ahead] = numbers;
            vec![reason.code.to_owned(), blocked, ahead, reason.owner.to_owned()]
        }));
        write!(f, "{}", Table(rows))
    }
}

impl Display for TitleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), {}", plain(&self.name), self.video_id, self.state.line())?;
        writeln!(f, "\n{}", status_table(&self.cells))?;
        let mut rows = vec![
            ["STATUS", "COUNTRIES", "FROM", "UNTIL", "NEXT CHANGE", "REASONS"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(self.verdicts.iter().map(|verdict| {
            let shown: Vec<&str> = verdict.countries.iter().take(8).map(String::as_str).collect();
            let more = verdict.countries.len() - shown.len();
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            vec![
                verdict.status.to_owned(),
                format!("{}{more}", shown.join(" ")),
                day(verdict.live_from),
                day(verdict.live_until),
                day(verdict.next_change),
                reasons(&verdict.reasons),
            ]
        }));
        write!(f, "{}", Table(rows))
    }
}

impl Display for CountryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}), {}", plain(&self.name), self.country, self.state.line())?;
        writeln!(f, "\n{}", status_table(&self.videos))?;
        let mut rows = vec![
            ["STATUS", "VIDEO", "FROM", "TITLE", "REASONS"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(self.trouble.iter().map(|line| {
            let name: String = plain(&line.name).chars().take(48).collect();
            let id = line.video_id.to_string();
            vec![
                line.status.to_owned(),
                id,
                day(line.live_from),
                name,
                reasons(&line.reasons),
            ]
        }));
        write!(f, "{}", Table(rows))
    }
}

impl Display for LaunchesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "windows that open within seven days, {}\n", self.state.line())?;
        let mut rows = vec![
            ["OPENS", "READY", "NOT READY", "VIDEO", "TITLE", "MISSING"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(self.launches.iter().map(|launch| {
            let count = |status: Status| launch.cells.get(status.name()).copied().unwrap_or(0);
            let not_ready = count(Status::AtRisk) + count(Status::InProgress);
            vec![
                day(Some(launch.at)),
                count(Status::Ready).to_string(),
                not_ready.to_string(),
                launch.video_id.to_string(),
                plain(&launch.name).chars().take(48).collect(),
                launch.missing.join(", "),
            ]
        }));
        write!(f, "{}", Table(rows))
    }
}
