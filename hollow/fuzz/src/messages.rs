//! What comes to a program as messages and small documents.

use super::walk;
use hollow::Version;
use hollow::flat::{self, FlatSchemas};
use hollow::record::{json, key};
use hollow::schema::{Dataset, parse};
use hollow::store::{
    BlobStore, Document, Key, Marks, MemoryStore, Pins, Register, Registers, Sha256, Staged, Store, Tags,
};
use hollow::tools::text::{lossless, records};
use std::sync::OnceLock;

/// A flat record of a dataset with everything.
pub fn flat(bytes: &[u8]) -> bool {
    static SCHEMAS: OnceLock<FlatSchemas> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        let dataset = Dataset::parse(
            "String { string value; }
             All { int i; long l; boolean b; float f; double d; string s; bytes y; String r; }
             LS List<String>;
             SS Set<String> @HashKey(value);
             MS Map<String, All> @HashKey(value);
             Top @PrimaryKey(id, name, part.l) { int id; String name; All part; LS ls; SS ss; MS ms; }
             PkAll @PrimaryKey(b, f, d, y, s, l) { long l; boolean b; float f; double d; string s; bytes y; }
             NoPk { int x; String n; }",
        );
        FlatSchemas::in_order(dataset.expect("good schemas")).expect("good keys")
    });
    let limits = flat::Limits {
        values: 10_000,
        ..flat::Limits::DEFAULT
    };
    let read = flat::read_within(schemas, bytes, &limits);
    if let Ok(record) = &read {
        let _ = record.key(schemas);
        // A key that has a null can be read, but not written.
        if let Ok(written) = flat::write(schemas, &record.type_name, &record.value) {
            let again = flat::read(schemas, &written).expect("what was written can be read");
            assert_eq!(flat::write(schemas, &again.type_name, &again.value), Ok(written));
        }
    }
    read.is_ok()
}

/// The small documents of a store: a manifest under its right digest, a head, what people say about versions.
pub fn manifest(bytes: &[u8]) -> bool {
    let memory = MemoryStore::new();
    let store = Store::from(memory.clone());
    let sha256 = Sha256::of(bytes);
    let mut taken = false;
    for version in [Version(1), Version(2)] {
        let key = Key::manifest(version, &sha256);
        memory
            .put(&key, &Staged::Bytes(bytes.into()))
            .expect("memory takes all");
        if let Ok(manifest) = store.manifest(version, &sha256) {
            taken = true;
            assert_eq!(manifest.version, version);
            let again = store
                .put_manifest(&manifest)
                .expect("a manifest that was read can be put");
            assert_eq!(store.manifest(version, &again).ok(), Some(manifest));
        }
    }
    memory
        .compare_and_set(Register::Head, None, bytes)
        .expect("was never set");
    if let Ok(Some((head, token))) = store.head() {
        taken = true;
        store
            .set_head(Some(&token), &head)
            .expect("a head that was read can be set");
        assert_eq!(store.head().ok().flatten().map(|(head, _)| head), Some(head));
    }
    taken | document::<Pins>(&memory, bytes) | document::<Marks>(&memory, bytes) | document::<Tags>(&memory, bytes)
}

/// A document that people change: one that was read can be set and is the same.
fn document<D: Document + PartialEq + std::fmt::Debug>(memory: &MemoryStore, bytes: &[u8]) -> bool {
    let Ok(read) = D::parse(bytes) else { return false };
    let store = Store::from(memory.clone());
    let token = memory
        .read(D::REGISTER)
        .expect("memory answers")
        .map(|(_, token)| token);
    // What is as long as a register can be may be longer in the form in which it is written.
    if store.set_document(token.as_ref(), &read).is_ok() {
        assert_eq!(store.document::<D>().expect("what was set").0, read);
    }
    true
}

/// Schemas in their text form.
pub fn schema_text(bytes: &[u8]) -> bool {
    let Ok(schemas) = std::str::from_utf8(bytes)
        .map_err(drop)
        .and_then(|text| parse(text).map_err(drop))
    else {
        return false;
    };
    let text: String = schemas.iter().map(|schema| format!("{schema}\n")).collect();
    assert_eq!(parse(&text).as_ref(), Ok(&schemas));
    let dataset = Dataset::new(schemas).expect("names that stand once");
    dataset.schema_hash();
    assert_eq!(dataset.dependency_order().len(), dataset.len());
    for schema in dataset.schemas() {
        let _ = dataset.primary_key(schema.name());
    }
    true
}

/// A record as JSON text of a type with everything, and the JSON text of a key.
pub fn json(bytes: &[u8]) -> bool {
    const ROOT: &str = "All";
    static DATASET: OnceLock<Dataset> = OnceLock::new();
    let dataset = DATASET.get_or_init(|| {
        Dataset::parse(
            "All @PrimaryKey(i, s, leaf) {
                int i; long l; boolean b; float f; double d; string s; bytes y;
                Leaf leaf; List list; Set set; ByText byText; ByAll byAll; All again;
             }
             Leaf { string value; }
             List List<All>;
             Set Set<Leaf> @HashKey(value);
             ByText Map<Leaf, All>;
             ByAll Map<All, Leaf>;",
        )
        .expect("good schemas")
    });
    let limits = json::Limits {
        values: 10_000,
        ..json::Limits::DEFAULT
    };
    let mut taken = false;
    if let Ok(record) = json::parse_within(dataset, ROOT, bytes, &limits) {
        taken = true;
        let written = json::to_vec(dataset, ROOT, &record);
        let again = json::parse(dataset, ROOT, &written).expect("what was written can be read");
        assert_eq!(json::to_vec(dataset, ROOT, &again), written);
        let _ = key::key_of(dataset, ROOT, &record);
    }
    if let Ok(key) = key::parse_key(dataset, ROOT, bytes) {
        taken = true;
        let written = key::key_json(&key);
        let again = key::parse_key(dataset, ROOT, written.as_bytes()).expect("what was written can be read");
        assert_eq!(key::key_json(&again), written);
    }
    taken
}

/// A whole state as lines of JSON, with ordinals and without.
pub fn state_text(bytes: &[u8]) -> bool {
    let mut taken = false;
    if let Ok(state) = lossless::read(bytes) {
        taken = true;
        walk(&state);
        let mut written = Vec::new();
        lossless::write(&state, &mut written).expect("memory takes all");
        let again = lossless::read(written.as_slice()).expect("what was written can be read");
        let mut twice = Vec::new();
        lossless::write(&again, &mut twice).expect("memory takes all");
        assert_eq!(twice, written);
    }
    let options = records::ReadOptions {
        dataset: None,
        type_name: None,
    };
    if let Ok(state) = records::read(bytes, &options, 1) {
        taken = true;
        walk(&state);
    }
    taken
}
