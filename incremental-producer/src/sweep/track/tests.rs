use super::*;
use crate::sweep::{MarkKind, SweepMark};
use hollow::schema::Dataset;

fn codec() -> Codec {
    let schema = "Title @PrimaryKey(id) { long id; }";
    Codec::new(Dataset::parse(schema).expect("a schema"), "Title").expect("it has a key")
}

fn over(sweeps: &mut Sweeps) -> Vec<String> {
    let events = sweeps.commit().into_iter();
    let reasons = events.filter_map(|event| match event {
        SweepEvent::Over(last) => Some(format!("{} {}", last.id, last.reason.unwrap_or_default())),
        _ => None,
    });
    reasons.collect()
}

#[test]
fn what_does_not_fit_a_header_tag_is_given_up() {
    let (codec, mut sweeps) = (codec(), Sweeps::new(Share::of_a_million(1_000_000)));
    let partitions = 1_600;
    let longest = |sweeps: &Sweeps| sweeps.tags()[0].1.as_ref().map_or(0, String::len);
    for kind in [MarkKind::Begin, MarkKind::End] {
        let mark = SweepMark::everything("s", kind, partitions);
        for partition in 0..partitions {
            let place = (partition, 1_000_000_000_000_000 + i64::from(kind == MarkKind::End));
            let complete = sweeps.mark(&codec, place, partitions as usize, (partition, &mark));
            assert_eq!(complete, Ok(None));
            assert!(longest(&sweeps) < 65_535);
        }
    }
    let reasons = over(&mut sweeps);
    assert_eq!(
        reasons,
        ["s its marks in all partitions are more than a header tag can hold"]
    );
}

#[test]
fn no_more_than_so_many_run_at_a_time() {
    let (codec, mut sweeps) = (codec(), Sweeps::new(Share::of_a_million(1_000_000)));
    for n in 0..40 {
        // Each begins and ends in one of two partitions.
        for kind in [MarkKind::Begin, MarkKind::End] {
            let mark = SweepMark::everything(&format!("s{n}"), kind, 2);
            let complete = sweeps.mark(&codec, (0, 2 * n + i64::from(kind == MarkKind::End)), 2, (0, &mark));
            assert_eq!(complete, Ok(None));
        }
    }
    let tags = sweeps
        .tags()
        .map(|(tag, value)| (tag.to_owned(), value.expect("a tag")));
    let read = SweepTags::from_tags(&tags.into()).expect("tags");
    assert_eq!((read.active.len(), read.active[0].id.as_str()), (16, "s24"));
    assert_eq!(
        over(&mut sweeps)[0],
        "s0 16 later sweeps began before it ended everywhere"
    );
}

#[test]
fn tags_of_somebody_else_are_no_sweeps() {
    let mut sweeps = Sweeps::new(Share::of_a_million(1_000_000));
    let tag = |text: &str| [(ACTIVE_TAG.to_owned(), text.to_owned())].into();
    sweeps.restore(&tag("nonsense"), &codec());
    assert!(!sweeps.is_tracking(0));
    let other_key = r#"[{"id":"a","partitions":1,"range":{"from":["x"]},"begun":"0:5","ended":"","seen":3,"late":0}]"#;
    sweeps.restore(&tag(other_key), &codec());
    assert!(!sweeps.is_tracking(0));
    assert!(
        over(&mut sweeps)[0].starts_with("a the message is marked"),
        "the key of the dataset became another"
    );
}
