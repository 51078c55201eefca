//! The inputs of a runner: a consumer for each, moved together.

use hollow::Version;
use hollow::consumer::{Consumer, RefreshError};
use hollow::read::ReadState;
use hollow::store::{Store, StoreError};
use std::sync::Arc;

/// Opens the store of an input; called until it succeeds.
pub type Opener = Box<dyn Fn() -> Result<Store, StoreError> + Send + Sync>;

/// How an input is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct InputStatus {
    /// Its dataset.
    pub name: String,
    /// The version in use; `None` if none was ever loaded.
    pub version: Option<i64>,
    /// When that version was made, epoch milliseconds, if it says so.
    pub made_at: Option<i64>,
    /// When its store last answered, epoch milliseconds.
    pub checked_at: Option<i64>,
    /// Why it could not be refreshed; the version stays in use.
    pub error: Option<String>,
}

/// Why the inputs could not be brought to a vector of versions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// The vector does not name one of the inputs.
    #[error("no version is given for input={0}")]
    NotNamed(String),
    /// The store does not open.
    #[error("cannot open the store of input={input}")]
    Open {
        /// The input.
        input: String,
        /// What happened.
        source: StoreError,
    },
    /// The version cannot be loaded, perhaps because it was removed.
    #[error("cannot bring input={input} to version={version}")]
    Refresh {
        /// The input.
        input: String,
        /// The version.
        version: Version,
        /// What happened.
        source: Box<RefreshError>,
    },
}

struct Input {
    name: String,
    open: Opener,
    consumer: Option<Consumer>,
    checked_at: Option<i64>,
    error: Option<String>,
}

/// The inputs of a runner, in order.
pub struct InputSet {
    inputs: Vec<Input>,
}

impl InputSet {
    /// Inputs with these names and stores. Nothing is opened yet.
    pub fn new(inputs: impl IntoIterator<Item = (String, Opener)>) -> Self {
        let input = |(name, open)| Input {
            name,
            open,
            consumer: None,
            checked_at: None,
            error: None,
        };
        InputSet {
            inputs: inputs.into_iter().map(input).collect(),
        }
    }

    /// Brings every input to its newest announced state. What fails stays where it is and says why in its status.
    pub fn refresh(&mut self, now: i64) {
        for input in &mut self.inputs {
            input.error = input.refresh().err();
            if input.error.is_none() {
                input.checked_at = Some(now);
            }
        }
    }

    /// Brings every input to the version that `versions` gives for its name.
    ///
    /// # Errors
    /// [`PinError`] for the first that cannot be brought there. The others may have moved.
    pub fn pin_to(&mut self, versions: impl Fn(&str) -> Option<Version>, now: i64) -> Result<(), PinError> {
        for input in &mut self.inputs {
            let version = versions(&input.name).ok_or_else(|| PinError::NotNamed(input.name.clone()))?;
            let name = input.name.clone();
            let consumer = input
                .consumer()
                .map_err(|source| PinError::Open { input: name, source })?;
            if consumer.version() != Some(version) {
                let moved = consumer.refresh_to(version);
                moved.map_err(|source| PinError::Refresh {
                    input: input.name.clone(),
                    version,
                    source: Box::new(source),
                })?;
            }
            input.error = None;
            input.checked_at = Some(now);
        }
        Ok(())
    }

    /// The state of each input, or the names of those that have none yet.
    ///
    /// # Errors
    /// The names of the inputs without a state.
    pub fn states(&self) -> Result<Vec<Arc<ReadState>>, Vec<String>> {
        let states: Vec<_> = self.inputs.iter().map(Input::state).collect();
        let missing = self.inputs.iter().zip(&states).filter(|(_, state)| state.is_none());
        let missing: Vec<String> = missing.map(|(input, _)| input.name.clone()).collect();
        if missing.is_empty() {
            Ok(states.into_iter().flatten().collect())
        } else {
            Err(missing)
        }
    }

    /// The state of one input.
    pub fn state(&self, name: &str) -> Option<Arc<ReadState>> {
        self.inputs.iter().find(|input| input.name == name)?.state()
    }

    /// How each input is.
    pub fn status(&self) -> Vec<InputStatus> {
        self.inputs.iter().map(Input::status).collect()
    }

    /// The names of the inputs, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|input| input.name.as_str())
    }
}

impl Input {
    fn consumer(&mut self) -> Result<&Consumer, StoreError> {
        if self.consumer.is_none() {
            self.consumer = Some(Consumer::builder((self.open)()?).build()?);
        }
        self.consumer.as_ref().ok_or_else(|| StoreError::Absent {
            what: format!("consumer of {}", self.name),
        })
    }

    fn refresh(&mut self) -> Result<(), String> {
        let consumer = self.consumer().map_err(|error| error_chain(&error))?;
        consumer.refresh().map(drop).map_err(|error| error_chain(&error))
    }

    fn state(&self) -> Option<Arc<ReadState>> {
        self.consumer.as_ref()?.state()
    }

    fn status(&self) -> InputStatus {
        let state = self.state();
        let tag = |state: &Arc<ReadState>| state.header_tags().get("hollow.metric.cycle.start")?.parse().ok();
        InputStatus {
            name: self.name.clone(),
            version: state
                .as_ref()
                .and_then(|state| state.version())
                .map(|version| version.0),
            made_at: state.as_ref().and_then(tag),
            checked_at: self.checked_at,
            error: self.error.clone(),
        }
    }
}

/// An error with what caused it, in one line.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
