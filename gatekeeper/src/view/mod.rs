//! A state of the `liveness` dataset, bound and ready to be read: what screens, reports and comparisons work on.
//!
//! Verdicts, reasons and country sets are few, because equal ones are one record; they are decoded once per state into
//! tables by ordinal. Videos are many and stay in the state: a video's verdicts are found by its list's ordinals.

mod summary;

pub use summary::{CodeCounts, LAUNCH_HORIZON_MS, Launch, StatusCounts, Summary};

use crate::bind::{BindError, Binder, ByOrdinal};
use crate::country_set::{Countries, CountriesError, CountrySet};
use crate::reason::Code;
use crate::runner::tag_names;
use crate::status::Status;
use hollow::Ordinal;
use hollow::read::{ListTypeState, ReadState};
use hollow::schema::FieldType;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a state is no liveness dataset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// A type or field is missing.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Too many countries.
    #[error(transparent)]
    Countries(#[from] CountriesError),
    /// A status that this program does not know; it may be older than the one that wrote the state.
    #[error("unknown status, expected one of the gatekeeper's: status={0:?}")]
    UnknownStatus(String),
}

/// A reason as the dataset states it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct ReasonRow {
    /// Its kind, such as `SUB_MISSING`.
    pub code: String,
    /// What exactly.
    pub detail: String,
    /// Who can remove it.
    pub owner: String,
    /// In which dataset to look.
    pub input: String,
}

/// A verdict as the dataset states it. Times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictRow {
    /// Where it holds.
    pub countries: CountrySet,
    /// The status.
    pub status: Status,
    /// The list of reasons.
    reasons: Option<Ordinal>,
    /// The codes of the reasons, a bit each, in the order of [`Code::ALL`].
    pub codes: u32,
    /// When the window opens or opened.
    pub live_from: Option<i64>,
    /// When it closes or closed.
    pub live_until: Option<i64>,
    /// When the status changes if the data do not.
    pub next_change: Option<i64>,
}

/// A state of `liveness`.
#[derive(Debug)]
pub struct LivenessView {
    state: Arc<ReadState>,
    countries: Arc<Countries>,
    verdicts: ByOrdinal<VerdictRow>,
    reasons: ByOrdinal<ReasonRow>,
    reason_lists: ListTypeState,
    verdict_lists: ListTypeState,
    /// (video, list of verdicts), ascending by video.
    videos: Vec<(i64, Ordinal)>,
}

/// The bit of a code in [`VerdictRow::codes`].
pub fn code_bit(code: Code) -> u32 {
    1 << code as u32
}

impl LivenessView {
    /// Binds a state. Reads every verdict, reason and country set once.
    ///
    /// # Errors
    /// [`ViewError`] if the state is no liveness dataset.
    pub fn bind(state: Arc<ReadState>) -> Result<Self, ViewError> {
        let mut binder = Binder::new("liveness", &state);
        let video = binder.object("VideoLiveness");
        let video_id = binder.field(&video, "video_id", FieldType::Long);
        let verdicts_field = binder.reference(&video, "verdicts", "Verdicts");
        let verdict = binder.object("Verdict");
        let countries_field = binder.reference(&verdict, "countries", "Countries");
        let status_field = binder.reference(&verdict, "status", "Status");
        let reasons_field = binder.reference(&verdict, "reasons", "Reasons");
        let times = ["live_from_at", "live_until_at", "next_change_at"];
        let times = times.map(|name| binder.field(&verdict, name, FieldType::Long));
        let reason = binder.object("Reason");
        let texts = ["code", "detail", "owner", "input"].map(|name| binder.field(&reason, name, FieldType::String));
        let verdict_lists = binder.list("Verdicts", "Verdict");
        let reason_lists = binder.list("Reasons", "Reason");
        let set = binder.set("Countries", "Country");
        let code = binder.word("Country", "code");
        let status = binder.word("Status", "name");
        let objects = video.state().zip(verdict.state()).zip(reason.state());
        let lists = verdict_lists.zip(reason_lists).zip(set);
        let parts = binder.finish(objects.zip(lists).zip(code.zip(status)))?;
        let ((((video, verdict), reason), ((verdict_lists, reason_lists), set)), (code, status)) = parts;

        let codes = code.table(str::to_owned);
        let countries = Countries::new(codes.iter().cloned())?;
        let index = code.table(|code| countries.index(code));
        let sets = ByOrdinal::of_set(&set, |set_ordinal| -> CountrySet {
            set.elements(set_ordinal)
                .filter_map(|country| *index.get(Some(country))?)
                .collect()
        });
        let statuses = status.table(|name| Status::from_name(name).ok_or_else(|| name.to_owned()));
        let text = |ordinal, field: crate::bind::Field| {
            let text = reason.text(ordinal, field.0);
            text.map(|text| text.to_str().into_owned()).unwrap_or_default()
        };
        let reasons = ByOrdinal::of(reason.populated(), |ordinal| {
            let [code, detail, owner, input] = texts.map(|field| text(ordinal, field));
            Some(ReasonRow {
                code,
                detail,
                owner,
                input,
            })
        });
        let bits = |list: Ordinal| {
            let rows = reason_lists
                .elements(list)
                .filter_map(|element| reasons.get(Some(element)));
            let codes = rows.filter_map(|row| Code::from_name(&row.code));
            codes.fold(0, |bits, code| bits | code_bit(code))
        };
        let mut unknown = None;
        let mut rows: Vec<(Ordinal, VerdictRow)> = Vec::new();
        for ordinal in verdict.populated() {
            let status = match statuses.get(verdict.reference(ordinal, status_field.0)) {
                Some(Ok(status)) => *status,
                Some(Err(name)) => {
                    unknown.get_or_insert_with(|| name.clone());
                    continue;
                }
                None => {
                    unknown.get_or_insert_with(String::new);
                    continue;
                }
            };
            let countries = sets.get(verdict.reference(ordinal, countries_field.0));
            let list = verdict.reference(ordinal, reasons_field.0);
            let [live_from, live_until, next_change] = times.map(|field| verdict.long(ordinal, field.0));
            let row = VerdictRow {
                countries: countries.copied().unwrap_or_default(),
                status,
                reasons: list,
                codes: list.map_or(0, bits),
                live_from,
                live_until,
                next_change,
            };
            rows.push((ordinal, row));
        }
        if let Some(name) = unknown {
            return Err(ViewError::UnknownStatus(name));
        }
        let row = |ordinal| {
            Some((
                video.long(ordinal, video_id.0)?,
                video.reference(ordinal, verdicts_field.0)?,
            ))
        };
        let mut videos: Vec<(i64, Ordinal)> = video.populated().filter_map(row).collect();
        videos.sort_unstable();
        Ok(LivenessView {
            countries: Arc::new(countries),
            verdicts: ByOrdinal::from_pairs(rows),
            reasons,
            reason_lists,
            verdict_lists,
            videos,
            state,
        })
    }

    /// The state.
    pub fn state(&self) -> &Arc<ReadState> {
        &self.state
    }

    /// The version, 0 if the state has none.
    pub fn version(&self) -> i64 {
        self.state.version().map_or(0, |version| version.0)
    }

    /// The countries of the dataset.
    pub fn countries(&self) -> &Arc<Countries> {
        &self.countries
    }

    /// The number of videos.
    pub fn len(&self) -> usize {
        self.videos.len()
    }

    /// Whether there is no video.
    pub fn is_empty(&self) -> bool {
        self.videos.is_empty()
    }

    /// The videos, ascending.
    pub fn videos(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        self.videos.iter().map(|(video, _)| *video)
    }

    /// The position of a video among [`videos`](Self::videos).
    pub fn find(&self, video: i64) -> Option<usize> {
        self.videos.binary_search_by_key(&video, |(id, _)| *id).ok()
    }

    /// The verdicts on the video at a position; none beyond the last.
    pub fn verdicts(&self, position: usize) -> impl Iterator<Item = &VerdictRow> + '_ {
        let list = self.videos.get(position).map(|(_, list)| *list);
        let elements = list.into_iter().flat_map(|list| self.verdict_lists.elements(list));
        elements.filter_map(|element| self.verdicts.get(Some(element)))
    }

    /// The reasons of a verdict, in order.
    pub fn reasons(&self, verdict: &VerdictRow) -> impl Iterator<Item = &ReasonRow> + '_ {
        let elements = verdict
            .reasons
            .into_iter()
            .flat_map(|list| self.reason_lists.elements(list));
        elements.filter_map(|element| self.reasons.get(Some(element)))
    }

    /// A header tag.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.state.header_tags().get(name).map(String::as_str)
    }

    /// The instant of evaluation, epoch milliseconds.
    pub fn instant(&self) -> Option<i64> {
        self.tag(tag_names::INSTANT)?.parse().ok()
    }

    /// The output that this one follows, if it follows one.
    pub fn follows(&self) -> Option<i64> {
        self.tag(tag_names::FOLLOWS)?.parse().ok()
    }

    /// The versions of the inputs by name.
    pub fn inputs(&self) -> BTreeMap<&str, i64> {
        let tags = self.state.header_tags().iter();
        tags.filter_map(|(tag, version)| Some((tag.strip_prefix(tag_names::INPUT)?, version.parse().ok()?)))
            .collect()
    }
}
