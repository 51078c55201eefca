//! How often each check was against a candidate.

use super::Figures;
use hollow::producer::{Candidate, Validator};
use std::time::Duration;

/// The same checks, counted by their names.
pub(crate) fn counted(validators: Vec<Box<dyn Validator>>, figures: &Figures) -> Vec<Box<dyn Validator>> {
    let count = |inner| -> Box<dyn Validator> {
        Box::new(Counted {
            inner,
            figures: figures.clone(),
        })
    };
    validators.into_iter().map(count).collect()
}

struct Counted {
    inner: Box<dyn Validator>,
    figures: Figures,
}

impl Validator for Counted {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let answer = self.inner.validate(candidate);
        if answer.is_err() {
            self.figures.refused(&self.name());
        }
        answer
    }

    fn watches(&self) -> Option<(String, Duration)> {
        self.inner.watches()
    }
}
