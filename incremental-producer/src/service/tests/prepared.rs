//! What is prepared without values means what values mean: both ways publish the same bytes and report the same.

use super::*;
use crate::dead_letter::LetterSettings;
use crate::share::Share;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const SCHEMA: &str = r"
    Item @PrimaryKey(id, language, live) {
        int id; Language language; boolean live; long at; string title; Names names; Tags tags; Parent parent;
        Scores scores; float weight; double size; bytes digest; Note note; Names more;
    }
    Parent { Language language; Names names; Parent parent; }
    Language { string tag; }
    Name { Language language; string text; }
    Names List<Name>;
    Tag { string code; }
    Tags Set<Tag> @HashKey(code);
    Score { long points; }
    Scores Map<Tag, Score>;
    Note { string text; Language language; Numbers numbers; }
    Number { int n; }
    Numbers Set<Number>;";

const LANGUAGES: [&str; 3] = ["de", "größe", "x\"\\\n"];

fn codec() -> Codec {
    Codec::new(Dataset::parse(SCHEMA).expect("schemas"), "Item").expect("a key")
}

fn text(short: bool) -> BoxedStrategy<String> {
    match short {
        true => {
            prop_oneof![3 => "[ab]{0,2}", 1 => "\\PC{0,6}", 1 => Just("a\u{1}\u{7f}\u{1F600}\\\"/".to_owned())].boxed()
        }
        false => prop_oneof![4 => "[a-zA-Zé ]{0,30}", 1 => "x{500,530}"].boxed(),
    }
}

fn wrapped(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    value.prop_map(|value| Value::Object(vec![value])).boxed()
}

fn language() -> BoxedStrategy<Value> {
    wrapped((0..3usize).prop_map(|at| Value::String(LANGUAGES[at].to_owned())))
}

fn or_null(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 3 => strategy].boxed()
}

fn names() -> BoxedStrategy<Value> {
    let name = (or_null(language()), or_null(text(false).prop_map(Value::String)))
        .prop_map(|(language, text)| Value::Object(vec![language, text]));
    prop::collection::vec(name, 0..4).prop_map(Value::List).boxed()
}

fn tag() -> BoxedStrategy<Value> {
    wrapped(text(true).prop_map(Value::String))
}

fn parent(depth: u32) -> BoxedStrategy<Value> {
    let above = match depth {
        0 => Just(Value::Null).boxed(),
        _ => or_null(parent(depth - 1)),
    };
    (or_null(language()), or_null(names()), above)
        .prop_map(|(language, names, above)| Value::Object(vec![language, names, above]))
        .boxed()
}

fn item(depth: u32) -> BoxedStrategy<Value> {
    let key = (0..6i32, language(), any::<bool>());
    let number = prop_oneof![
        4 => -99..99i64,
        1 => Just(i64::MAX),
        1 => Just(1_000_000_000_000_000_000),
        1 => any::<i64>().prop_filter("null", |n| *n != i64::MIN)
    ];
    let singles = (
        or_null(number.clone().prop_map(Value::Long)),
        or_null(text(true).prop_map(Value::String)),
        or_null(prop_oneof![any::<f32>(), Just(f32::NAN), Just(0.1), Just(-0.0)].prop_map(Value::Float)),
        or_null(prop_oneof![any::<f64>(), Just(f64::INFINITY), Just(3.0)].prop_map(Value::Double)),
        or_null(prop::collection::vec(any::<u8>(), 0..5).prop_map(Value::Bytes)),
    );
    let tags = prop_oneof![
        3 => prop::collection::vec(tag(), 0..5),
        1 => Just(vec![Value::Object(vec![Value::Null])]),
    ];
    let score = wrapped(or_null(number.prop_map(Value::Long)));
    let scores = prop::collection::vec((tag(), score), 0..2).prop_map(Value::Map);
    let numbers = prop::collection::vec(wrapped(or_null((-3..3i32).prop_map(Value::Int))), 0..4);
    let note = (
        or_null(text(true).prop_map(Value::String)),
        or_null(language()),
        or_null(numbers.prop_map(Value::Set)),
    )
        .prop_map(|(text, language, numbers)| Value::Object(vec![text, language, numbers]));
    let references = (
        or_null(names()),
        or_null(tags.prop_map(Value::Set)),
        or_null(note),
        or_null(names()),
    );
    let parent = prop_oneof![4 => Just(Value::Null), 1 => parent(depth)];
    let scores = prop_oneof![6 => Just(Value::Null), 1 => scores];
    (key, singles, references, parent, scores)
        .prop_map(|(key, singles, references, parent, scores)| {
            let ((id, language, live), (at, title, weight, size, digest)) = (key, singles);
            let (names, tags, note, more) = references;
            Value::Object(vec![
                Value::Int(id),
                language,
                Value::Boolean(live),
                at,
                title,
                names,
                tags,
                parent,
                scores,
                weight,
                size,
                digest,
                note,
                more,
            ])
        })
        .boxed()
}

/// What is done to a payload that a writer made.
#[derive(Clone, Debug)]
enum Harm {
    None,
    /// In place of these bytes, wherever they stand first.
    Replace(&'static str, &'static str),
    Overwrite(prop::sample::Index, u8),
    Insert(prop::sample::Index, &'static str),
    Cut(prop::sample::Index),
    Compact,
    OverwriteCompact(prop::sample::Index, u8),
    NoPayload,
    OtherKey,
    OverwriteKey(prop::sample::Index, u8),
}

fn harm() -> impl Strategy<Value = Harm> {
    let replace = prop::sample::select(vec![
        (":", " : "),
        (",", "\n,\t"),
        ("{", "{ "),
        ("}", "} "),
        ("\"de\"", "\"\\u0064e\""),
        ("\"de\"", "{\"tag\":\"de\"}"),
        ("\"de\"", " { \"tag\" : \"de\" } "),
        ("\"de\"", "{\"tag\":null}"),
        ("\"de\"", "null"),
        ("\"de\"", "{\"tag\":\"de\",\"tag\":\"de\"}"),
        ("\"a\"", "\"\\ud83d\\ude00\""),
        ("\"a\"", "\"\\ud83d\""),
        ("\"a\"", "\"\\/\\b\\f\\n\\r\\t\\u00E9\""),
        ("\"a\"", "{}"),
        ("\"a\"", "[\"a\"]"),
        ("\"live\":", "\"tags\":[\"a\"],\"live\":"),
        ("\"at\"", "\"att\""),
        ("\"at\":", "\"id\":1,\"at\":"),
        ("\"at\":", "\"at\":01"),
        ("\"at\":", "\"at\":-"),
        ("\"at\":", "\"at\":1."),
        ("\"at\":", "\"at\":1e2,\"title\":"),
        ("\"weight\":", "\"weight\":0.1,\"size\":"),
        ("\"weight\":", "\"weight\":16777217,\"size\":"),
        ("true", "false"),
        ("true", "truely"),
        ("[", "[null,"),
        ("]", ",]"),
        ("]", "]]"),
        ("}", ",}"),
        ("}", "}}"),
    ]);
    prop_oneof![
        6 => Just(Harm::None),
        8 => replace.prop_map(|(from, to)| Harm::Replace(from, to)),
        2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Overwrite(at, byte)),
        1 => (any::<prop::sample::Index>(), prop::sample::select(vec![" ", "\n", "0", "\"", "null", "-"]))
            .prop_map(|(at, text)| Harm::Insert(at, text)),
        1 => any::<prop::sample::Index>().prop_map(Harm::Cut),
        6 => Just(Harm::Compact),
        2 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::OverwriteCompact(at, byte)),
        1 => Just(Harm::NoPayload),
        1 => Just(Harm::OtherKey),
        1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::OverwriteKey(at, byte)),
    ]
}

fn message(codec: &Codec, value: &Value, harm: &Harm) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut key = codec.encode_key(&codec.key_of(value).expect("a key"));
    let mut payload = codec.encode_json(value);
    match harm {
        Harm::None => {}
        Harm::Replace(from, to) => {
            let text = String::from_utf8(payload).expect("JSON");
            payload = text.replacen(from, to, 1).into_bytes();
        }
        Harm::Overwrite(at, byte) => *at.get_mut(&mut payload) = *byte,
        Harm::Insert(at, text) => {
            let at = at.index(payload.len());
            payload.splice(at..at, text.bytes());
        }
        Harm::Cut(at) => payload.truncate(at.index(payload.len())),
        Harm::Compact => payload = codec.encode_rkyv(value).expect("the compact form"),
        Harm::OverwriteCompact(at, byte) => {
            payload = codec.encode_rkyv(value).expect("the compact form");
            *at.get_mut(&mut payload) = *byte;
        }
        Harm::NoPayload => return (key, None),
        Harm::OtherKey => key = br#"[7,"de",true]"#.to_vec(),
        Harm::OverwriteKey(at, byte) => *at.get_mut(&mut key) = *byte,
    }
    (key, Some(payload))
}

/// Everything a store has, by name.
fn everything(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let blobs = store.blobs();
    let keys = blobs.list("").expect("a list");
    keys.into_iter()
        .map(|key| (key.to_string(), blobs.open(&key).expect("an object").to_vec()))
        .collect()
}

/// A service whose producer has neither a clock nor chance.
fn fold(codec: Codec, bench: &Bench) -> Fold {
    let (moments, draws) = (AtomicU64::new(0), AtomicU64::new(0));
    let producer = Producer::builder(codec.dataset().clone(), bench.store.clone())
        .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
        .root("Item")
        .snapshot_every(1) // others are written in the background, in their own time
        .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + moments.fetch_add(1, SeqCst)))
        .entropy(move || draws.fetch_add(1, SeqCst))
        .build()
        .expect("a producer");
    let source = MemorySource::new("items", bench.log.clone());
    let letters = Box::new(bench.letters.clone());
    let mut fold = DatasetService::new(bench.settings.clone(), codec, producer, Box::new(source), letters).fold;
    fold.restore().expect("a store in memory");
    fold
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prepared_records_are_what_values_are(
        cycles in prop::collection::vec((prop::collection::vec((item(1), harm()), 1..60), any::<bool>(), 1..8usize), 1..5),
    ) {
        let mut bench = Bench::new(1);
        bench.settings.letters = LetterSettings {
            most_share: Share::of_a_million(1_000_000),
            most_in_a_row: u64::MAX,
            ..LetterSettings::default()
        };
        let other = Bench { store: Store::memory(), letters: MemoryDeadLetters::new(), ..bench };
        let bench = Bench { store: Store::memory(), letters: MemoryDeadLetters::new(), log: other.log.clone(), settings: other.settings.clone() };
        let codec = codec();
        let (mut prepared, mut by_values) = (fold(codec.clone(), &bench), fold(codec.by_values(), &other));
        for (messages, restarts, times) in cycles {
            // Several batches of the same, so that more than one thread has to do with them.
            for (value, harm) in messages.iter().cycle().take(messages.len() * times) {
                let (key, payload) = message(&codec, value, harm);
                bench.log.append(0, Some(&key), payload.as_deref(), &[]);
            }
            let [report, expected] = [prepared.cycle(), by_values.cycle()].map(|report| {
                let mut report = report.expect("a cycle");
                (report.at, report.took) = (SystemTime::UNIX_EPOCH, Duration::ZERO);
                let published = report.published.take().is_some();
                (report, published)
            });
            prop_assert_eq!(report, expected);
            prop_assert_eq!(bench.letters.letters(), other.letters.letters());
            prop_assert_eq!(everything(&bench.store), everything(&other.store));
            if restarts {
                prepared = fold(codec.clone(), &bench);
                by_values = fold(codec.by_values(), &other);
            }
        }
    }
}

#[test]
fn parts_of_records_that_mean_nothing_are_no_hindrance() {
    let bench = Bench::new(1);
    let codec = codec();
    let mut fold = fold(codec.clone(), &bench);
    fold.caps.settings.most_share = Share::of_a_million(1_000_000);
    fold.caps.settings.most_in_a_row = u64::MAX;
    // Several batches of nothing but such records, each with parts that no record before it had.
    for n in 0..2_000 {
        let end = if n % 1_000 < 990 { "}}" } else { "}" };
        let payload = format!(r#"{{"id":{n},"language":"de","live":true,"names":[{{"language":"l{n}"}}]{end}"#);
        bench.log.append(
            0,
            Some(format!(r#"[{n},"de",true]"#).as_bytes()),
            Some(payload.as_bytes()),
            &[],
        );
    }
    let report = fold.cycle().expect("a cycle");
    assert_eq!((report.upserts, report.dead_letters), (20, 1_980));
}

#[test]
fn what_writers_write_is_prepared() {
    use crate::service::ahead::Decoder;
    let codec = codec();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut plain, mut all) = (0, 0);
    for _ in 0..300 {
        let value = item(0).new_tree(&mut runner).expect("a value").current();
        let Value::Object(fields) = &value else { continue };
        if fields[8] != Value::Null {
            continue; // maps are left to values
        }
        let (key, payload) = message(&codec, &value, &Harm::None);
        let compact = message(&codec, &value, &Harm::Compact).1;
        for payload in [payload, compact] {
            all += 1;
            plain += usize::from(Decoder::new(&codec, 1 << 20).is_plain(&key, payload.as_deref()));
        }
    }
    // Left to values are numbers of nineteen digits, and what has no value for a hash key, of which there are many here.
    assert!(plain * 10 >= all * 4 && all > 100, "{plain} of {all}");
}
