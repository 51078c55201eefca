//! What errors mean to a service.

use crate::dead_letter::{CapReached, DeadLetterError};
use crate::source::{BoxError, SourceError};
use hollow::producer::CycleError;
use hollow::store::StoreError;
use std::error::Error;

/// Why a cycle failed, by what to do next.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) text: String,
    /// Nothing helps but a person.
    pub(super) is_final: bool,
    /// A mistake of this program or of its configuration: the same input fails the same way.
    pub(super) is_ours: bool,
    pub(super) needs_restore: bool,
    /// Validators refused what came out.
    pub(super) is_refusal: bool,
    /// What was accepted cannot come out any more.
    pub(super) is_misfit: bool,
}

impl Failure {
    fn new(error: &dyn Error) -> Self {
        let mut texts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        texts.dedup(); // transparent errors repeat their source
        Self {
            text: texts.join(": "),
            is_final: false,
            is_ours: false,
            needs_restore: false,
            is_refusal: false,
            is_misfit: false,
        }
    }

    /// What was accepted cannot come out any more.
    pub(super) fn misfit(text: String) -> Self {
        Self {
            text,
            is_final: false,
            is_ours: false,
            needs_restore: false,
            is_refusal: false,
            is_misfit: true,
        }
    }

    /// Something that may well go away.
    pub(super) fn retry(text: String) -> Self {
        Self {
            text,
            is_final: false,
            is_ours: false,
            needs_restore: false,
            is_refusal: false,
            is_misfit: false,
        }
    }

    pub(super) fn halt(error: &dyn Error) -> Self {
        Self {
            is_final: true,
            ..Self::new(error)
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Settings { .. } => Self::halt(&error),
            SourceError::Fold(inner) => Self::from_box(inner),
            other => Self::new(&other),
        }
    }
}

impl Failure {
    fn from_box(error: BoxError) -> Self {
        let error = match error.downcast::<SourceError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<CycleError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<CapReached>() {
            Ok(error) => return Self::halt(&*error),
            Err(error) => error,
        };
        match error.downcast::<DeadLetterError>() {
            Ok(error) => Self::new(&*error),
            Err(error) => Self {
                is_ours: true,
                ..Self::new(&*error)
            },
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(&error)
    }
}

impl From<CycleError> for Failure {
    fn from(error: CycleError) -> Self {
        let failure = Self::new(&error);
        match error {
            CycleError::Populate(inner) => Self::from_box(inner),
            CycleError::Store { .. } => failure,
            CycleError::Rejected { .. } => Self {
                is_refusal: true,
                ..failure
            },
            CycleError::Unresolved { .. } | CycleError::NeedsRestore => Self {
                needs_restore: true,
                ..failure
            },
            CycleError::Fenced { .. } | CycleError::Restore { .. } | CycleError::Interrupted(_) => Self {
                is_final: true,
                ..failure
            },
            _ => Self {
                is_ours: true,
                ..failure
            },
        }
    }
}
