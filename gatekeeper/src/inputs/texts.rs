//! The `texts` dataset: titles and synopses, grouped by video.

use super::{Fit, by_video, of_video};
use crate::bind::{BindError, Binder, ByOrdinal, Field, Word};
use crate::facts::TextFact;
use crate::language::Needs;
use hollow::Ordinal;
use hollow::read::{ObjectTypeState, ReadState};
use hollow::schema::FieldType;
use std::sync::Arc;

/// The texts of one state of `texts`.
#[derive(Debug)]
pub struct Texts {
    pub(super) state: Arc<ReadState>,
    text: ObjectTypeState,
    language: Field,
    title: Field,
    synopsis: Field,
    approved: Field,
    tag: Word,
    by_video: Vec<(i64, Ordinal)>,
}

/// What the languages of texts mean under given requirements.
#[derive(Debug)]
pub(crate) struct TextTables(ByOrdinal<Fit>);

impl Texts {
    pub(super) fn bind(state: &Arc<ReadState>) -> Result<Self, BindError> {
        let mut binder = Binder::new("texts", state);
        let text = binder.object("LocalizedText");
        let video_id = binder.field(&text, "video_id", FieldType::Long);
        let language = binder.reference(&text, "language", "Language");
        let title = binder.field(&text, "title", FieldType::String);
        let synopsis = binder.field(&text, "synopsis", FieldType::String);
        let approved = binder.field(&text, "approved", FieldType::Boolean);
        let tag = binder.word("Language", "tag");
        let (text, tag) = binder.finish(text.state().zip(tag))?;
        Ok(Texts {
            state: Arc::clone(state),
            by_video: by_video(&text, video_id),
            text,
            language,
            title,
            synopsis,
            approved,
            tag,
        })
    }

    pub(crate) fn tables(&self, needs: &Needs) -> TextTables {
        TextTables(self.tag.table(|tag| Fit::of(tag, needs)))
    }

    /// The texts of a video.
    pub(crate) fn of<'a>(&'a self, video: i64, tables: &'a TextTables) -> impl Iterator<Item = TextFact<'a>> + 'a {
        let text = &self.text;
        let is_there = |ordinal, field: Field| {
            let stored = text.text(ordinal, field.0);
            stored.is_some_and(|stored| stored.units().any(|unit| unit > 0x20 && unit != 0xa0))
        };
        of_video(&self.by_video, video).iter().map(move |(_, ordinal)| {
            let fit = tables.0.get(text.reference(*ordinal, self.language.0));
            TextFact {
                satisfies: fit.map_or(&[], |fit| &fit.needs),
                has_title: is_there(*ordinal, self.title),
                has_synopsis: is_there(*ordinal, self.synopsis),
                released: text.boolean(*ordinal, self.approved.0).unwrap_or(false),
            }
        })
    }
}
