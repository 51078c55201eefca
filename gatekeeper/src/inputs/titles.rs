//! The `titles` dataset: which videos there are and how they belong together.

use crate::bind::{BindError, Binder};
use crate::facts::WorkKind;
use hollow::read::ReadState;
use hollow::schema::FieldType;
use std::sync::Arc;

/// A video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TitleRow {
    pub(crate) id: i64,
    pub(crate) kind: WorkKind,
    pub(crate) parent: Option<i64>,
    pub(crate) series: Option<i64>,
    pub(crate) for_children: bool,
}

/// The videos of one state of `titles`, ascending by id.
#[derive(Debug)]
pub struct Titles {
    pub(super) state: Arc<ReadState>,
    rows: Vec<TitleRow>,
    /// (parent, child), ascending.
    children: Vec<(i64, i64)>,
}

/// Deepest chain of parents that is followed. Real ones have two links; data can have circles.
const DEPTH: usize = 4;

impl Titles {
    pub(super) fn bind(state: &Arc<ReadState>) -> Result<Self, BindError> {
        let mut binder = Binder::new("titles", state);
        let title = binder.object("Title");
        let video_id = binder.field(&title, "video_id", FieldType::Long);
        let work_type = binder.reference(&title, "work_type", "WorkType");
        let parent_id = binder.field(&title, "parent_id", FieldType::Long);
        let series_id = binder.field(&title, "series_id", FieldType::Long);
        let for_children = binder.field(&title, "for_children", FieldType::Boolean);
        let word = binder.word("WorkType", "name");
        let (title, word) = binder.finish(title.state().zip(word))?;
        let kinds = word.table(WorkKind::from_name);
        let row = |ordinal| {
            let kind = kinds.get(title.reference(ordinal, work_type.0)).copied();
            Some(TitleRow {
                id: title.long(ordinal, video_id.0)?,
                kind: kind.unwrap_or(WorkKind::Movie),
                parent: title.long(ordinal, parent_id.0),
                series: title.long(ordinal, series_id.0),
                for_children: title.boolean(ordinal, for_children.0).unwrap_or(false),
            })
        };
        let mut rows: Vec<TitleRow> = title.populated().filter_map(row).collect();
        rows.sort_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        let child = |row: &TitleRow| Some((row.parent?, row.id));
        let mut children: Vec<(i64, i64)> = rows.iter().filter_map(child).collect();
        children.sort_unstable();
        Ok(Titles {
            state: Arc::clone(state),
            rows,
            children,
        })
    }

    pub(crate) fn rows(&self) -> &[TitleRow] {
        &self.rows
    }

    /// The position of a video.
    pub(crate) fn find(&self, id: i64) -> Option<usize> {
        self.rows.binary_search_by_key(&id, |row| row.id).ok()
    }

    /// The works a video belongs to, nearest first: its parent, that one's parent and so on, and its series.
    pub(crate) fn ancestors(&self, row: &TitleRow) -> Vec<i64> {
        let mut ancestors = Vec::new();
        let mut next = row.parent;
        while let Some(id) = next.filter(|id| *id != row.id && !ancestors.contains(id)) {
            ancestors.push(id);
            let known = self.find(id).filter(|_| ancestors.len() < DEPTH);
            next = known.and_then(|position| self.rows[position].parent);
        }
        ancestors.extend(row.series.filter(|id| *id != row.id && !ancestors.contains(id)));
        ancestors
    }

    /// The works below a series or season: its seasons and their episodes.
    pub(crate) fn descendants(&self, id: i64) -> Vec<i64> {
        let mut found: Vec<i64> = self.children(id).collect();
        let grandchildren: Vec<i64> = found.iter().flat_map(|child| self.children(*child)).collect();
        found.extend(grandchildren);
        found.retain(|descendant| *descendant != id);
        found
    }

    fn children(&self, parent: i64) -> impl Iterator<Item = i64> + '_ {
        let from = self.children.partition_point(|(id, _)| *id < parent);
        let of_parent = self.children[from..].iter().take_while(move |(id, _)| *id == parent);
        of_parent.map(|(_, child)| *child)
    }
}
