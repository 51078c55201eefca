//! What the state tools make of a chain, read by Java: filtered, combined and rewritten snapshots, the deltas of a patch,
//! of a compaction, and of a leap over several versions.

use super::canonical;
use super::chain::Chain;
use super::readers;
use super::report::Publisher;
use super::rng::Rng;
use anyhow::{Context, Result, ensure};
use hollow::read::ReadState;
use hollow::tools::ToolError;
use hollow::tools::combine::{CombineOptions, OnDuplicate, combine};
use hollow::tools::compact::compact;
use hollow::tools::filter::filter;
use hollow::tools::patch::patch;
use hollow::tools::rewrite::{self, Deltas};
use hollow::write::CompactionConfig;
use std::fs;
use std::path::PathBuf;

/// One chain in so many.
const EVERY: u64 = 4;

/// The tools at work on one chain, once it is complete.
struct Tools<'c, 'j> {
    chain: &'c mut Chain<'j>,
    folder: PathBuf,
    /// The number of the next state to be written: the files here belong to no chain.
    next: i64,
}

/// Runs every tool on the chain, if it is its turn.
///
/// # Errors
/// The first thing on which Java and we disagree.
pub(super) fn run(seed: u64, chain: &mut Chain<'_>) -> Result<()> {
    if seed % EVERY != 1 {
        return Ok(());
    }
    let folder = chain.store.with_file_name("tools");
    fs::create_dir_all(&folder)?;
    let (Some(first), Some(last)) = (chain.versions.first(), chain.versions.last()) else {
        return Ok(());
    };
    let (number, first, last) = (last.number, first.state.clone(), last.state.clone());
    let before = chain.versions.iter().rev().nth(1).map(|before| before.state.clone());
    let middle = chain.versions[chain.versions.len() / 2].state.clone();
    let mut rng = Rng::new(seed ^ 0x7001);

    // What Java itself leaves out while it reads the whole snapshot.
    let (rules, words) = readers::random_filter(last.dataset(), &mut rng);
    chain.jvm.ask(&format!("read partial {number} * {}", words.join(" ")))?;
    let by_java = chain.jvm.ask("sum partial")?;

    chain.jvm.send(&format!("chain {}", folder.display()))?;
    let mut tools = Tools { chain, folder, next: 1 };
    match filter(&last, &rules, false) {
        // Nothing else had to go: then it is what Java leaves out.
        Ok(filtered) if filtered.consequences.is_empty() => {
            let ours = canonical::sum(&filtered.state);
            ensure!(ours == by_java, "filtered by {words:?}: ours={ours} java={by_java}");
            tools.snapshot(FILTERED, &filtered.state).context("filtered")?;
        }
        Ok(filtered) => tools
            .snapshot(FILTERED, &filtered.state)
            .map(drop)
            .context("filtered")?,
        Err(ToolError::Schema(_)) => {} // it leaves nothing
        Err(error) => return Err(error).context("filtered"),
    }
    tools
        .snapshot("tools: rewritten snapshot", &last)
        .context("rewritten")?;
    let everything = CombineOptions {
        on_duplicate: OnDuplicate::KeepAll,
        unique: None,
    };
    if tools.is_one_model(&[&middle, &last]) {
        let combined = combine(&[&middle, &last], &everything, 77 << 32).context("combined")?;
        tools
            .snapshot("tools: combined snapshot", &combined.state)
            .context("combined")?;
        let found = patch(&last, &middle, 99 << 32).context("patch")?;
        let steps = found.steps.iter().map(|step| (&step.deltas, &step.state));
        tools
            .follow("tools: deltas of a patch", &last, steps)
            .context("patch")?;
    }
    for from in [Some(first), Some(middle), before].into_iter().flatten() {
        if !tools.is_one_model(&[&from, &last]) {
            continue; // followers would not know the new types and fields
        }
        match rewrite::deltas(&from, &last) {
            Ok(deltas) => {
                let steps = [(&deltas, &last)];
                tools
                    .follow("tools: one delta in place of many", &from, steps.into_iter())
                    .context("leap")?;
            }
            Err(ToolError::Contradiction { .. }) => {} // ordinals were used again
            Err(error) => return Err(error).context("leap"),
        }
    }
    let always = CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 0,
    };
    match compact(&last, always, 55 << 32) {
        Ok(Some(found)) => {
            let steps = [(&found.deltas, &found.state)];
            tools
                .follow("tools: deltas of a compaction", &last, steps.into_iter())
                .context("compacted")
        }
        Ok(None) | Err(ToolError::LosesNan { .. }) => Ok(()),
        Err(error) => Err(error).context("compacted"),
    }
}

const FILTERED: &str = "tools: filtered snapshot";

impl Tools<'_, '_> {
    /// Whether states have the same schemas: then what a delta leads to is the state itself.
    fn is_one_model(&self, states: &[&ReadState]) -> bool {
        let [first, rest @ ..] = states else { return true };
        // The order of types is that of the blobs.
        let sorted = |state: &ReadState| {
            let mut texts: Vec<String> = state.dataset().schemas().iter().map(ToString::to_string).collect();
            texts.sort();
            texts
        };
        rest.iter().all(|state| sorted(state) == sorted(first))
    }

    /// Writes a snapshot of a state, which Java reads and finds to be that state; gives its number.
    fn snapshot(&mut self, feature: &'static str, state: &ReadState) -> Result<i64> {
        let number = self.next;
        self.next += 1;
        let mut bytes = Vec::new();
        rewrite::snapshot(state, &mut bytes)?;
        fs::write(self.folder.join(format!("snapshot-{number}")), bytes)?;
        self.chain.jvm.ask(&format!("read tool {number} -"))?;
        self.same("tool", state)?;
        self.chain.report.count_direction(feature, Publisher::Rust, 1);
        Ok(number)
    }

    /// Java goes from a state by deltas to others, and all the way back.
    fn follow<'s>(
        &mut self,
        feature: &'static str,
        from: &'s ReadState,
        steps: impl Iterator<Item = (&'s Deltas, &'s ReadState)>,
    ) -> Result<()> {
        let begin = self.snapshot("tools: rewritten snapshot", from)?;
        let mut way = vec![(begin, from)];
        for (deltas, state) in steps {
            let (before, number) = (self.next - 1, self.next);
            self.next += 1;
            fs::write(self.folder.join(format!("delta-{before}-{number}")), &deltas.delta)?;
            fs::write(
                self.folder.join(format!("reversedelta-{number}-{before}")),
                &deltas.reverse_delta,
            )?;
            self.chain.jvm.ask(&format!("delta tool delta {before} {number}"))?;
            self.same("tool", state)
                .with_context(|| format!("step {}", way.len()))?;
            way.push((number, state));
        }
        for pair in way.windows(2).rev() {
            let ((to, state), (at, _)) = (pair[0], pair[1]);
            self.chain.jvm.ask(&format!("delta tool reversedelta {at} {to}"))?;
            self.same("tool", state).context("back")?;
        }
        self.chain
            .report
            .count_direction(feature, Publisher::Rust, way.len() - 1);
        Ok(())
    }

    fn same(&mut self, name: &str, state: &ReadState) -> Result<()> {
        let (ours, java) = (canonical::sum(state), self.chain.jvm.ask(&format!("sum {name}"))?);
        if ours != java {
            let file = self.folder.join("java.txt");
            self.chain.jvm.ask(&format!("dump {name} {}", file.display()))?;
            let theirs = fs::read_to_string(&file)?;
            let lines = readers::first_lines("ours", &canonical::text(state), "java", &theirs);
            anyhow::bail!("ours={ours} java={java}\n{lines}");
        }
        self.chain.report.states += 1;
        Ok(())
    }
}
