//! The `assets` dataset: deliveries, grouped by video.

use super::{Fit, by_video, of_video};
use crate::bind::{BindError, Binder, ByOrdinal, Field, Word};
use crate::country_set::{Countries, CountrySet};
use crate::facts::{AssetFact, AssetKind};
use crate::language::Needs;
use crate::reason::Progress;
use hollow::Ordinal;
use hollow::read::{ObjectTypeState, ReadState, SetTypeState};
use hollow::schema::FieldType;
use std::sync::Arc;

/// The deliveries of one state of `assets`.
#[derive(Debug)]
pub struct Assets {
    pub(super) state: Arc<ReadState>,
    asset: ObjectTypeState,
    asset_type: Field,
    sub_type: Field,
    language: Field,
    status_code: Field,
    territory: Field,
    available_from: Field,
    kinds: ByOrdinal<AssetKind>,
    /// Whether a sub type is one that counts, for sound and for subtitles.
    counts: ByOrdinal<(bool, bool)>,
    progress: ByOrdinal<Progress>,
    tag: Word,
    countries: SetTypeState,
    country: Word,
    by_video: Vec<(i64, Ordinal)>,
}

/// What languages and territories of deliveries mean under given requirements.
#[derive(Debug)]
pub(crate) struct AssetTables {
    languages: ByOrdinal<Fit>,
    territories: ByOrdinal<CountrySet>,
    all: CountrySet,
}

impl Assets {
    pub(super) fn bind(state: &Arc<ReadState>) -> Result<Self, BindError> {
        let mut binder = Binder::new("assets", state);
        let asset = binder.object("Asset");
        let video_id = binder.field(&asset, "video_id", FieldType::Long);
        let asset_type = binder.reference(&asset, "asset_type", "AssetType");
        let sub_type = binder.reference(&asset, "sub_type", "SubType");
        let language = binder.reference(&asset, "language", "Language");
        let status_code = binder.reference(&asset, "status_code", "StatusCode");
        let territory = binder.reference(&asset, "territory", "Countries");
        let available_from = binder.field(&asset, "available_from_at", FieldType::Long);
        let kind = binder.word("AssetType", "name");
        let sub = binder.word("SubType", "name");
        let tag = binder.word("Language", "tag");
        let status = binder.word("StatusCode", "name");
        let countries = binder.set("Countries", "Country");
        let country = binder.word("Country", "code");
        let words = kind.zip(sub).zip(tag.zip(status));
        let parts = binder.finish(asset.state().zip(words).zip(countries.zip(country)))?;
        let ((asset, ((kind, sub), (tag, status))), (countries, country)) = parts;
        Ok(Assets {
            state: Arc::clone(state),
            kinds: kind.table(|name| match name {
                "video" => AssetKind::Video,
                "audio" => AssetKind::Audio,
                "subtitle" => AssetKind::Subtitle,
                "artwork" => AssetKind::Artwork,
                _ => AssetKind::Other,
            }),
            counts: sub.table(|name| (name == "primary", matches!(name, "normal" | "SDH"))),
            progress: status.table(Progress::from_status_code),
            by_video: by_video(&asset, video_id),
            asset,
            asset_type,
            sub_type,
            language,
            status_code,
            territory,
            available_from,
            tag,
            countries,
            country,
        })
    }

    pub(crate) fn tables(&self, countries: &Countries, needs: &Needs) -> AssetTables {
        let index = self.country.table(|code| countries.index(code));
        AssetTables {
            languages: self.tag.table(|tag| Fit::of(tag, needs)),
            territories: ByOrdinal::of_set(&self.countries, |set| {
                let elements = self.countries.elements(set);
                elements.filter_map(|country| *index.get(Some(country))?).collect()
            }),
            all: countries.all(),
        }
    }

    /// The deliveries of a video.
    pub(crate) fn of<'a>(&'a self, video: i64, tables: &'a AssetTables) -> impl Iterator<Item = AssetFact<'a>> + 'a {
        let ordinals = of_video(&self.by_video, video).iter();
        ordinals.map(|(_, ordinal)| self.fact(*ordinal, tables))
    }

    fn fact<'a>(&'a self, ordinal: Ordinal, tables: &'a AssetTables) -> AssetFact<'a> {
        let asset = &self.asset;
        let kind = self.kinds.get(asset.reference(ordinal, self.asset_type.0));
        let mut kind = kind.copied().unwrap_or(AssetKind::Other);
        // A delivery that does not say which of its kind it is, is the usual one.
        if let Some((sound, subtitles)) = self.counts.get(asset.reference(ordinal, self.sub_type.0)) {
            let fits = match kind {
                AssetKind::Audio => *sound,
                AssetKind::Subtitle => *subtitles,
                _ => true,
            };
            kind = if fits { kind } else { AssetKind::Other };
        }
        let fit = tables.languages.get(asset.reference(ordinal, self.language.0));
        let progress = self.progress.get(asset.reference(ordinal, self.status_code.0));
        let set = asset.reference(ordinal, self.territory.0);
        let named = set.filter(|set| self.countries.len_of(*set) > 0);
        AssetFact {
            kind,
            satisfies: fit.map_or(&[], |fit| &fit.needs),
            silent: fit.is_some_and(|fit| fit.silent),
            progress: progress.copied().unwrap_or(Progress::Gone),
            territory: match named {
                None => tables.all,
                Some(set) => tables.territories.get(Some(set)).copied().unwrap_or_default(),
            },
            available_from: asset.long(ordinal, self.available_from.0).unwrap_or(i64::MIN),
        }
    }
}
