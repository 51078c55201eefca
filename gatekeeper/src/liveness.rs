//! Liveness as a derivation: six input datasets in, the `liveness` dataset out.

use crate::country_set::CountrySet;
use crate::engine::{Prepared, Verdict, VideoVerdicts, evaluate};
use crate::inputs::{self, InputStates, Inputs};
use crate::local_date::{LocalDates, TZDB_VERSION};
use crate::policy::Policy;
use crate::reason::Reason;
use crate::runner::{BoxError, Derivation, Part, RecordId, Records, RecordsError};
use hollow::read::ReadState;
use hollow::schema::{self, Dataset};
use std::collections::HashMap;
use std::sync::Arc;

/// The schemas of the output, as text.
pub const SCHEMA: &str = include_str!("../schemas/liveness.hollow");

/// The root type of the output.
pub const ROOT: &str = "VideoLiveness";

/// Raised whenever equal inputs may give other records than before.
const LOGIC: u32 = 1;

/// The schemas of the output.
pub fn dataset() -> Dataset {
    let schemas = schema::parse(SCHEMA).expect("a test reads the built-in schema");
    Dataset::new(schemas).expect("the built-in schema names each type once")
}

/// Evaluates liveness under one policy, keeping from one evaluation to the next what did not change.
pub struct Liveness {
    policy: Policy,
    threads: usize,
    bound: Option<(Inputs, LocalDates)>,
}

impl Liveness {
    /// Liveness under a policy, with as many threads as the machine has, up to four.
    pub fn new(policy: Policy) -> Self {
        let available = std::thread::available_parallelism().map_or(2, usize::from);
        Liveness {
            policy,
            threads: available.clamp(2, 4),
            bound: None,
        }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The inputs, bound and brought together with the policy.
    ///
    /// # Errors
    /// [`inputs::InputError`] if the states lack something.
    pub fn prepare(&mut self, states: &InputStates) -> Result<Prepared, inputs::InputError> {
        let before = self.bound.take();
        let inputs = Inputs::bind(states, before.as_ref().map(|(inputs, _)| inputs))?;
        let mut dates = match before {
            Some((known, dates)) if Arc::ptr_eq(&known.countries, &inputs.countries) => dates,
            _ => Prepared::local_dates(&inputs),
        };
        let prepared = Prepared::new(inputs.clone(), &self.policy, &mut dates);
        self.bound = Some((inputs, dates));
        Ok(prepared)
    }

    /// The verdicts on every video, ascending by id, without writing anything.
    ///
    /// # Errors
    /// [`inputs::InputError`] if the states lack something.
    pub fn verdicts(
        &mut self,
        states: &InputStates,
        instant: i64,
    ) -> Result<(Prepared, Vec<VideoVerdicts>), inputs::InputError> {
        let prepared = self.prepare(states)?;
        let verdicts = evaluate(&prepared, instant, self.threads);
        Ok((prepared, verdicts))
    }
}

impl Derivation for Liveness {
    fn inputs(&self) -> &[&'static str] {
        &inputs::DATASETS
    }

    fn dataset(&self) -> Dataset {
        dataset()
    }

    fn policy_id(&self) -> String {
        self.policy.id()
    }

    fn logic_version(&self) -> String {
        // Local dates depend on the time zone database, so it is part of the logic.
        format!("{LOGIC}/tz{TZDB_VERSION}")
    }

    fn evaluate(&mut self, states: &[Arc<ReadState>], instant: i64) -> Result<Records, BoxError> {
        let states = InputStates::from_list(states).ok_or("six input states are needed")?;
        let (prepared, verdicts) = self.verdicts(&states, instant)?;
        Ok(records(&prepared, &verdicts)?)
    }
}

/// The output records of verdicts. Equal countries, reasons and verdicts become one record each.
///
/// # Errors
/// [`RecordsError`] only if the schema were not the built-in one.
pub fn records(prepared: &Prepared, videos: &[VideoVerdicts]) -> Result<Records, RecordsError> {
    let mut output = Output::new(prepared)?;
    for video in videos {
        output.add(video)?;
    }
    Ok(output.records)
}

type VerdictKey = (RecordId, RecordId, RecordId, [Option<i64>; 3]);

struct Output<'p> {
    prepared: &'p Prepared,
    records: Records,
    countries: Vec<RecordId>,
    sets: HashMap<CountrySet, RecordId>,
    statuses: HashMap<&'static str, RecordId>,
    reasons: HashMap<Reason, RecordId>,
    reason_lists: HashMap<Vec<Reason>, RecordId>,
    verdicts: HashMap<VerdictKey, RecordId>,
}

impl<'p> Output<'p> {
    fn new(prepared: &'p Prepared) -> Result<Self, RecordsError> {
        let mut records = Records::new(dataset());
        let codes = prepared.required.countries.codes();
        let countries = codes.map(|code| records.object("Country", vec![Part::text(code)]));
        Ok(Output {
            countries: countries.collect::<Result<_, _>>()?,
            prepared,
            records,
            sets: HashMap::new(),
            statuses: HashMap::new(),
            reasons: HashMap::new(),
            reason_lists: HashMap::new(),
            verdicts: HashMap::new(),
        })
    }

    fn add(&mut self, video: &VideoVerdicts) -> Result<(), RecordsError> {
        let verdicts = video.verdicts.iter().map(|verdict| self.verdict(verdict));
        let verdicts = verdicts.collect::<Result<Vec<_>, _>>()?;
        let list = self.records.list("Verdicts", verdicts)?;
        let parts = vec![Part::Long(video.video_id), Part::Record(list)];
        let root = self.records.object(ROOT, parts)?;
        self.records.root(root);
        Ok(())
    }

    fn verdict(&mut self, verdict: &Verdict) -> Result<RecordId, RecordsError> {
        let countries = self.set(&verdict.countries)?;
        let status = self.status(verdict.status.name())?;
        let reasons = self.reason_list(&verdict.reasons)?;
        let times = [verdict.live_from, verdict.live_until, verdict.next_change];
        let key = (countries, status, reasons, times);
        if let Some(known) = self.verdicts.get(&key) {
            return Ok(*known);
        }
        let [from, until, next] = times.map(Part::long);
        let parts = vec![
            Part::Record(countries),
            Part::Record(status),
            Part::Record(reasons),
            from,
            until,
            next,
        ];
        let id = self.records.object("Verdict", parts)?;
        self.verdicts.insert(key, id);
        Ok(id)
    }

    fn set(&mut self, set: &CountrySet) -> Result<RecordId, RecordsError> {
        if let Some(known) = self.sets.get(set) {
            return Ok(*known);
        }
        let elements = set
            .iter()
            .filter_map(|country| self.countries.get(usize::from(country.0)).copied());
        let id = self.records.set("Countries", elements.collect())?;
        self.sets.insert(*set, id);
        Ok(id)
    }

    fn status(&mut self, name: &'static str) -> Result<RecordId, RecordsError> {
        if let Some(known) = self.statuses.get(name) {
            return Ok(*known);
        }
        let id = self.records.object("Status", vec![Part::text(name)])?;
        self.statuses.insert(name, id);
        Ok(id)
    }

    fn reason_list(&mut self, reasons: &[Reason]) -> Result<RecordId, RecordsError> {
        if let Some(known) = self.reason_lists.get(reasons) {
            return Ok(*known);
        }
        let elements = reasons.iter().map(|reason| self.reason(*reason));
        let elements = elements.collect::<Result<Vec<_>, _>>()?;
        let id = self.records.list("Reasons", elements)?;
        self.reason_lists.insert(reasons.to_vec(), id);
        Ok(id)
    }

    fn reason(&mut self, reason: Reason) -> Result<RecordId, RecordsError> {
        if let Some(known) = self.reasons.get(&reason) {
            return Ok(*known);
        }
        let detail = reason.detail_text(self.prepared);
        let code = reason.code;
        let texts = [code.name(), &detail, code.owner(), code.input()];
        let id = self.records.object("Reason", texts.map(Part::text).to_vec())?;
        self.reasons.insert(reason, id);
        Ok(id)
    }
}
