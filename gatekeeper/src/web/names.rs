//! What videos and countries are called, from the `titles` and `countries` datasets. For display only.

use crate::bind::{BindError, Binder};
use crate::facts::WorkKind;
use hollow::read::ReadState;
use hollow::schema::FieldType;
use std::collections::HashMap;

#[derive(Clone, Debug)]
struct TitleName {
    name: Box<str>,
    kind: WorkKind,
    parent: Option<i64>,
    number: Option<i32>,
    minutes: Option<i32>,
}

/// A country for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CountryName {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) region: String,
}

/// Names of videos and countries.
#[derive(Clone, Debug, Default)]
pub struct Names {
    titles: HashMap<i64, TitleName>,
    /// (parent, number, child), ascending.
    children: Vec<(i64, i32, i64)>,
    /// By region, then by code.
    countries: Vec<CountryName>,
}

impl Names {
    /// Reads the names of two states.
    ///
    /// # Errors
    /// [`BindError`] if a field is missing.
    pub fn read(titles: &ReadState, countries: &ReadState) -> Result<Self, BindError> {
        let mut binder = Binder::new("titles", titles);
        let title = binder.object("Title");
        let video_id = binder.field(&title, "video_id", FieldType::Long);
        let name = binder.field(&title, "original_title", FieldType::String);
        let work_type = binder.reference(&title, "work_type", "WorkType");
        let parent = binder.field(&title, "parent_id", FieldType::Long);
        let number = binder.field(&title, "sequence_number", FieldType::Int);
        let minutes = binder.field(&title, "run_length_minutes", FieldType::Int);
        let word = binder.word("WorkType", "name");
        let (title, word) = binder.finish(title.state().zip(word))?;
        let kinds = word.table(WorkKind::from_name);
        let mut names = Names::default();
        for ordinal in title.populated() {
            let Some(id) = title.long(ordinal, video_id.0) else {
                continue;
            };
            let text = title.text(ordinal, name.0);
            let row = TitleName {
                name: text
                    .map(|text| text.to_str().into_owned().into_boxed_str())
                    .unwrap_or_default(),
                kind: kinds
                    .get(title.reference(ordinal, work_type.0))
                    .copied()
                    .unwrap_or(WorkKind::Movie),
                parent: title.long(ordinal, parent.0),
                number: title.int(ordinal, number.0),
                minutes: title.int(ordinal, minutes.0),
            };
            if let Some(parent) = row.parent {
                names.children.push((parent, row.number.unwrap_or(i32::MAX), id));
            }
            names.titles.insert(id, row);
        }
        names.children.sort_unstable();
        names.countries = read_countries(countries)?;
        Ok(names)
    }

    /// A country's name; its code if there is no record.
    pub(crate) fn country<'a>(&'a self, code: &'a str) -> &'a str {
        let known = self.countries.iter().find(|country| country.code == code);
        known.map_or(code, |country| &country.name)
    }

    /// A country's part of the world.
    pub(crate) fn region(&self, code: &str) -> &str {
        let known = self.countries.iter().find(|country| country.code == code);
        known.map_or("Elsewhere", |country| &country.region)
    }

    /// The name of a video: an episode's with those of its season and series. Cut at 200 characters.
    pub(crate) fn title(&self, video: i64) -> String {
        let Some(row) = self.titles.get(&video) else {
            return format!("Video {video}");
        };
        let own = cut(&row.name);
        let parent = row.parent.and_then(|parent| Some((parent, self.titles.get(&parent)?)));
        match (row.kind, parent) {
            (WorkKind::Season, Some((_, series))) => format!("{}: {own}", cut(&series.name)),
            (WorkKind::Episode, Some((_, season))) => {
                let series = season.parent.and_then(|series| self.titles.get(&series));
                let place = match (season.number, row.number) {
                    (Some(season), Some(episode)) => format!(" {season}×{episode:02}"),
                    _ => String::new(),
                };
                let above = series.unwrap_or(season);
                format!("{}{place}: {own}", cut(&above.name))
            }
            _ => own,
        }
    }

    /// The bare name of a video, if it is known.
    pub(crate) fn bare(&self, video: i64) -> Option<&str> {
        self.titles.get(&video).map(|row| &*row.name)
    }

    /// What a video is, in words.
    pub(crate) fn kind(&self, video: i64) -> &'static str {
        match self.titles.get(&video).map(|row| row.kind) {
            Some(WorkKind::Movie) => "Film",
            Some(WorkKind::Series) => "Series",
            Some(WorkKind::Season) => "Season",
            Some(WorkKind::Episode) => "Episode",
            None => "Unknown work",
        }
    }

    /// The length of a film in minutes.
    pub(crate) fn minutes(&self, video: i64) -> Option<i32> {
        self.titles.get(&video)?.minutes
    }

    /// The season of an episode, the series of a season.
    pub(crate) fn parent(&self, video: i64) -> Option<i64> {
        self.titles.get(&video)?.parent
    }

    /// The seasons of a series or the episodes of a season, in order.
    pub(crate) fn children(&self, video: i64) -> impl Iterator<Item = i64> + '_ {
        let from = self.children.partition_point(|(parent, _, _)| *parent < video);
        let of_video = self.children[from..]
            .iter()
            .take_while(move |(parent, _, _)| *parent == video);
        of_video.map(|(_, _, child)| *child)
    }

    /// Videos whose name is exactly this.
    pub fn exactly(&self, name: &str) -> Vec<i64> {
        let matching = self.titles.iter().filter(|(_, row)| &*row.name == name);
        let mut videos: Vec<i64> = matching.map(|(video, _)| *video).collect();
        videos.sort_unstable();
        videos
    }
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn read_countries(state: &ReadState) -> Result<Vec<CountryName>, BindError> {
    let mut binder = Binder::new("countries", state);
    let policy = binder.object("CountryPolicy");
    let country = binder.reference(&policy, "country", "Country");
    let name = binder.field(&policy, "name", FieldType::String);
    let region = binder.field(&policy, "region", FieldType::String);
    let code = binder.word("Country", "code");
    let (policy, code) = binder.finish(policy.state().zip(code))?;
    let text = |ordinal, field: crate::bind::Field| {
        let text = policy.text(ordinal, field.0);
        text.map(|text| text.to_str().into_owned()).unwrap_or_default()
    };
    let row = |ordinal| {
        Some(CountryName {
            code: code.text(policy.reference(ordinal, country.0)?)?,
            name: text(ordinal, name),
            region: text(ordinal, region),
        })
    };
    let mut countries: Vec<CountryName> = policy.populated().filter_map(row).collect();
    countries.sort_by(|a, b| (&a.region, &a.code).cmp(&(&b.region, &b.code)));
    Ok(countries)
}
