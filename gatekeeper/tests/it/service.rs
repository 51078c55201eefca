//! The service as it runs: stores on disk, two roles, one site.

use crate::support::{Data, publish};
use fixtures::{DatasetId, EXAMPLE_AS_OF};
use gatekeeper::runner::Outcome;
use gatekeeper::service::{Cycles, RoleName, Service, Settings, Stores};
use gatekeeper::web::{Env, Site};
use std::time::{Duration, Instant};

const NOW: i64 = EXAMPLE_AS_OF;

fn seeded() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let stores = Stores::in_data(directory.path());
    for dataset in DatasetId::ALL {
        publish(stores.create(dataset.name()).expect("a store"), dataset, Data::tiny());
    }
    directory
}

#[test]
fn two_roles_share_a_site_and_are_compared() {
    let directory = seeded();
    let site = Site::new(|| NOW);
    let cycles = |role| Cycles::new(&Settings::in_data(directory.path(), role), site.clone(), false).expect("stores");
    let (mut lead, mut follow) = (cycles(RoleName::Lead), cycles(RoleName::Follow));
    assert!(matches!(follow.run(NOW).expect("a cycle").outcome, Outcome::Waiting(_)));
    assert!(!site.status(Env::Preprod).waiting_for.is_empty());
    lead.run(NOW).expect("a cycle");
    follow.run(NOW).expect("a cycle");
    assert!(site.status(Env::Preprod).waiting_for.is_empty());
    let comparison = site.comparison().expect("both are there");
    let version = |env| site.shown(env).expect("shown").view.version();
    assert_eq!(comparison.versions, [version(Env::Prod), version(Env::Preprod)]);
    assert!(comparison.changed > 0);
}

#[test]
fn a_service_alone_watches_the_other_environment() {
    let directory = seeded();
    let settings = |role| Settings::in_data(directory.path(), role);
    let elsewhere = Site::new(|| NOW);
    Cycles::new(&settings(RoleName::Lead), elsewhere.clone(), false)
        .expect("stores")
        .run(NOW)
        .expect("a cycle");
    Cycles::new(&settings(RoleName::Follow), elsewhere, false)
        .expect("stores")
        .run(NOW)
        .expect("a cycle");
    // Another process of PROD, on a newer state than the one PREPROD followed.
    publish(
        Stores::in_data(directory.path()).create("texts").expect("a store"),
        DatasetId::Texts,
        Data::tiny(),
    );
    let site = Site::new(|| NOW);
    let mut lead = Cycles::new(&settings(RoleName::Lead), site.clone(), true).expect("stores");
    lead.run(NOW + 1).expect("a cycle");
    let preprod = site.shown(Env::Preprod).expect("watched");
    let comparison = site.comparison().expect("the followed state is fetched");
    assert_eq!(Some(comparison.versions[0]), preprod.view.follows());
    assert_ne!(
        comparison.versions[0],
        site.shown(Env::Prod).expect("shown").view.version()
    );
}

#[test]
fn a_second_leader_takes_over_and_the_first_stays_away() {
    let directory = seeded();
    let settings = Settings::in_data(directory.path(), RoleName::Lead);
    let site = Site::new(|| NOW);
    let mut first = Cycles::new(&settings, site.clone(), false).expect("stores");
    first.run(NOW).expect("a cycle");
    let mut second = Cycles::new(&settings, Site::new(|| NOW), false).expect("stores");
    second.run(NOW + 1).expect("a cycle");
    let later = NOW + 400 * 86_400_000;
    let replaced = first.run(later).expect_err("another one has taken over").to_string();
    assert!(replaced.contains("another runner"), "{replaced}");
    assert_eq!(site.status(Env::Prod).error.as_deref(), Some(replaced.as_str()));
    first.run(later + 1).expect_err("it does not fight");
    second.run(later).expect("the second goes on");
}

#[test]
fn a_service_runs_in_its_own_time_and_stops() {
    let directory = seeded();
    let mut settings = Settings::in_data(directory.path(), RoleName::Lead);
    settings.cadence_seconds = 86_400;
    let site = Site::new(gatekeeper::service::now_ms);
    let service = Service::start(&settings, site.clone(), true).expect("a thread");
    let start = Instant::now();
    while site.shown(Env::Prod).is_none() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(site.shown(Env::Prod).is_some(), "{:?}", site.status(Env::Prod));
    service.stop(); // which does not wait for the next cycle: that would take a day
}
