// Made by the test beside; see there.

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod bitset_growth {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `R`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct R {
        pub id: Option<i32>,
    }

    /// Records of type `T`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct T {
        pub id: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<R>()?;
        let model = model.root::<T>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod compaction {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `Leaf`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Leaf {
        pub v: i32,
    }

    /// Records of type `Mid`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Mid {
        pub a: Option<Leaf>,
        #[hollow(inline)]
        pub s: Option<String>,
    }

    /// Records of type `Top`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Top {
        #[hollow(type_name = "L")]
        pub l: Option<Vec<Mid>>,
        #[hollow(type_name = "S")]
        pub s: Option<BTreeSet<Leaf>>,
        #[hollow(type_name = "M")]
        pub m: Option<BTreeMap<Leaf, Mid>>,
        pub id: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Top>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod explicit_ordinals {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `R`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct R {
        pub id: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<R>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod flat_records {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `All`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct All {
        pub i: Option<i32>,
        pub l: i64,
        pub b: Option<bool>,
        pub f: Option<f32>,
        pub d: Option<f64>,
        #[hollow(inline)]
        pub s: Option<String>,
        pub y: Option<Vec<u8>>,
        pub r: Option<String>,
    }

    /// Records of type `Top`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(id, name, part.l))]
    pub struct Top {
        pub id: i32,
        pub name: String,
        pub part: All,
        #[hollow(type_name = "LS")]
        pub ls: Option<Vec<String>>,
        #[hollow(type_name = "SS")]
        pub ss: Option<BTreeSet<String>>,
        #[hollow(type_name = "MS")]
        pub ms: Option<BTreeMap<String, All>>,
    }

    /// Records of type `PkAll`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(b, f, d, y, s, l))]
    pub struct PkAll {
        pub l: i64,
        pub b: bool,
        pub f: f32,
        pub d: f64,
        #[hollow(inline)]
        pub s: String,
        pub y: Vec<u8>,
    }

    /// Records of type `NoPk`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct NoPk {
        pub x: Option<i32>,
        pub n: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Top>()?;
        let model = model.root::<PkAll>()?;
        let model = model.root::<NoPk>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_02 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};
    use std::collections::BTreeSet;

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T0 {
        pub f0: i32,
        pub f1: Option<bool>,
        #[hollow(inline)]
        pub f2: Option<String>,
        pub f3: Option<i64>,
        pub f4: Option<i32>,
        pub f5: Option<i64>,
    }

    /// Records of type `T2`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T2 {
        #[hollow(type_name = "T1")]
        pub f0: Option<BTreeSet<T0>>,
        pub f1: Option<bool>,
        pub f2: Option<i64>,
        pub f3: Option<T0>,
        pub f4: Option<i32>,
        pub f5: Option<f32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<T2>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod header_tags {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `T`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct T {
        pub a: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<T>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod large_random {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};
    use std::collections::BTreeSet;

    /// Records of type `Name`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Name {
        #[hollow(inline)]
        pub value: Option<String>,
    }

    /// Records of type `Genre`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Genre {
        #[hollow(inline)]
        pub g: String,
    }

    /// Records of type `Title`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(id))]
    pub struct Title {
        pub id: i32,
        pub ts: Option<i64>,
        pub score: Option<f32>,
        pub live: Option<bool>,
        pub name: Option<Name>,
        #[hollow(type_name = "Genres")]
        pub genres: Option<BTreeSet<Genre>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Title>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod lists {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `E`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct E {
        pub v: Option<i32>,
    }

    /// Records of type `Holder`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Holder {
        pub id: Option<i32>,
        #[hollow(type_name = "L")]
        pub items: Option<Vec<E>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Holder>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod ordinal_reuse {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `R`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct R {
        pub id: Option<i32>,
        #[hollow(inline)]
        pub v: Option<String>,
    }

    /// Records of type `Q`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Q {
        pub r: Option<R>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Q>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod primitives {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `Leaf`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Leaf {
        pub id: Option<i32>,
    }

    /// Records of type `All`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct All {
        pub i: Option<i32>,
        pub l: Option<i64>,
        pub b: Option<bool>,
        pub f: Option<f32>,
        pub d: Option<f64>,
        #[hollow(inline)]
        pub s: Option<String>,
        pub y: Option<Vec<u8>>,
        pub r: Option<Leaf>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<All>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod refs_dedup {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `City`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(name))]
    pub struct City {
        pub name: String,
        pub country: Option<String>,
        pub pop: Option<i32>,
    }

    /// Records of type `Person`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(id))]
    pub struct Person {
        pub id: i64,
        pub first: Option<String>,
        pub last: Option<String>,
        pub home: Option<City>,
        pub work: Option<City>,
        pub boss: Option<Box<Person>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Person>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod restore_nan {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `F`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct F {
        pub id: Option<i32>,
        pub f: Option<f32>,
        pub d: Option<f64>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<F>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod strings_bytes {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `S`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct S {
        #[hollow(inline)]
        pub a: Option<String>,
        pub b: Option<Vec<u8>>,
        #[hollow(inline)]
        pub c: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<S>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod wide_fields {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};

    /// Records of type `W`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct W {
        pub p: Option<bool>,
        pub a: Option<i64>,
        pub q: Option<i32>,
        pub b: Option<i64>,
        pub t: Option<i32>,
        pub e: Option<i64>,
        pub d: Option<f64>,
        pub g: Option<i64>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<W>()?;
        model.build()
    }
}

pub(crate) fn models() -> Vec<(&'static str, Result<hollow::typed::Model, hollow::typed::ModelError>)> {
    vec![
        ("bitset-growth", bitset_growth::model()),
        ("compaction", compaction::model()),
        ("explicit-ordinals", explicit_ordinals::model()),
        ("flat-records", flat_records::model()),
        ("fuzz-02", fuzz_02::model()),
        ("header-tags", header_tags::model()),
        ("large-random", large_random::model()),
        ("lists", lists::model()),
        ("ordinal-reuse", ordinal_reuse::model()),
        ("primitives", primitives::model()),
        ("refs-dedup", refs_dedup::model()),
        ("restore-nan", restore_nan::model()),
        ("strings-bytes", strings_bytes::model()),
        ("wide-fields", wide_fields::model()),
    ]
}
