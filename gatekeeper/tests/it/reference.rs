//! A second evaluation, written for one video in one country at one instant, with no sets and nothing shared.
//!
//! It works on the fixtures' records, not on states, and finds the next change by trying every instant at which anything
//! happens. Slow and plain on purpose: what the engine says must be what this says.

use fixtures::records::{
    Asset, AssetType, CountryPolicy, LocalizedText, MaturityRating, Record, StatusCode, Title, TitleStatus, Window,
    WorkType,
};
use gatekeeper::policy::{Change, Policy, Severity};
use gatekeeper::reason::Code;
use std::collections::BTreeSet;
use std::sync::Arc;

const DAY: i64 = 86_400_000;

/// What is known about a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub status: &'static str,
    /// Code and detail, in order.
    pub reasons: Vec<(Code, String)>,
    pub live_from: Option<i64>,
    pub live_until: Option<i64>,
    pub next_change: Option<i64>,
}

#[derive(Default)]
pub(crate) struct Reference<'d> {
    titles: Vec<&'d Title>,
    texts: Vec<&'d LocalizedText>,
    windows: Vec<&'d Window>,
    assets: Vec<&'d Asset>,
    ratings: Vec<&'d MaturityRating>,
    countries: Vec<&'d CountryPolicy>,
    policy: Option<&'d Policy>,
}

/// A run of windows: start, end, contract that opens, contract that closes.
type Run = (i64, i64, String, String);

impl<'d> Reference<'d> {
    pub(crate) fn new(records: &'d [Record], policy: &'d Policy) -> Self {
        let mut reference = Reference {
            policy: Some(policy),
            ..Reference::default()
        };
        for record in records {
            match record {
                Record::Title(title) => reference.titles.push(title),
                Record::Text(text) => reference.texts.push(text),
                Record::Window(window) => reference.windows.push(window),
                Record::Asset(asset) => reference.assets.push(asset),
                Record::Rating(rating) => reference.ratings.push(rating),
                Record::Country(country) => reference.countries.push(country),
            }
        }
        reference
    }

    pub(crate) fn videos(&self) -> BTreeSet<i64> {
        self.titles.iter().map(|title| title.video_id).collect()
    }

    pub(crate) fn codes(&self) -> BTreeSet<&'d str> {
        self.countries.iter().map(|country| &*country.country).collect()
    }

    fn policy(&self) -> &Policy {
        self.policy.expect("set in new")
    }

    fn title(&self, id: i64) -> Option<&'d Title> {
        self.titles.iter().find(|title| title.video_id == id).copied()
    }

    fn country(&self, code: &str) -> &'d CountryPolicy {
        self.countries
            .iter()
            .find(|country| &*country.country == code)
            .expect("a country")
    }

    fn severity(&self, code: Code, country: &str) -> Severity {
        let mut severity = self.policy().rules.get(&code).copied().unwrap_or(Severity::Hard);
        for change in &self.policy().overrides {
            if let Change::Severity(other) = change.change
                && change.rule == code
                && change.countries.contains(country)
            {
                severity = other;
            }
        }
        severity
    }

    fn is_dropped(&self, code: Code, country: &str, language: &str) -> bool {
        self.policy().overrides.iter().any(|change| match &change.change {
            Change::DropLanguages(languages) => {
                change.rule == code
                    && change.countries.contains(country)
                    && languages.iter().any(|dropped| dropped.eq_ignore_ascii_case(language))
            }
            Change::Severity(_) => false,
        })
    }

    fn ancestors(&self, title: &Title) -> Vec<i64> {
        let mut all = Vec::new();
        let mut at = title.parent_id;
        while let Some(id) = at {
            if id == title.video_id || all.contains(&id) {
                break;
            }
            all.push(id);
            at = self.title(id).and_then(|parent| parent.parent_id);
        }
        if let Some(series) = title.series_id
            && series != title.video_id
            && !all.contains(&series)
        {
            all.push(series);
        }
        all
    }

    fn window_works(&self, title: &Title) -> BTreeSet<i64> {
        let mut works: BTreeSet<i64> = self.ancestors(title).into_iter().collect();
        works.insert(title.video_id);
        if matches!(title.work_type, WorkType::Series | WorkType::Season) {
            for child in self
                .titles
                .iter()
                .filter(|child| child.parent_id == Some(title.video_id))
            {
                works.insert(child.video_id);
                let grandchildren = self
                    .titles
                    .iter()
                    .filter(|other| other.parent_id == Some(child.video_id));
                works.extend(grandchildren.map(|other| other.video_id));
            }
        }
        works
    }

    fn covers(window: &Window, code: &str) -> bool {
        let named = |codes: &Option<Arc<[Arc<str>]>>| {
            codes
                .as_ref()
                .filter(|codes| !codes.is_empty())
                .map(|codes| codes.iter().any(|c| &**c == code))
        };
        named(&window.territory).unwrap_or(true) && !named(&window.territory_excluded).unwrap_or(false)
    }

    fn midnight(&self, date: i32, code: &str) -> i64 {
        let zone = jiff::tz::TimeZoneDatabase::bundled()
            .get(&self.country(code).time_zone)
            .expect("a zone");
        let day = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(date);
        let noon = day.at(12, 0, 0, 0).to_zoned(zone).expect("in range");
        noon.start_of_day().expect("in range").timestamp().as_millisecond()
    }

    fn start(&self, window: &Window, code: &str) -> Option<i64> {
        window
            .start_at
            .or_else(|| window.start_date.map(|date| self.midnight(date, code)))
    }

    fn end(&self, window: &Window, code: &str) -> i64 {
        let end = window
            .end_at
            .or_else(|| window.end_date.map(|date| self.midnight(date, code)));
        end.unwrap_or(i64::MAX)
    }

    fn runs(&self, title: &Title, code: &str) -> Vec<Run> {
        let works = self.window_works(title);
        let mut pieces: Vec<(i64, String, i64)> = self
            .windows
            .iter()
            .filter(|window| window.title_status == TitleStatus::Approved && works.contains(&window.content_id))
            .filter(|window| Self::covers(window, code))
            .filter_map(|window| {
                Some((
                    self.start(window, code)?,
                    window.contract_id.to_string(),
                    self.end(window, code),
                ))
            })
            .filter(|(start, _, end)| start < end)
            .collect();
        pieces.sort();
        let mut runs: Vec<Run> = Vec::new();
        for (start, contract, end) in pieces {
            match runs.last_mut() {
                Some(run) if start <= run.1 => {
                    if end > run.1 {
                        run.1 = end;
                        run.3 = contract;
                    }
                }
                _ => runs.push((start, end, contract.clone(), contract)),
            }
        }
        runs
    }

    fn marked(&self, title: &Title, code: &str, fits: impl Fn(&Window) -> bool) -> Option<String> {
        let works = self.window_works(title);
        let windows = self.windows.iter().filter(|window| works.contains(&window.content_id));
        let contracts = windows.filter(|window| Self::covers(window, code) && fits(window));
        contracts.map(|window| window.contract_id.to_string()).min()
    }

    fn satisfies(&self, have: &str, need: &str) -> bool {
        let (have, need) = (have.to_ascii_lowercase(), need.to_ascii_lowercase());
        let is_general = |general: &str, special: &str| {
            let rest = special.strip_prefix(general).and_then(|rest| rest.strip_prefix('-'));
            rest.is_some_and(|rest| {
                !rest
                    .split('-')
                    .any(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic()))
            })
        };
        let languages = self.policy().languages;
        have == need
            || (languages.general_for_regional && is_general(&have, &need))
            || (languages.regional_for_general && is_general(&need, &have))
    }

    /// What keeps a delivery from being usable at `at`: `None` if one is, else how far the furthest is.
    fn delivery(&self, candidates: &[&Asset], code: &str, at: i64) -> Option<String> {
        let here = |asset: &&&Asset| {
            let territory = asset.territory.as_ref().filter(|codes| !codes.is_empty());
            territory.is_none_or(|codes| codes.iter().any(|c| &**c == code))
        };
        let here: Vec<&Asset> = candidates.iter().filter(here).copied().collect();
        let validated = |asset: &&&Asset| asset.status_code == StatusCode::Validated;
        if here
            .iter()
            .filter(validated)
            .any(|asset| asset.available_from_at.unwrap_or(i64::MIN) <= at)
        {
            return None;
        }
        let order = [
            (StatusCode::Validated, "usable later"),
            (StatusCode::Ingested, "ingested"),
            (StatusCode::Delivered, "delivered"),
            (StatusCode::Processing, "processing"),
            (StatusCode::Offered, "offered"),
            (StatusCode::Rework, "rework"),
            (StatusCode::Rejected, "rejected"),
            (StatusCode::OnHold, "on hold"),
            (StatusCode::Recalled, "recalled"),
            (StatusCode::Superseded, "withdrawn"),
        ];
        let furthest = order
            .iter()
            .find(|(status, _)| here.iter().any(|asset| asset.status_code == *status));
        Some(furthest.map(|(_, word)| format!(" ({word})")).unwrap_or_default())
    }

    fn is_sound(&self, asset: &Asset, need: &str) -> bool {
        let language = asset.language.as_deref().unwrap_or("");
        asset.asset_type == AssetType::Audio
            && &*asset.sub_type == "primary"
            && (language.eq_ignore_ascii_case("zxx") || self.satisfies(language, need))
    }

    fn is_subtitle(&self, asset: &Asset, need: &str) -> bool {
        asset.asset_type == AssetType::Subtitle
            && matches!(&*asset.sub_type, "normal" | "SDH")
            && self.satisfies(asset.language.as_deref().unwrap_or(""), need)
    }

    /// Everything missing in a country at an instant, whatever its weight, in the order of the verdicts.
    fn missing(&self, title: &Title, code: &str, at: i64) -> Vec<(Code, String)> {
        let country = self.country(code);
        let mut missing = Vec::new();
        let mut miss = |rule: Code, detail: String| {
            if self.severity(rule, code) != Severity::Off {
                missing.push((rule, detail));
            }
        };
        let playable = matches!(title.work_type, WorkType::Movie | WorkType::Episode);
        if !country.service_available {
            miss(Code::ServiceUnavailable, String::new());
        }
        for (rule, detail) in self.parents(title, code, at) {
            miss(rule, detail);
        }
        let own: Vec<&Asset> = self
            .assets
            .iter()
            .filter(|asset| asset.video_id == title.video_id)
            .copied()
            .collect();
        let of = |test: &dyn Fn(&Asset) -> bool| -> Vec<&Asset> {
            own.iter().filter(|asset| test(asset)).copied().collect()
        };
        let sorted = |lists: &[&Arc<[Arc<str>]>]| -> BTreeSet<String> {
            lists
                .iter()
                .flat_map(|list| list.iter().map(|tag| tag.to_string()))
                .collect()
        };
        if playable {
            if let Some(standing) = self.delivery(&of(&|asset| asset.asset_type == AssetType::Video), code, at) {
                miss(Code::VideoNotReady, format!("video{standing}"));
            }
            let mut lists = vec![&country.required_audio_languages];
            if title.for_children {
                lists.push(&country.required_audio_languages_kids);
            }
            for need in sorted(&lists) {
                let standing = self.delivery(&of(&|asset| self.is_sound(asset, &need)), code, at);
                if let Some(standing) = standing.filter(|_| !self.is_dropped(Code::AudioMissing, code, &need)) {
                    miss(Code::AudioMissing, format!("audio {need}{standing}"));
                }
            }
            for need in sorted(&[&country.required_subtitle_languages]) {
                let fits = |asset: &Asset| self.is_sound(asset, &need) || self.is_subtitle(asset, &need);
                let standing = self.delivery(&of(&fits), code, at);
                if let Some(standing) = standing.filter(|_| !self.is_dropped(Code::SubMissing, code, &need)) {
                    miss(Code::SubMissing, format!("subtitle {need}{standing}"));
                }
            }
        }
        let texts: Vec<&LocalizedText> = self
            .texts
            .iter()
            .filter(|text| text.video_id == title.video_id)
            .copied()
            .collect();
        let is_there = |text: &Option<Arc<str>>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        for need in sorted(&[&country.required_text_languages]) {
            let fitting = || texts.iter().filter(|text| self.satisfies(&text.language, &need));
            if !fitting().any(|text| is_there(&text.title)) && !self.is_dropped(Code::TitleTextMissing, code, &need) {
                miss(Code::TitleTextMissing, format!("title {need}"));
            }
        }
        for need in sorted(&[&country.required_text_languages]) {
            let fitting = || {
                texts
                    .iter()
                    .filter(|text| self.satisfies(&text.language, &need) && is_there(&text.synopsis))
            };
            if self.is_dropped(Code::SynopsisMissing, code, &need) || fitting().any(|text| text.approved) {
                continue;
            }
            let suffix = if fitting().next().is_some() {
                " (not released)"
            } else {
                ""
            };
            miss(Code::SynopsisMissing, format!("synopsis {need}{suffix}"));
        }
        if playable {
            if let Some((rule, detail)) = self.rating(title, country) {
                miss(rule, detail);
            }
            let mut works = self.ancestors(title);
            works.push(title.video_id);
            let artwork = self.assets.iter().filter(|asset| works.contains(&asset.video_id));
            let artwork: Vec<&Asset> = artwork
                .filter(|asset| asset.asset_type == AssetType::Artwork)
                .copied()
                .collect();
            if let Some(standing) = self.delivery(&artwork, code, at) {
                miss(Code::ArtworkMissing, format!("artwork{standing}"));
            }
        }
        missing
    }

    fn rating(&self, title: &Title, country: &CountryPolicy) -> Option<(Code, String)> {
        let film = title.work_type == WorkType::Movie;
        let accepted = if film {
            &country.accepted_film_ratings
        } else {
            &country.accepted_tv_ratings
        };
        let accepted = accepted.as_ref().filter(|_| country.rating_required)?;
        let mut works = self.ancestors(title);
        works.push(title.video_id);
        let of_country =
            |rating: &&&MaturityRating| works.contains(&rating.video_id) && rating.country == country.country;
        let given: Vec<&MaturityRating> = self.ratings.iter().filter(of_country).copied().collect();
        if given.is_empty() {
            let systems: BTreeSet<&str> = accepted.iter().map(|rating| &*rating.system).collect();
            let systems = Vec::from_iter(systems).join(" or ");
            return Some((Code::RatingMissing, format!("rating {systems}")));
        }
        let is_accepted = |rating: &&MaturityRating| {
            accepted
                .iter()
                .any(|fit| fit.system == rating.system && fit.value == rating.value)
        };
        if given.iter().any(is_accepted) {
            return None;
        }
        let first = given.iter().map(|rating| (&*rating.system, &*rating.value)).min()?;
        Some((Code::RatingUnaccepted, format!("rating {} {}", first.0, first.1)))
    }

    fn parents(&self, title: &Title, code: &str, at: i64) -> Vec<(Code, String)> {
        let page = |id: i64| {
            let parent = self.title(id)?;
            let fits = matches!(
                (title.work_type, parent.work_type),
                (WorkType::Season, WorkType::Series) | (WorkType::Episode, WorkType::Season | WorkType::Series)
            );
            fits.then_some(parent)
        };
        let nearest = match title.work_type {
            WorkType::Movie | WorkType::Series => return Vec::new(),
            WorkType::Season => title.parent_id.or(title.series_id),
            WorkType::Episode => title.parent_id,
        };
        let mut found = Vec::new();
        match nearest.map(|id| (id, page(id))) {
            None => found.push((Code::ParentMissing, "parent id".to_owned())),
            Some((id, None)) => found.push((Code::ParentMissing, format!("parent {id}"))),
            Some((id, Some(parent))) => {
                if self.is_blocked(parent, code, at) {
                    found.push((Code::ParentNotLive, format!("parent {id}")));
                }
            }
        }
        if title.work_type == WorkType::Episode
            && let Some(series) = title.series_id.filter(|series| title.parent_id != Some(*series))
            && page(series).is_none()
        {
            found.push((Code::ParentMissing, format!("parent {series}")));
        }
        found.sort_by_key(|(code, _)| *code);
        found
    }

    fn is_blocked(&self, title: &Title, code: &str, at: i64) -> bool {
        let missing = self.missing(title, code, at);
        missing
            .iter()
            .any(|(rule, _)| self.severity(*rule, code) == Severity::Hard)
    }

    /// Status, reasons and window, without the next change.
    fn now(&self, title: &Title, code: &str, at: i64) -> Cell {
        let bare = |status, reasons| Cell {
            status,
            reasons,
            live_from: None,
            live_until: None,
            next_change: None,
        };
        let country = self.country(code);
        if !country.service_available && self.severity(Code::ServiceUnavailable, code) == Severity::Hard {
            return bare("NOT_LICENSED", vec![(Code::ServiceUnavailable, String::new())]);
        }
        let runs = self.runs(title, code);
        let open = runs.iter().find(|run| run.0 <= at && at < run.1);
        let ahead = runs.iter().find(|run| run.0 > at);
        let revoked = self.marked(title, code, |window| window.title_status == TitleStatus::Revoked);
        let revoked = revoked.map(|contract| (Code::RightsRevoked, format!("contract {contract}")));
        let Some(run) = open.or(ahead) else {
            let closed = self.marked(title, code, |window| window.title_status == TitleStatus::Expired);
            let is_pending = |window: &Window| {
                window.title_status == TitleStatus::Pending
                    || (window.title_status == TitleStatus::Approved
                        && window.start_at.is_none()
                        && window.start_date.is_none())
            };
            let pending = self.marked(title, code, is_pending);
            if let Some(run) = runs.last() {
                let mut reasons = vec![(Code::RightsExpired, format!("contract {}", run.3))];
                reasons.extend(revoked);
                return Cell {
                    live_from: Some(run.0),
                    live_until: Some(run.1),
                    ..bare("ENDED", reasons)
                };
            }
            if let Some(closed) = closed {
                let mut reasons = vec![(Code::RightsExpired, format!("contract {closed}"))];
                reasons.extend(revoked);
                return bare("ENDED", reasons);
            }
            let none = match pending {
                Some(contract) => (Code::RightsNone, format!("contract {contract} (not approved)")),
                None => (Code::RightsNone, String::new()),
            };
            return bare("NOT_LICENSED", vec![revoked.unwrap_or(none)]);
        };
        let judged = at.max(run.0);
        let missing = self.missing(title, code, judged);
        let hard = missing
            .iter()
            .any(|(rule, _)| self.severity(*rule, code) == Severity::Hard);
        let mut reasons = missing;
        let status = if open.is_some() {
            match (hard, reasons.is_empty()) {
                (true, _) => "BLOCKED",
                (false, false) => "LIVE_WITH_GAPS",
                (false, true) => "LIVE",
            }
        } else {
            reasons.push((Code::RightsNotYet, format!("contract {}", run.2)));
            let days = i64::from(self.policy().at_risk_days);
            match (hard, run.0 - at <= days * DAY) {
                (false, _) => "READY",
                (true, true) => "AT_RISK",
                (true, false) => "IN_PROGRESS",
            }
        };
        reasons.sort_by_key(|(code, _)| *code);
        Cell {
            status,
            reasons,
            live_from: Some(run.0),
            live_until: Some(run.1).filter(|end| *end != i64::MAX),
            next_change: None,
        }
    }

    /// The cell, with the next change found by trying every instant at which anything may happen.
    pub(crate) fn cell(&self, video: i64, code: &str, at: i64) -> Cell {
        let title = self.title(video).expect("a video");
        let mut cell = self.now(title, code, at);
        let mut instants = BTreeSet::new();
        let horizon = i64::from(self.policy().at_risk_days) * DAY;
        for window in &self.windows {
            if let Some(start) = self.start(window, code) {
                instants.extend([start, start - horizon]);
            }
            instants.insert(self.end(window, code));
        }
        instants.extend(self.assets.iter().filter_map(|asset| asset.available_from_at));
        let later = instants
            .into_iter()
            .filter(|instant| *instant > at && *instant != i64::MAX);
        cell.next_change = later
            .into_iter()
            .find(|instant| self.now(title, code, *instant).status != cell.status);
        cell
    }
}
