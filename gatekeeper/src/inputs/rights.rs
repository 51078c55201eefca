//! The `rights` dataset: windows, grouped by the work they sit on.

use crate::bind::{BindError, Binder, ByOrdinal, Field, Word};
use crate::country_set::{Countries, CountrySet};
use crate::facts::{Deal, Span, WindowFact};
use crate::local_date::LocalDates;
use hollow::Ordinal;
use hollow::read::{ObjectTypeState, ReadState, SetTypeState};
use hollow::schema::FieldType;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The windows of one state of `rights`.
#[derive(Debug)]
pub struct Rights {
    pub(super) state: Arc<ReadState>,
    window: ObjectTypeState,
    territory: Field,
    excluded: Field,
    start: (Field, Field),
    end: (Field, Field),
    deals: ByOrdinal<Deal>,
    title_status: Field,
    countries: SetTypeState,
    country: Word,
    /// (work, window), ascending by work.
    by_content: Vec<(i64, Ordinal)>,
    /// Rank of the contract of each window of `by_content`.
    contract_of: Vec<u32>,
    /// Contract ids, ascending.
    pub(crate) contracts: Vec<String>,
}

/// An opening or closing as the record states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Edge {
    Never,
    At(i64),
    Date(i32),
}

impl Rights {
    pub(super) fn bind(state: &Arc<ReadState>) -> Result<Self, BindError> {
        let mut binder = Binder::new("rights", state);
        let window = binder.object("Window");
        let content = binder.field(&window, "content_id", FieldType::Long);
        let contract = binder.field(&window, "contract_id", FieldType::String);
        let territory = binder.reference(&window, "territory", "Countries");
        let excluded = binder.reference(&window, "territory_excluded", "Countries");
        let start_at = binder.field(&window, "start_at", FieldType::Long);
        let start_date = binder.field(&window, "start_date", FieldType::Int);
        let end_at = binder.field(&window, "end_at", FieldType::Long);
        let end_date = binder.field(&window, "end_date", FieldType::Int);
        let title_status = binder.reference(&window, "title_status", "TitleStatus");
        let status = binder.word("TitleStatus", "name");
        let countries = binder.set("Countries", "Country");
        let country = binder.word("Country", "code");
        let parts = binder.finish(window.state().zip(status).zip(countries.zip(country)))?;
        let ((window, status), (countries, country)) = parts;

        let row = |ordinal| Some((window.long(ordinal, content.0)?, ordinal));
        let mut by_content: Vec<(i64, Ordinal)> = window.populated().filter_map(row).collect();
        by_content.sort_unstable();
        let contract_id = |ordinal| {
            let id = window.text(ordinal, contract.0);
            id.map(|id| id.to_str().into_owned()).unwrap_or_default()
        };
        let ids: Vec<String> = by_content.iter().map(|(_, ordinal)| contract_id(*ordinal)).collect();
        let mut contracts = ids.clone();
        contracts.sort_unstable();
        contracts.dedup();
        let rank = |id: &String| contracts.binary_search(id).unwrap_or_default() as u32;
        let contract_of = ids.iter().map(rank).collect();
        let deals = status.table(|name| match name {
            "Approved" => Deal::Approved,
            "Revoked" => Deal::Revoked,
            "Expired" => Deal::Expired,
            _ => Deal::Pending,
        });
        Ok(Rights {
            state: Arc::clone(state),
            window,
            territory,
            excluded,
            start: (start_at, start_date),
            end: (end_at, end_date),
            deals,
            title_status,
            countries,
            country,
            by_content,
            contract_of,
            contracts,
        })
    }

    /// The positions of the windows that sit on a work.
    pub(crate) fn of(&self, content: i64) -> Range<usize> {
        let from = self.by_content.partition_point(|(id, _)| *id < content);
        let count = self.by_content[from..].partition_point(|(id, _)| *id == content);
        from..from + count
    }

    /// All windows by position, with their times and territories in this table of countries.
    pub(crate) fn facts(&self, countries: &Countries, dates: &mut LocalDates) -> Vec<WindowFact> {
        let index = self.country.table(|code| countries.index(code));
        let sets = ByOrdinal::of_set(&self.countries, |set| -> CountrySet {
            let elements = self.countries.elements(set);
            elements.filter_map(|country| *index.get(Some(country))?).collect()
        });
        let mut known: HashMap<(Edge, Edge), Arc<[Span]>> = HashMap::new();
        let all = countries.all();
        let fact = |(row, contract): (&(i64, Ordinal), &u32)| {
            let ordinal = row.1;
            let set_of = |field: Field| {
                let set = self.window.reference(ordinal, field.0)?;
                // A set that is there but empty says nothing; one of unknown countries only says "nowhere we know".
                (self.countries.len_of(set) > 0).then(|| sets.get(Some(set)).copied().unwrap_or_default())
            };
            let territory = set_of(self.territory).unwrap_or(all) - set_of(self.excluded).unwrap_or_default();
            let (start, end) = (self.edge(ordinal, self.start), self.edge(ordinal, self.end));
            let deal = self.deals.get(self.window.reference(ordinal, self.title_status.0));
            let deal = deal.copied().unwrap_or(Deal::Pending);
            let spans = known.entry((start, end));
            WindowFact {
                // Without a start nobody knows when it opens: as good as not signed.
                deal: if start == Edge::Never && deal == Deal::Approved {
                    Deal::Pending
                } else {
                    deal
                },
                contract: *contract,
                territory,
                spans: Arc::clone(spans.or_insert_with(|| spans_between(start, end, all, dates))),
            }
        };
        self.by_content.iter().zip(&self.contract_of).map(fact).collect()
    }

    fn edge(&self, window: Ordinal, (at, date): (Field, Field)) -> Edge {
        if let Some(at) = self.window.long(window, at.0) {
            return Edge::At(at);
        }
        self.window.int(window, date.0).map_or(Edge::Never, Edge::Date)
    }
}

fn spans_between(start: Edge, end: Edge, all: CountrySet, dates: &mut LocalDates) -> Arc<[Span]> {
    let mut instants = |edge: Edge, otherwise: i64| match edge {
        Edge::Never => Arc::from([(otherwise, all)]),
        Edge::At(at) => Arc::from([(at, all)]),
        Edge::Date(date) => dates.starts(date),
    };
    let starts = instants(start, i64::MIN);
    let ends = instants(end, i64::MAX);
    let pairs = starts
        .iter()
        .flat_map(|from| ends.iter().map(move |until| (from, until)));
    let span = |((start, opening), (end, closing)): (&(i64, CountrySet), &(i64, CountrySet))| Span {
        start: *start,
        end: *end,
        countries: *opening & *closing,
    };
    pairs.map(span).filter(|span| !span.countries.is_empty()).collect()
}
