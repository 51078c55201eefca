//! A watcher that says what changed, record by record.
//!
//! `cargo run -p hollow --example watcher`

use hollow::consumer::Consumer;
use hollow::producer::{BoxError, Producer};
use hollow::store::Store;
use hollow::typed::{Change, Hollow, Model, TypedState, changes};

#[derive(Hollow)]
#[hollow(primary_key(id))]
struct Window {
    id: i64,
    country: String,
    end_day: Option<i32>,
}

/// One line for each change. Costs what changed, not what there is.
fn report(before: &TypedState, after: &TypedState) -> Result<Vec<String>, BoxError> {
    let mut lines = Vec::new();
    for change in changes::<Window>(before, after)? {
        lines.push(match change {
            Change::Added(window) => format!("{} opens in {}", window.id(), window.country()),
            Change::Removed(window) => format!("{} is gone from {}", window.id(), window.country()),
            Change::Updated { before, after } if before.end_day() != after.end_day() => match after.end_day() {
                Some(day) => format!("{} ends on day {day}", after.id()),
                None => format!("{} stays open", after.id()),
            },
            Change::Updated { after, .. } => format!("{} changed", after.id()),
        });
    }
    Ok(lines)
}

fn bound(model: &Model, consumer: &Consumer) -> Result<TypedState, BoxError> {
    let state = consumer.state().ok_or("nothing is announced")?;
    Ok(model.bind(&state)?)
}

/// Runs the example; the tests do too.
pub fn main() -> Result<(), BoxError> {
    let model = Model::of::<Window>()?;
    let store = Store::memory();
    let mut producer = Producer::builder(model.dataset().clone(), store.clone())
        .root("Window")
        .build()?;
    let consumer = Consumer::builder(store).build()?;
    let window = |id, country: &str, end_day| Window {
        id,
        country: country.to_owned(),
        end_day,
    };

    producer.run_incremental_cycle(|cycle| {
        cycle.upsert_record(&window(1, "DE", Some(20_000)))?;
        cycle.upsert_record(&window(2, "FR", None))?;
        Ok(())
    })?;
    consumer.refresh()?;
    let mut seen = bound(&model, &consumer)?;

    producer.run_incremental_cycle(|cycle| {
        cycle.upsert_record(&window(1, "DE", None))?;
        cycle.upsert_record(&window(3, "JP", None))?;
        cycle.delete_record::<Window>(2)?;
        Ok(())
    })?;
    consumer.refresh()?;
    let now = bound(&model, &consumer)?;
    let lines = report(&seen, &now)?;
    lines.iter().for_each(|line| println!("{line}"));
    assert_eq!(lines, ["1 stays open", "3 opens in JP", "2 is gone from FR"]);

    seen = now; // the state before is released here
    assert!(report(&seen, &seen)?.is_empty());
    Ok(())
}
