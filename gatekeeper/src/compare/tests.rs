use super::*;
use crate::liveness;
use crate::runner::{Part, RecordId, Records};
use hollow::producer::Producer;
use hollow::store::Store;
use std::sync::Arc;

/// Verdicts on a video: countries, status, details of SUB_MISSING reasons, opening.
type Row<'r> = (&'r [&'r str], &'r str, &'r [&'r str], i64);

fn view(videos: &[(i64, &[Row<'_>])]) -> LivenessView {
    let mut records = Records::new(liveness::dataset());
    let object = |records: &mut Records, ty: &str, parts| records.object(ty, parts).expect("fits");
    for (video, rows) in videos {
        let mut verdicts: Vec<RecordId> = Vec::new();
        for (codes, status, details, from) in *rows {
            let countries = codes
                .iter()
                .map(|code| object(&mut records, "Country", vec![Part::text(code)]))
                .collect();
            let countries = records.set("Countries", countries).expect("fits");
            let status = object(&mut records, "Status", vec![Part::text(status)]);
            let reason = |detail: &&str| {
                let texts = ["SUB_MISSING", detail, "somebody", "assets"];
                object(&mut records, "Reason", texts.map(Part::text).to_vec())
            };
            let reasons = details.iter().map(reason).collect();
            let reasons = records.list("Reasons", reasons).expect("fits");
            let ids = [countries, status, reasons].map(Part::Record);
            let times = [Part::Long(*from), Part::Null, Part::Null];
            verdicts.push(object(&mut records, "Verdict", [ids, times].concat()));
        }
        let list = records.list("Verdicts", verdicts).expect("fits");
        let root = object(
            &mut records,
            liveness::ROOT,
            vec![Part::Long(*video), Part::Record(list)],
        );
        records.root(root);
    }
    let mut producer = Producer::builder(liveness::dataset(), Store::memory())
        .build()
        .expect("a producer");
    producer
        .run_cycle(|cycle| Ok(records.write(cycle.engine())?))
        .expect("a cycle");
    LivenessView::bind(producer.state().expect("a state")).expect("a liveness dataset")
}

fn text(comparison: &Comparison) -> String {
    let transitions = comparison
        .transitions
        .iter()
        .map(|((from, to), cells)| format!("{from}>{to} {cells}"));
    let codes = comparison
        .by_country
        .iter()
        .map(|(country, cells)| format!("{} {cells}", comparison.countries.code(*country)));
    format!(
        "{} | {}",
        transitions.collect::<Vec<_>>().join(", "),
        codes.collect::<Vec<_>>().join(", ")
    )
}

#[test]
fn cells_are_compared_however_they_are_grouped() {
    let a = view(&[(1, &[(&["DE", "KR", "US"], "LIVE", &[], 5)])]);
    let b = view(&[(1, &[(&["US"], "LIVE", &[], 5), (&["DE", "KR"], "LIVE", &[], 5)])]);
    let same = compare(&a, &b).expect("few countries");
    assert_eq!(
        (same.videos, same.cells, same.changed, same.times_changed),
        (1, 3, 0, 0)
    );
    let c = view(&[(1, &[(&["US"], "LIVE", &[], 6), (&["DE", "KR"], "BLOCKED", &["ko"], 5)])]);
    let differs = compare(&a, &c).expect("few countries");
    assert_eq!(
        (differs.changed, differs.times_changed, differs.changed_videos),
        (2, 1, 1)
    );
    assert_eq!(text(&differs), "LIVE>BLOCKED 2 | DE 1, KR 1");
    let reason = &differs.reasons["SUB_MISSING"];
    assert_eq!((reason.added, reason.removed, reason.added_by_country.len()), (2, 0, 2));
}

#[test]
fn reasons_are_told_apart_by_detail_and_not_by_order() {
    let row = |details: &'static [&'static str]| view(&[(1, &[(&["DE"], "BLOCKED", details, 5)])]);
    let same = compare(&row(&["de", "fr"]), &row(&["fr", "de"])).expect("few countries");
    assert_eq!(same.changed, 0);
    let other = compare(&row(&["de", "fr"]), &row(&["fr", "ko"])).expect("few countries");
    assert_eq!(text(&other), "BLOCKED>BLOCKED 1 | DE 1");
    let reason = &other.reasons["SUB_MISSING"];
    assert_eq!((reason.added, reason.removed), (1, 1));
}

#[test]
fn states_may_have_other_countries_and_videos() {
    let a = view(&[
        (1, &[(&["AT", "DE"], "LIVE", &[], 5)]),
        (2, &[(&["DE"], "LIVE", &[], 5)]),
    ]);
    let b = view(&[
        (1, &[(&["DE", "US"], "ENDED", &[], 5)]),
        (3, &[(&["US"], "LIVE", &[], 5)]),
        (4, &[]),
    ]);
    let comparison = compare(&a, &b).expect("few countries");
    assert_eq!((comparison.videos, comparison.cells), (1, 1), "only what both have");
    assert_eq!(comparison.only_in, [1, 2]);
    assert_eq!(text(&comparison), "LIVE>ENDED 1 | DE 1");
    let mut seen = Vec::new();
    changes(&a, &b, |countries, change| {
        seen.push((change.video, countries.list(&change.countries).to_string()))
    })
    .expect("few countries");
    assert_eq!(seen, [(1, "DE".to_owned())]);
}

#[test]
fn a_status_from_the_future_is_refused() {
    let mut records = Records::new(liveness::dataset());
    let status = records.object("Status", vec![Part::text("FROZEN")]).expect("fits");
    let parts = vec![
        Part::Null,
        Part::Record(status),
        Part::Null,
        Part::Null,
        Part::Null,
        Part::Null,
    ];
    let verdict = records.object("Verdict", parts).expect("fits");
    let list = records.list("Verdicts", vec![verdict]).expect("fits");
    let root = records
        .object(liveness::ROOT, vec![Part::Long(1), Part::Record(list)])
        .expect("fits");
    records.root(root);
    let mut producer = Producer::builder(liveness::dataset(), Store::memory())
        .build()
        .expect("a producer");
    producer
        .run_cycle(|cycle| Ok(records.write(cycle.engine())?))
        .expect("a cycle");
    let error = LivenessView::bind(Arc::clone(&producer.state().expect("a state"))).expect_err("unknown");
    assert!(error.to_string().contains("FROZEN"), "{error}");
}
