//! S5: what may be published is decided before anybody can see it.

mod by_value;
mod keys;
mod limits;

pub use by_value::{ByValueError, RecordsByValue};
pub use keys::{DuplicateKeys, NullKeys};
pub use limits::{ChangedRecords, MinimumRecordCount, RecordCountChange, RemovedRecords};

use super::Producer;
use super::recent::Window;
use crate::Version;
use crate::read::ReadState;
use crate::store::{Manifest, Receipt, Slot, TypeCounts};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A state that is complete and checked but not published.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The version it will be published as.
    pub version: Version,
    /// The state.
    pub state: &'a ReadState,
    /// The announced state.
    pub previous: Option<&'a ReadState>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: u64,
    /// How many records each type has, and what became of those of the announced state.
    pub counts: &'a BTreeMap<String, TypeCounts>,
    /// What the versions of the last while changed, oldest first, for types that are watched.
    pub recent: &'a [Slot],
}

impl<'a> Candidate<'a> {
    /// The versions of the last while, without this one, after the last time that this validator was overruled. It must
    /// have said that it [watches](Validator::watches) the type, and as long.
    pub fn window(&self, length: Duration, validator: &str) -> Window<'a> {
        Window::new(self.recent, self.created_at, length, validator)
    }
}

/// Decides whether a candidate may be published.
///
/// ```
/// use hollow::producer::{Candidate, Producer, Validator};
/// # use hollow::{record::Value, schema::Dataset, store::Store};
///
/// /// Somebody must be on duty.
/// struct OnDuty;
///
/// impl Validator for OnDuty {
///     fn name(&self) -> String {
///         "on-duty".to_owned()
///     }
///     fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
///         let Some(people) = candidate.state.object("Person") else {
///             return Err("no such type, type=Person".to_owned());
///         };
///         let on_duty = people.schema().position("on_duty").ok_or("no such field, field=on_duty")?;
///         match people.populated().filter(|&person| people.boolean(person, on_duty) == Some(true)).count() {
///             0 => Err("nobody is on duty".to_owned()),
///             count => Ok(format!("{count} people are on duty")),
///         }
///     }
/// }
/// # let dataset = Dataset::parse("Person @PrimaryKey(id) { long id; boolean on_duty; }")?;
///
/// let mut producer = Producer::builder(dataset, Store::memory()).validator(OnDuty).build()?;
/// let person = |on_duty| Value::Object(vec![Value::Long(1), Value::Boolean(on_duty)]);
/// producer.run_incremental_cycle(|cycle| Ok(cycle.upsert("Person", &person(true)).map(drop)?))?;
/// let refused = producer.run_incremental_cycle(|cycle| Ok(cycle.upsert("Person", &person(false)).map(drop)?));
/// assert!(refused.unwrap_err().to_string().contains("on-duty: nobody is on duty"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Validator: Send + Sync {
    /// A short name for receipts, the same for every candidate and another one for every validator of a dataset.
    fn name(&self) -> String;

    /// `Ok` says in words what was looked at, `Err` why the candidate must not be published. A panic refuses it too.
    ///
    /// # Errors
    /// The reason to refuse.
    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String>;

    /// The type of which it wants to know what changed in the last while, and how long that is; see
    /// [`Candidate::window`]. None by default.
    fn watches(&self) -> Option<(String, Duration)> {
        None
    }
}

impl Producer {
    /// Writes into the manifest of a candidate what the validators say, and what it changes.
    pub(super) fn judge(&mut self, manifest: &mut Manifest, previous: Option<&ReadState>, next: &ReadState) {
        let acceptance = self.acceptance.take();
        let recent = self
            .published
            .as_ref()
            .map(|published| published.manifest.recent.as_slice());
        let candidate = Candidate {
            version: manifest.version,
            state: next,
            previous,
            created_at: manifest.created_at,
            counts: &manifest.counts,
            recent: recent.unwrap_or_default(),
        };
        let mut receipts = validate(&self.config.validators, &candidate);
        if acceptance.is_some() || receipts.iter().any(|receipt| !receipt.passed) {
            let digest = self.change_digest(previous, next);
            manifest.change_digest = Some(digest);
            if let Some(acceptance) = acceptance {
                acceptance.apply(digest, &mut receipts);
            }
        }
        manifest.receipts = receipts;
        let before = |name: &str| previous.map_or(0, |state| count(state, name));
        let recent = recent.unwrap_or_default().to_vec();
        manifest.recent = self.config.watched.followed_by(recent, manifest, before);
    }
}

/// Asks all validators, also after one has refused: whoever reads the receipts wants to know everything.
fn validate(validators: &[Box<dyn Validator>], candidate: &Candidate<'_>) -> Vec<Receipt> {
    let ask = |validator: &dyn Validator| {
        let asked = catch_unwind(AssertUnwindSafe(|| (validator.name(), validator.validate(candidate))));
        let (name, answer) = asked.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let name = catch_unwind(AssertUnwindSafe(|| validator.name())).unwrap_or_else(|_| "validator".to_owned());
            (name, Err(format!("panicked: {}", text.unwrap_or_default())))
        });
        Receipt {
            validator: name,
            passed: answer.is_ok(),
            details: answer.unwrap_or_else(|reason| reason),
            waived: None,
        }
    };
    validators.iter().map(|validator| ask(validator.as_ref())).collect()
}

/// How many records of a type a state has.
fn count(state: &ReadState, type_name: &str) -> u64 {
    state.ty(type_name).map_or(0, |ty| ty.len() as u64)
}
