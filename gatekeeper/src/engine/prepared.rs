//! Inputs and policy brought together: everything an evaluation looks up, none of it depending on the instant.

use crate::country_set::CountryIndex;
use crate::facts::{AssetFact, AssetKind, Blocked, ParentFact, RatingFact, TextFact, VideoFacts, WindowFact, WorkKind};
use crate::inputs::{AssetTables, Inputs, RatingTables, TextTables, TitleRow};
use crate::language::Need;
use crate::local_date::LocalDates;
use crate::policy::Policy;
use crate::reason::Names;
use crate::requirements::Requirements;
use std::sync::Arc;

/// Inputs under a policy. Built in time proportional to windows and distinct territories, not to videos.
pub struct Prepared {
    pub(super) inputs: Inputs,
    /// What the countries require.
    pub required: Requirements,
    windows: Vec<WindowFact>,
    assets: AssetTables,
    texts: TextTables,
    ratings: RatingTables,
    unknown_zones: Vec<(CountryIndex, String)>,
}

/// Room for the facts of one video, reused from video to video.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    assets: Vec<AssetFact<'a>>,
    texts: Vec<TextFact<'a>>,
    ratings: Vec<RatingFact>,
    parents: Vec<ParentFact<'a>>,
}

/// What series and seasons lack, by position among the titles; `None` for works without a page of their own.
pub(super) type ParentBlocks = Vec<Option<Vec<Blocked>>>;

impl Prepared {
    /// Brings inputs and policy together. `dates` keeps what it learns for the next time.
    pub fn new(inputs: Inputs, policy: &Policy, dates: &mut LocalDates) -> Self {
        let countries = Arc::clone(&inputs.countries.table);
        let required = Requirements::new(&inputs.countries.records, Arc::clone(&countries), policy);
        Prepared {
            windows: inputs.rights.facts(&countries, dates),
            assets: inputs.assets.tables(&countries, &required.needs),
            texts: inputs.texts.tables(&required.needs),
            ratings: inputs.ratings.tables(&countries, &required),
            unknown_zones: dates.unknown_zones().to_vec(),
            required,
            inputs,
        }
    }

    /// The time zones of the countries of some inputs.
    pub fn local_dates(inputs: &Inputs) -> LocalDates {
        let records = inputs.countries.records.iter();
        let zone = |record: &'_ crate::requirements::CountryRecord| inputs.countries.table.index(&record.code);
        LocalDates::new(records.filter_map(|record| Some((zone(record)?, record.time_zone.as_str()))))
    }

    /// Countries whose time zone is not known and that are treated as UTC, with the name they gave.
    pub fn unknown_zones(&self) -> impl Iterator<Item = (&str, &str)> {
        let code = |country: &CountryIndex| self.required.countries.code(*country);
        self.unknown_zones
            .iter()
            .map(move |(country, zone)| (code(country), zone.as_str()))
    }

    pub(super) fn titles(&self) -> &[TitleRow] {
        self.inputs.titles.rows()
    }

    /// The positions of all windows that count for a video, ascending.
    pub(super) fn windows_of(&self, row: &TitleRow) -> Vec<u32> {
        let mut works = self.inputs.titles.ancestors(row);
        works.push(row.id);
        if !row.kind.is_playable() {
            works.extend(self.inputs.titles.descendants(row.id));
        }
        let positions = works.into_iter().flat_map(|work| self.inputs.rights.of(work));
        let mut positions: Vec<u32> = positions.map(|position| position as u32).collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    pub(super) fn window(&self, position: u32) -> &WindowFact {
        &self.windows[position as usize]
    }

    /// The facts about a video, gathered into `room`.
    pub(super) fn facts<'a, 'r>(
        &'a self,
        row: &TitleRow,
        parents: &'a ParentBlocks,
        room: &'r mut Gathered<'a>,
    ) -> VideoFacts<'r>
    where
        'a: 'r,
    {
        let Gathered {
            assets: asset_room,
            texts: text_room,
            ratings: rating_room,
            parents: parent_room,
        } = room;
        asset_room.clear();
        text_room.clear();
        rating_room.clear();
        parent_room.clear();
        let Inputs {
            titles,
            texts,
            assets,
            ratings,
            ..
        } = &self.inputs;
        text_room.extend(texts.of(row.id, &self.texts));
        if row.kind.is_playable() {
            let film = row.kind == WorkKind::Movie;
            asset_room.extend(assets.of(row.id, &self.assets));
            rating_room.extend(ratings.of(row.id, film, &self.ratings));
            for ancestor in titles.ancestors(row) {
                let artwork = assets.of(ancestor, &self.assets);
                asset_room.extend(artwork.filter(|asset| asset.kind == AssetKind::Artwork));
                rating_room.extend(ratings.of(ancestor, film, &self.ratings));
            }
            rating_room.sort_unstable_by_key(|rating| (rating.name, rating.country));
        }
        self.parents(row, parents, parent_room);
        VideoFacts {
            kind: row.kind,
            for_children: row.for_children,
            assets: asset_room,
            texts: text_room,
            ratings: rating_room,
            parents: parent_room,
        }
    }

    fn parents<'a>(&'a self, row: &TitleRow, blocks: &'a ParentBlocks, into: &mut Vec<ParentFact<'a>>) {
        // A season belongs to a series, an episode to a season or series. Data can say otherwise, even name the work itself.
        let blocked = |id: i64| {
            let position = self.inputs.titles.find(id)?;
            let above = self.titles().get(position)?.kind;
            let fits = above == WorkKind::Series || (above == WorkKind::Season && row.kind == WorkKind::Episode);
            blocks.get(position).filter(|_| fits)?.as_deref()
        };
        let (nearest, series) = match row.kind {
            WorkKind::Movie | WorkKind::Series => return,
            WorkKind::Season => (row.parent.or(row.series), None),
            WorkKind::Episode => (row.parent, row.series),
        };
        into.push(ParentFact {
            id: nearest,
            blocked: nearest.and_then(blocked),
        });
        // Whether the series is live is the season's concern; that it is there at all is the episode's too.
        if let Some(series) = series.filter(|series| row.parent != Some(*series) && blocked(*series).is_none()) {
            into.push(ParentFact {
                id: Some(series),
                blocked: None,
            });
        }
    }
}

impl Names for Prepared {
    fn language(&self, need: Need) -> &str {
        self.required.needs.tag(need)
    }

    fn contract(&self, rank: u32) -> &str {
        self.inputs
            .rights
            .contracts
            .get(rank as usize)
            .map_or("", String::as_str)
    }

    fn rating(&self, rank: u32) -> &str {
        self.inputs.ratings.names.get(rank as usize).map_or("", String::as_str)
    }

    fn systems(&self, rank: u32, film: bool) -> &str {
        let systems = self.required.systems(film);
        systems.get(rank as usize).map_or("", |(name, _)| name)
    }
}
