//! What a run came to, as counts and as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// Who published a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Publisher {
    /// Java Hollow.
    Java,
    /// This library.
    Rust,
}

/// Counts of what was compared and found the same.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Chains.
    pub chains: usize,
    /// Chains among them that Java's reader could not follow to the end, by a fault of its own.
    pub ended_early: usize,
    /// Partial readers that Java could not load, by a limit of its own, and we could.
    pub not_loaded_by_java: usize,
    /// Partial readers that Java could not go on with, by a limit of its own, and we could.
    pub not_followed_by_java: usize,
    /// Versions published, by Java and by us.
    pub versions: [usize; 2],
    /// Records in the states of all versions.
    pub records: usize,
    /// States read on both sides whose content and checksums agree.
    pub states: usize,
    /// Blobs that both sides wrote and that are the same byte for byte.
    pub same_blobs: usize,
    /// Blobs that differ in the order of header tags only.
    pub same_but_tag_order: usize,
    /// Bytes of the blobs compared.
    pub blob_bytes: u64,
    /// Versions per feature: published by Java and read by us, the other way round, and compared byte for byte.
    features: BTreeMap<&'static str, [usize; 3]>,
    /// Time in the Java program by command, in milliseconds.
    pub java_millis: BTreeMap<String, u64>,
    /// What runs on the other side.
    pub java_version: String,
    /// Wall clock time.
    pub took: Duration,
}

impl Report {
    /// Counts a version with these features.
    pub fn count(&mut self, features: &BTreeSet<&'static str>, publisher: Publisher, compared: bool) {
        self.versions[publisher as usize] += 1;
        for feature in features {
            let counts = self.features.entry(feature).or_default();
            counts[publisher as usize] += 1;
            counts[2] += usize::from(compared);
        }
    }

    /// Counts something in one direction only.
    pub fn count_direction(&mut self, feature: &'static str, publisher: Publisher, times: usize) {
        self.features.entry(feature).or_default()[publisher as usize] += times;
    }

    /// Counts something that was compared byte for byte.
    pub fn count_bytes(&mut self, feature: &'static str, times: usize) {
        self.features.entry(feature).or_default()[2] += times;
    }

    /// How often a feature came up: written by Java and read here, the other way round, compared byte for byte.
    pub fn feature(&self, feature: &str) -> [usize; 3] {
        self.features.get(feature).copied().unwrap_or_default()
    }

    /// Takes in what another run came to.
    pub fn add(&mut self, other: Report) {
        self.chains += other.chains;
        self.ended_early += other.ended_early;
        self.not_loaded_by_java += other.not_loaded_by_java;
        self.not_followed_by_java += other.not_followed_by_java;
        self.records += other.records;
        self.states += other.states;
        self.same_blobs += other.same_blobs;
        self.same_but_tag_order += other.same_but_tag_order;
        self.blob_bytes += other.blob_bytes;
        for (into, from) in self.versions.iter_mut().zip(other.versions) {
            *into += from;
        }
        for (feature, counts) in other.features {
            let into = self.features.entry(feature).or_default();
            into.iter_mut().zip(counts).for_each(|(into, from)| *into += from);
        }
        for (command, millis) in other.java_millis {
            *self.java_millis.entry(command).or_default() += millis;
        }
        if self.java_version.is_empty() {
            self.java_version = other.java_version;
        }
    }
}

/// What these runs do not compare, or leave out because the two differ, and what there is instead.
const GAPS: &[(&str, &str)] = &[
    (
        "partitioned ordinal maps",
        "not in the published version used here; golden vectors of a newer one, byte for byte",
    ),
    (
        "hash key paths ending in `!`, keys of types that are not registered",
        "no text form for the former; golden vectors",
    ),
    (
        "FLOAT or DOUBLE field removed from the model",
        "differs: until its next snapshot a following Java consumer reads NaN in records added later, ours null",
    ),
    (
        "a reader that has no records of a type, and of its fields only such as are removed from the model",
        "differs: until its next snapshot Java fails to read records added later, ours reads null in them. Filtered readers \
         in which it comes up end there",
    ),
    (
        "filter, or choice of optional parts, without the fields or types of a key",
        "differs: Java fails to load, ours loads. These runs filter nothing so, but leave out parts so, and expect it",
    ),
    (
        "`TypeFilter.exclude(type, field)`",
        "no effect in the Java version used here; its `HollowFilterConfig` is what is compared",
    ),
    (
        "compaction of types with several shards",
        "differs: Java counts holes up to the last ordinal of a shard only and finds fewer, so it compacts later",
    ),
    (
        "compaction of types on, or below, a circle of references",
        "differs: Java moves their records and loses references to them; ours leaves these types alone",
    ),
    (
        "sets and maps moved by a compaction and then added again by the same producer",
        "differs: Java takes them for new records, ours finds them",
    ),
    (
        "number of shards changed of a type that has ordinals and no record left; of a set or map type all of whose records \
         are empty, if a shard comes to have ordinals and no record",
        "differs: Java's reader fails, whoever wrote the delta; ours reads it. Chains in which it comes up end there",
    ),
    ("unpaired surrogates, explicit `setNull`", "golden vectors"),
    ("`mapOrdinal`", "golden vectors"),
    (
        "`HollowProducer.Incremental`, object mapper",
        "golden vectors: read, and their cycles written again from the resulting states",
    ),
    (
        "`SHARED_MEMORY_LAZY`, object longevity, generated APIs",
        "Java's own matters: they read the same blobs, nothing is tested",
    ),
];

impl Report {
    /// What the run came to as Markdown: the same whenever the same seeds are run.
    pub fn table(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_table(&mut out);
        out
    }

    fn write_table(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let [java, rust] = self.versions;
        // The version of Java matters less than that of the library, and differs from machine to machine.
        let witness = self.java_version.split(' ').next().unwrap_or_default();
        writeln!(
            f,
            "{} chains, {} versions ({java} published by Java, {rust} by us), {} records; against {witness}.",
            self.chains,
            java + rust,
            self.records,
        )?;
        // Java keeps header tags in a table that does not have the same order every time: how often it does is not told.
        writeln!(
            f,
            "{} states read on both sides: content and checksums agree. {} blobs ({:.1} MB) written by both sides: the same byte \
             for byte, some of them but for the order of header tags; 0 different.",
            self.states,
            self.same_blobs + self.same_but_tag_order,
            self.blob_bytes as f64 / 1e6,
        )?;
        if self.ended_early > 0 {
            let count = self.ended_early;
            writeln!(
                f,
                "{count} chain(s) ended early: Java's reader cannot read what Java's writer writes, see below."
            )?;
        }
        if self.not_loaded_by_java > 0 {
            let count = self.not_loaded_by_java;
            writeln!(
                f,
                "{count} partial reader(s) began on our side only: Java cannot load a set or map without the type behind its hash key, \
                 see below."
            )?;
        }
        if self.not_followed_by_java > 0 {
            let count = self.not_followed_by_java;
            writeln!(
                f,
                "{count} partial reader(s) went on our side only: Java cannot read a type with none of its fields left, see below."
            )?;
        }
        writeln!(
            f,
            "\n| feature | Java writes, we read | we write, Java reads | both write the same bytes |\n|---|---|---|---|"
        )?;
        for (feature, counts) in &self.features {
            let [java, rust, bytes] = counts.map(|count| match count {
                0 => "—".to_owned(),
                count => format!("ok, {count}"),
            });
            writeln!(f, "| {feature} | {java} | {rust} | {bytes} |")?;
        }
        writeln!(
            f,
            "\n| not compared by these runs, or different | what there is instead |\n|---|---|"
        )?;
        GAPS.iter()
            .try_for_each(|(gap, instead)| writeln!(f, "| {gap} | {instead} |"))
    }
}

/// The table, and what the run took.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_table(f)?;
        let millis: Vec<String> = self
            .java_millis
            .iter()
            .map(|(name, millis)| format!("{name} {millis}"))
            .collect();
        write!(
            f,
            "\n{} blobs differ in the order of header tags. Took {:.1} s with {}; in Java, ms: {}.",
            self.same_but_tag_order,
            self.took.as_secs_f64(),
            self.java_version,
            millis.join(", ")
        )
    }
}
