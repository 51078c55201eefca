//! Header tags: the application's, which stay until changed, and those that Hollow sets itself (`docs/format.md`, 13).

use super::Producer;
use crate::Version;
use std::collections::BTreeMap;

/// Header tags that Hollow itself sets begin with this.
const OWN_TAGS: &str = "hollow.";

impl Producer {
    /// The header tags of the announced state that are not Hollow's own.
    pub(super) fn application_tags(&self) -> BTreeMap<String, String> {
        let tags = self
            .published
            .iter()
            .flat_map(|published| published.state.header_tags());
        let tags = tags.filter(|(key, _)| !key.starts_with(OWN_TAGS));
        tags.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Adds the tags that Hollow sets itself.
    pub(super) fn all_tags(
        &self,
        mut tags: BTreeMap<String, String>,
        version: Version,
        started_at: u64,
    ) -> BTreeMap<String, String> {
        let before = self.published.as_ref().map(|published| published.state.header_tags());
        let counter = before.and_then(|tags| tags.get("hollow.delta.chain.version.counter"));
        let counter = counter.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        let mut set = |key: &str, value: String| tags.insert(key.to_owned(), value);
        set("hollow.metric.cycle.start", started_at.to_string());
        set("hollow.schema.hash", self.dataset.schema_hash().to_string());
        set("hollow.blob.to.version", version.to_string());
        set(
            "hollow.delta.chain.version.counter",
            counter.saturating_add(1).to_string(),
        );
        set(
            "hollow.partitioned.ordinal.map",
            self.config.write.partitioned_ordinal_map.to_string(),
        );
        if self.is_evolved() {
            set("hollow.schema.changedFromPriorVersion", "true".to_owned());
        }
        // The engine found out about this one when it prepared for writing.
        const RESHARDING: &str = "hollow.type.resharding.invoked";
        if let Some(value) = self.engine.header_tag(RESHARDING) {
            set(RESHARDING, value.to_owned());
        }
        tags
    }

    pub(super) fn set_tags(&mut self, tags: &BTreeMap<String, String>) {
        let gone: Vec<String> = self.engine.header_tags().map(|(key, _)| key.to_owned()).collect();
        for key in gone.iter().filter(|key| !tags.contains_key(*key)) {
            self.engine.remove_header_tag(key);
        }
        for (key, value) in tags {
            self.engine.set_header_tag(key, value);
        }
    }
}
