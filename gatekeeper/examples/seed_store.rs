//! Fills `DIR/store/<dataset>` with a generated catalogue: `cargo run -p gatekeeper --example seed_store -- DIR real`.

use fixtures::{Catalogue, DatasetId, EXAMPLE_SEED, Scale};
use gatekeeper::service::{Stores, now_ms};
use hollow::producer::Producer;
use hollow::schema::Dataset;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("give a directory")?;
    let scale: Scale = arguments.next().as_deref().unwrap_or("tiny").parse()?;
    let catalogue = Catalogue::generate(scale, EXAMPLE_SEED, now_ms());
    let stores = Stores::in_data(directory);
    for dataset in DatasetId::ALL {
        let described = dataset.dataset();
        let schema = Dataset::new(hollow::schema::parse(described.schema)?)?;
        let store = stores.create(described.name)?;
        let mut producer = Producer::builder(schema.clone(), store).name(described.name).build()?;
        let outcome = producer.run_cycle(|cycle| {
            for record in catalogue.records(dataset) {
                let value = hollow::record::json::parse(&schema, described.root_type, &record.json())?;
                cycle.add(described.root_type, &value)?;
            }
            Ok(())
        })?;
        println!("{dataset}: {outcome:?}");
    }
    Ok(())
}
