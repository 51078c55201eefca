//! How often candidates were refused of late.

use hollow::Version;
use std::collections::VecDeque;

/// Of how many attempts to publish it is counted how many were refused.
const LAST: usize = 5;
/// How many of them make a dataset wait for a person: two in a row, or accepted and refused in turns.
const TOO_MANY: usize = 2;

/// The last attempts to publish: whether each was refused. Cycles that changed nothing are no attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Streak(VecDeque<bool>);

impl Streak {
    /// What chain and quarantine tell. `published` says of versions whether a person let them through; nothing up to the
    /// last such version counts, nor what a release has forgiven.
    pub fn of(published: &[(Version, bool)], refused: &[Version], forgiven: Option<Version>) -> Self {
        let accepted = published
            .iter()
            .filter(|(_, accepted)| *accepted)
            .map(|(version, _)| *version)
            .max();
        let from = accepted.max(forgiven);
        let attempts = published.iter().map(|(version, _)| (*version, false));
        let attempts = attempts.chain(refused.iter().map(|version| (*version, true)));
        let mut attempts: Vec<(Version, bool)> = attempts
            .filter(|(version, _)| from.is_none_or(|from| *version > from))
            .collect();
        attempts.sort_unstable();
        let mut streak = Self::default();
        attempts.into_iter().for_each(|(_, refused)| streak.push(refused));
        streak
    }

    fn push(&mut self, refused: bool) {
        self.0.push_back(refused);
        if self.0.len() > LAST {
            self.0.pop_front();
        }
    }

    /// A version was published.
    pub fn published(&mut self) {
        self.push(false);
    }

    /// A candidate was refused.
    pub fn refused(&mut self) {
        self.push(true);
    }

    /// A person has decided: nothing before counts any more.
    pub fn forgive(&mut self) {
        self.0.clear();
    }

    /// How many of the last attempts were refused.
    pub fn refusals(&self) -> usize {
        self.0.iter().filter(|refused| **refused).count()
    }

    /// Whether a person has to decide before anything more is tried.
    pub fn is_too_much(&self) -> bool {
        self.refusals() >= TOO_MANY
    }
}
