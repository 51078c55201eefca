//! One chain of versions: two producers take turns, two consumers follow, and everything both sides see is compared.

use super::blobs::{self, Files, Parts, Same};
use super::cycle::{self, Cycle, Style};
use super::java::Jvm;
use super::limits;
use super::model::{Change, Model};
use super::readers::{self, Readers};
use super::report::{Publisher, Report};
use super::rng::Rng;
use super::script;
use super::state_tools;
use super::traits::{Traits, VERSIONS};
use anyhow::{Context, Result, ensure};
use hollow::copy::HashPositions;
use hollow::read::ReadState;
use hollow::schema::Schema;
use hollow::write::{WriteConfig, WriteStateEngine};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How a producer comes by the version before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// There is none.
    Fresh,
    /// Restored: records are recognised, the others kept for the reverse delta.
    Restored,
    /// Made as if it had published that version.
    Recreated(HashPositions),
}

/// A version that is published.
pub(super) struct Version {
    pub(super) number: i64,
    pub(super) state: ReadState,
}

/// A chain under way.
pub(super) struct Chain<'j> {
    seed: u64,
    pub(super) jvm: &'j mut Jvm,
    pub(super) rng: Rng,
    pub(super) traits: Traits,
    pub(super) model: Model,
    /// The types in the order in which producers register them.
    order: Vec<String>,
    pub(super) parts: Parts,
    /// The store both sides publish to.
    pub(super) store: PathBuf,
    /// Where Java writes when it is not its turn.
    aside: PathBuf,
    staging: PathBuf,
    pub(super) versions: Vec<Version>,
    /// The changes of the model, of all turns so far and of this one.
    pub(super) changes: Vec<Change>,
    pub(super) turn_changes: Vec<Change>,
    last_publisher: Option<Publisher>,
    /// Between which versions, by their places in `versions`, consumers are going.
    pub(super) steps: Vec<(usize, usize)>,
    pub(super) report: Report,
}

/// Runs the chain of a seed in a directory, which must be empty.
///
/// # Errors
/// The first thing on which the two sides disagree.
pub(super) fn run(seed: u64, jvm: &mut Jvm, directory: &Path) -> Result<Report> {
    let mut rng = Rng::new(seed);
    let traits = Traits::random(&mut rng);
    let model = Model::random(&mut rng);
    let mut order: Vec<String> = model.types.iter().map(|ty| ty.schema.name().to_owned()).collect();
    if rng.percent(50) {
        rng.shuffle(&mut order);
    }
    let parts = match traits.parts {
        true => random_parts(&order, &mut rng),
        false => Parts::new(),
    };
    let mut chain = Chain {
        seed,
        jvm,
        rng,
        traits,
        model,
        order,
        parts,
        store: directory.join("store"),
        aside: directory.join("aside"),
        staging: directory.join("staging"),
        versions: Vec::new(),
        changes: Vec::new(),
        turn_changes: Vec::new(),
        last_publisher: None,
        steps: Vec::new(),
        report: Report::default(),
    };
    chain.report.chains = 1;
    match chain.run() {
        Err(error) if chain.is_javas_own(&error) => chain.report.ended_early = 1,
        outcome => outcome?,
    }
    Ok(chain.report)
}

fn random_parts(types: &[String], rng: &mut Rng) -> Parts {
    let mut parts = Parts::new();
    for ty in types {
        let part = match rng.below(10) {
            0..=3 => "media",
            4 | 5 => "rest",
            _ => continue,
        };
        parts.entry(part.to_owned()).or_default().push(ty.clone());
    }
    parts
}

impl Chain<'_> {
    fn run(&mut self) -> Result<()> {
        for folder in [&self.store, &self.aside, &self.staging] {
            fs::create_dir_all(folder)?;
        }
        let names: Vec<&str> = self.parts.keys().map(String::as_str).collect();
        let line = format!("chain {} {}", self.store.display(), names.join(" "));
        self.jvm.send(line.trim_end())?;
        let mut readers = Readers::open(&self.store, self.seed)?;
        while self.versions.len() < VERSIONS {
            self.turn(&mut readers)?;
        }
        readers.walk_back(self).context("walking back")?;
        state_tools::run(self.seed, self).context("state tools")
    }

    /// Whether this is Java's reader failing on what Java's writer writes, byte for byte.
    fn is_javas_own(&self, error: &anyhow::Error) -> bool {
        let said = format!("{error:#}");
        let state = |at: usize| &self.versions[at].state;
        let mut steps = self.steps.iter();
        steps.any(|&(from, to)| limits::is_failed_resharding(&said, state(from), state(to)))
    }

    /// One producer's turn: it continues from the last version, whoever published it, for some versions.
    fn turn(&mut self, readers: &mut Readers) -> Result<()> {
        let publisher = match self.rng.percent(50) {
            true => Publisher::Java,
            false => Publisher::Rust,
        };
        self.turn_changes.clear();
        let beginning = self.beginning();
        // Only our producer has this mode: it is tried by its states, not by its bytes.
        let ours_alone = beginning == Beginning::Recreated(HashPositions::AsAdded);
        let publisher = if ours_alone { Publisher::Rust } else { publisher };
        let mut engine = self.new_producers(beginning)?;
        let cycles = self.rng.between(1, 4).min(VERSIONS - self.versions.len());
        for index in 0..cycles {
            let number = self.next_number();
            let begun = if index == 0 { beginning } else { Beginning::Fresh };
            let at = self.versions.len() + 1;
            let mut compacted = false;
            let features = self
                .version(&mut engine, publisher, number, index == 0, ours_alone)
                .and_then(|cycle| {
                    readers.version(self, publisher)?;
                    compacted = cycle.style == Style::Compacted;
                    Ok(self.features(begun, publisher, &cycle))
                })
                .with_context(|| {
                    let turn = format!("the producers' cycle {} ({beginning:?})", index + 1);
                    format!("version {at} of {VERSIONS} = {number}, published by {publisher:?}, {turn}")
                })?;
            self.report.count(&features, publisher, !ours_alone);
            self.last_publisher = Some(publisher);
            // The model changed with the first version of the turn.
            self.turn_changes.clear();
            if compacted {
                // Java's engine does not know the sets and maps it moved when they are added again; ours does.
                break;
            }
        }
        Ok(())
    }

    fn beginning(&mut self) -> Beginning {
        if self.versions.is_empty() {
            return Beginning::Fresh;
        }
        if self.traits.evolution && self.rng.percent(50) {
            let changes = self.model.evolve(&mut self.rng);
            self.order.retain(|name| self.model.get(name).is_some());
            for ty in &self.model.types {
                if !self.order.iter().any(|name| name == ty.schema.name()) {
                    let at = self.rng.below(self.order.len() + 1);
                    self.order.insert(at, ty.schema.name().to_owned());
                }
            }
            self.changes.extend(changes.iter().cloned());
            self.turn_changes = changes;
            return Beginning::Restored;
        }
        if self.traits.recreation && self.rng.percent(50) {
            let positions = [HashPositions::Preserve, HashPositions::Rehash, HashPositions::AsAdded];
            return Beginning::Recreated(*self.rng.pick(&positions));
        }
        Beginning::Restored
    }

    fn next_number(&mut self) -> i64 {
        let step = self.rng.between(1, 900) as i64;
        self.versions.last().map_or(20_240_102_030_405_000, |last| last.number) + step
    }

    /// Makes a producer on each side and brings both to the last version.
    fn new_producers(&mut self, beginning: Beginning) -> Result<WriteStateEngine> {
        let target = match self.traits.resharding || self.rng.percent(20) {
            true => cycle::target_bytes(&mut self.rng),
            false => i64::MAX.unsigned_abs(),
        };
        let config = WriteConfig {
            focus_hole_fill_in_fewest_shards: self.traits.focus,
            allow_type_resharding: self.traits.resharding,
            target_max_type_shard_size_bytes: target,
            ..WriteConfig::default()
        };
        let mut engine = WriteStateEngine::new(config);
        let flag = |on: bool| u8::from(on);
        let line = format!(
            "engine {} {} {target}",
            flag(self.traits.focus),
            flag(self.traits.resharding)
        );
        self.jvm.send(&line)?;
        for name in &self.order {
            let Some(ty) = self.model.get(name) else { continue };
            let before = self.versions.last().and_then(|last| last.state.ty(name));
            let shards = match before {
                None if self.traits.shards && self.rng.percent(70) => Some(1 << self.rng.below(4)),
                // Configured again, it must be what it is.
                Some(before) if self.rng.percent(10) => Some(before.num_shards()),
                _ => None,
            };
            engine.add_type(ty.schema.clone(), shards)?;
            let text = ty.schema.to_string().replace('\n', " ");
            let shards = shards.map_or(-1, i64::from);
            self.jvm.send(&format!("type {shards} {text}"))?;
        }
        for (part, types) in &self.parts {
            self.jvm.send(&format!("part {part} {}", types.join(" ")))?;
        }
        if let Some(last) = self.versions.last() {
            match beginning {
                Beginning::Fresh => {}
                Beginning::Restored => {
                    self.jvm.send(&format!("restore {}", last.number))?;
                    engine.restore(&last.state)?;
                }
                Beginning::Recreated(positions) => {
                    let mode = if positions == HashPositions::Preserve {
                        "preserve"
                    } else {
                        "rehash"
                    };
                    self.jvm.send(&format!("recreate {mode} {}", last.number))?;
                    engine.recreate(&last.state, positions)?;
                }
            }
        }
        Ok(engine)
    }

    /// Both producers run the same cycle; one of them publishes.
    fn version(
        &mut self,
        engine: &mut WriteStateEngine,
        publisher: Publisher,
        number: i64,
        first_of_turn: bool,
        ours_alone: bool,
    ) -> Result<Cycle> {
        let previous = self.versions.last();
        let planned = cycle::plan(
            &self.model,
            previous.map(|last| &last.state),
            first_of_turn,
            &mut self.rng,
            &self.traits,
        );
        let previous = previous.map(|last| last.number);
        let tag = self.rng.next() as i64;
        if !ours_alone {
            if !first_of_turn {
                self.jvm.send("next")?;
            }
            for op in &planned.ops {
                self.jvm.send(&op.line())?;
            }
            let (into, announce) = match publisher {
                Publisher::Java => (&self.store, 1),
                Publisher::Rust => (&self.aside, 0),
            };
            let (into, staging) = (into.display(), self.staging.display());
            let before = previous.map_or_else(|| "-".to_owned(), |version| version.to_string());
            self.jvm
                .send(&format!("write {into} {staging} {number} {before} {tag} {announce}"))?;
            self.jvm.flush()?; // Java works while we do
        }

        engine.prepare_for_next_cycle(tag);
        let added = script::run(&planned.ops, engine)?;
        engine.set_next_tag(tag);
        let mut outcome = u8::from(engine.has_changed()).to_string();
        added
            .iter()
            .for_each(|ordinal| outcome.push_str(&format!(" {ordinal}")));
        let files = blobs::write(engine, &self.parts, number, previous)?;

        if !ours_alone {
            let mut java = self.jvm.answer()?;
            // Asked before it writes, Java's engine also says yes if the version before changed a number of shards.
            let resharded = self
                .versions
                .last()
                .is_some_and(|last| last.state.header_tags().contains_key(cycle::RESHARDING_TAG));
            if resharded && java.starts_with('1') {
                java.replace_range(..1, &outcome[..1]);
            }
            ensure!(
                java == outcome,
                "ordinals: {}; {:?}, changes of the model {:?}",
                script::first_difference(&planned.ops, &outcome, &java),
                self.traits,
                self.changes
            );
            self.compare(&files, publisher)?;
        }
        if publisher == Publisher::Rust {
            for (name, bytes) in &files {
                fs::write(self.store.join(name), bytes)?;
            }
            let temporary = self.store.join("announced.version.tmp");
            fs::write(&temporary, number.to_string())?;
            fs::rename(temporary, self.store.join("announced.version"))?;
        }
        let state = readers::snapshot(&self.store, number, self.parts.keys())?;
        let found = cycle::roots_of(&state, &self.model.roots());
        // A record that is carried over is one with a record added that differs in the new fields only, in Java as here.
        let claims =
            planned.style != Style::AddedAgain && self.turn_changes.iter().any(|c| matches!(c, Change::FieldAdded(..)));
        if found != planned.expected && !claims {
            let missing: Vec<_> = planned.expected.difference(&found).take(3).collect();
            let extra: Vec<_> = found.difference(&planned.expected).take(3).collect();
            anyhow::bail!(
                "records of {:?}: missing={missing:?} not expected={extra:?}",
                planned.style
            );
        }
        self.report.records += state.types().map(|ty| ty.len()).sum::<usize>();
        self.versions.push(Version { number, state });
        Ok(planned)
    }

    fn compare(&mut self, ours: &Files, publisher: Publisher) -> Result<()> {
        let folder = match publisher {
            Publisher::Java => &self.store,
            Publisher::Rust => &self.aside,
        };
        for (name, bytes) in ours {
            let path = folder.join(name);
            let java = fs::read(&path).with_context(|| format!("Java wrote no {name}"))?;
            match blobs::compare(name, bytes, &java)? {
                Same::Whole => self.report.same_blobs += 1,
                Same::ButTagOrder => self.report.same_but_tag_order += 1,
            }
            self.report.blob_bytes += bytes.len() as u64;
            if publisher == Publisher::Rust {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// What the last version shows.
    fn features(&self, beginning: Beginning, publisher: Publisher, cycle: &Cycle) -> BTreeSet<&'static str> {
        let mut features = BTreeSet::from(["snapshot"]);
        let Some(last) = self.versions.last() else {
            return features;
        };
        if self.versions.len() > 1 {
            features.extend(["delta", "reverse delta"]);
        }
        for ty in last.state.types().filter(|ty| !ty.is_empty()) {
            features.insert(match ty.schema() {
                Schema::Object(_) => "OBJECT, fields of all types",
                Schema::List(_) => "LIST",
                Schema::Set(schema) if schema.hash_key.is_some() => "SET with hash key",
                Schema::Set(_) => "SET without hash key",
                Schema::Map(schema) if schema.hash_key.is_some() => "MAP with hash key",
                Schema::Map(_) => "MAP without hash key",
            });
            if ty
                .schema()
                .as_object()
                .is_some_and(|schema| schema.primary_key.is_some())
            {
                features.insert("primary key in the schema");
            }
            if ty.num_shards() > 1 {
                features.insert("several shards");
            }
        }
        if last.state.header_tags().contains_key(cycle::RESHARDING_TAG) {
            features.insert("number of shards changed");
        }
        if self.last_publisher.is_some_and(|before| before != publisher) {
            features.insert("chain taken over from the other side");
        }
        features.extend(match beginning {
            Beginning::Restored => Some("producer restored"),
            Beginning::Recreated(HashPositions::AsAdded) => Some("producer recreated by `hollow::producer`"),
            Beginning::Recreated(_) => Some("producer recreated"),
            Beginning::Fresh => None,
        });
        for change in &self.turn_changes {
            features.insert(match change {
                Change::FieldAdded(..) => "model changed: field added",
                Change::FieldRemoved(..) => "model changed: field removed",
                Change::TypeAdded(_) => "model changed: type added",
                Change::TypeRemoved(_) => "model changed: type removed",
            });
        }
        features.insert(match cycle.style {
            Style::AddedAgain => "everything added again",
            Style::CarriedAll => "carried over, some removed",
            Style::CarriedEach => "carried over one by one",
            Style::Compacted => "compaction",
            Style::Unchanged => "delta without a change",
            Style::Emptied => "nothing of the version before left",
        });
        let traits = [
            (self.traits.tags, "header tags"),
            (!self.parts.is_empty(), "optional parts"),
            (self.traits.nan, "NaN (null after a restore, as in Java)"),
            (self.traits.hashed, "hashes given by the caller"),
            (self.traits.focus, "holes filled shard by shard"),
        ];
        features.extend(traits.into_iter().filter(|(is, _)| *is).map(|(_, name)| name));
        features
    }
}
