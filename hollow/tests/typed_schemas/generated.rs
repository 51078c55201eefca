// Made by the test beside; see there.

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod bit_growth {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `A`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct A {
        pub v: Option<i32>,
    }

    /// Records of type `G`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct G {
        pub i: Option<i32>,
        pub l: Option<i64>,
        #[hollow(inline)]
        pub s: Option<String>,
        pub r#ref: Option<A>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<G>()?;
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<A>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<A>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<A, A>>(&naming)?;
        model.build()
    }
}

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
pub(crate) mod bitset_history {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};

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
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<R>>(&naming)?;
        let model = model.root::<T>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod collections_empty {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `E`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct E {
        pub v: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<E>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<E>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<E, E>>(&naming)?;
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
pub(crate) mod empty_types {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `N`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct N {
        pub a: i32,
        #[hollow(inline)]
        pub s: Option<String>,
        pub y: Option<Vec<u8>>,
        pub b: Option<bool>,
        pub r: Option<Box<N>>,
    }

    /// Records of type `Z`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Z {}

    /// Records of type `B`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct B {
        pub b: Option<bool>,
    }

    /// Records of type `F`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct F {
        pub x: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<N>()?;
        let naming = Naming {
            type_name: Some("NL"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<N>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["a"]),
            type_name: Some("NS"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<N>>(&naming)?;
        let naming = Naming {
            type_name: Some("NM"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<N, N>>(&naming)?;
        let model = model.root::<Z>()?;
        let model = model.root::<B>()?;
        let model = model.root::<F>()?;
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
pub(crate) mod focus_holes {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};

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
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<R>>(&naming)?;
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
pub(crate) mod fuzz_03 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T0 {
        pub f0: i32,
        pub f1: Option<i32>,
    }

    /// Records of type `T2`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(f0))]
    pub struct T2 {
        pub f0: i32,
        #[hollow(type_name = "T1")]
        pub f1: Option<BTreeSet<T0>>,
        pub f2: Option<f32>,
    }

    /// Records of type `T5`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T5 {
        pub f0: i32,
        pub f1: Option<i64>,
        pub f2: Option<T0>,
    }

    /// Records of type `T6`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T6 {
        #[hollow(type_name = "T1")]
        pub f0: Option<BTreeSet<T0>>,
        pub f1: Option<f64>,
        pub f2: Option<Vec<u8>>,
        #[hollow(inline)]
        pub f3: Option<String>,
        #[hollow(type_name = "T1")]
        pub f4: Option<BTreeSet<T0>>,
        pub f5: Option<T0>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<T2>()?;
        let naming = Naming {
            element: Some("T1"),
            type_name: Some("T3"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<BTreeSet<T0>>>(&naming)?;
        let naming = Naming {
            type_name: Some("T4"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<T0>>(&naming)?;
        let model = model.root::<T5>()?;
        let model = model.root::<T6>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_04 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T0 {
        pub f0: i32,
        pub f1: Option<i32>,
    }

    /// Records of type `T4`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T4 {
        pub f0: i32,
        pub f1: Option<Vec<u8>>,
        pub f2: Option<bool>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("T1"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<T0>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("T2"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<T0>>(&naming)?;
        let naming = Naming {
            type_name: Some("T3"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<T0>>(&naming)?;
        let model = model.root::<T4>()?;
        let naming = Naming {
            type_name: Some("T5"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<T0>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_05 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordSet};

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T0 {
        pub f0: Option<f64>,
        pub f1: Option<bool>,
        pub f2: Option<f64>,
        pub f3: Option<bool>,
    }

    /// Records of type `T1`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(f0))]
    pub struct T1 {
        pub f0: i32,
        pub f1: Option<T0>,
    }

    /// Records of type `T3`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(f0))]
    pub struct T3 {
        pub f0: i32,
        pub f1: Option<T1>,
        pub f2: Option<f64>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("T2"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<T0>>(&naming)?;
        let model = model.root::<T3>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_06 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordSet};

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T0 {
        #[hollow(inline)]
        pub f0: String,
        pub f1: i64,
        pub f2: Option<bool>,
        pub f3: Option<f32>,
        pub f4: Option<f64>,
        pub f5: Option<f64>,
    }

    /// Records of type `T4`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(f0))]
    pub struct T4 {
        pub f0: i32,
        pub f1: Option<i64>,
        #[hollow(hash_key(f1, f0), type_name = "T3")]
        pub f2: Option<RecordSet<T0>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            element: Some("T1"),
            type_name: Some("T2"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<RecordSet<T0>>>(&naming)?;
        let model = model.root::<T4>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_07 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordSet};

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(f0))]
    pub struct T0 {
        pub f0: i32,
        #[hollow(inline)]
        pub f1: String,
        pub f2: Option<f64>,
        pub f3: Option<Vec<u8>>,
        pub f4: Option<f32>,
        pub f5: Option<i32>,
    }

    /// Records of type `T1`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T1 {
        pub f0: Option<Vec<u8>>,
        pub f1: Option<bool>,
        pub f2: Option<T0>,
        pub f3: Option<bool>,
        pub f4: Option<T0>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<T1>()?;
        let naming = Naming {
            hash_key: Some(&["f1", "f0"]),
            type_name: Some("T2"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<T0>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_08 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordMap};

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T0 {
        #[hollow(inline)]
        pub f0: String,
        pub f1: i64,
        pub f2: Option<bool>,
        pub f3: Option<f64>,
        pub f4: Option<Vec<u8>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            value: Some("T1"),
            hash_key: Some(&["f1", "f0"]),
            type_name: Some("T2"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordMap<T0, Vec<T0>>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_09 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordMap, RecordSet};

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T0 {
        pub f0: f64,
        #[hollow(inline)]
        pub f1: String,
        pub f2: Option<bool>,
        pub f3: Option<i32>,
        pub f4: Option<bool>,
    }

    /// Records of type `T1`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T1 {
        pub f0: Option<T0>,
    }

    /// Records of type `T3`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(f0))]
    pub struct T3 {
        pub f0: i32,
        pub f1: Option<T0>,
        pub f2: Option<f64>,
        pub f3: Option<Vec<u8>>,
        pub f4: Option<Vec<u8>>,
        pub f5: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("T2"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<T1>>(&naming)?;
        let model = model.root::<T3>()?;
        let naming = Naming {
            hash_key: Some(&["f1", "f0"]),
            type_name: Some("T4"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<T0>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["f0"]),
            type_name: Some("T5"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordMap<T0, T1>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_10 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T0 {
        pub f0: i32,
    }

    /// Records of type `T1`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T1 {
        pub f0: i32,
    }

    /// Records of type `T2`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T2 {
        pub f0: Option<T1>,
        pub f1: Option<T1>,
        pub f2: Option<bool>,
        pub f3: Option<Vec<u8>>,
        pub f4: Option<f32>,
        pub f5: Option<f64>,
    }

    /// Records of type `T4`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(f0))]
    pub struct T4 {
        pub f0: i32,
    }

    /// Records of type `T5`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct T5 {
        #[hollow(type_name = "T3")]
        pub f0: Option<BTreeSet<T0>>,
        pub f1: Option<T1>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<T2>()?;
        let model = model.root::<T4>()?;
        let model = model.root::<T5>()?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("T6"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<T0>>(&naming)?;
        let naming = Naming {
            element: Some("T3"),
            type_name: Some("T7"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<BTreeSet<T0>>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod fuzz_12 {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordSet};

    /// Records of type `T0`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T0 {
        pub f0: i32,
        pub f1: Option<Vec<u8>>,
        pub f2: Option<f64>,
        pub f3: Option<f64>,
        pub f4: Option<f32>,
    }

    /// Records of type `T2`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T2 {
        pub f0: Option<i64>,
        pub f1: Option<T0>,
        #[hollow(inline)]
        pub f2: Option<String>,
    }

    /// Records of type `T3`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T3 {
        pub f0: Option<T2>,
        #[hollow(inline)]
        pub f1: Option<String>,
        pub f2: Option<T2>,
        pub f3: Option<i32>,
        pub f4: Option<i32>,
        pub f5: Option<T2>,
    }

    /// Records of type `T4`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct T4 {
        pub f0: Option<f32>,
        pub f1: Option<i64>,
        pub f2: Option<Vec<u8>>,
        pub f3: Option<bool>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&["f0"]),
            type_name: Some("T1"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<T0>>(&naming)?;
        let model = model.root::<T3>()?;
        let model = model.root::<T4>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod hash_collisions {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `K`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct K {
        pub i: i32,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<K>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<K, K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("U"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<K>>(&naming)?;
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
pub(crate) mod maps_keys {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordMap};
    use std::collections::BTreeMap;

    /// Records of type `K`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct K {
        pub i: i32,
        pub l: i64,
        pub b: Option<bool>,
        pub f: Option<f32>,
        pub d: f64,
        #[hollow(inline)]
        pub s: String,
        pub y: Option<Vec<u8>>,
    }

    /// Records of type `Country`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(code))]
    pub struct Country {
        pub code: String,
        pub label: Option<String>,
    }

    /// Records of type `City`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct City {
        pub name: Option<String>,
        pub country: Country,
        pub zip: Option<i32>,
    }

    /// Records of type `Movie`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(id))]
    pub struct Movie {
        pub id: i32,
        pub city: City,
        pub title: String,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&["i"]),
            type_name: Some("M1"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordMap<K, String>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["s", "l"]),
            type_name: Some("M2"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordMap<K, String>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["city.country"]),
            type_name: Some("M3"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<Movie, K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["title"]),
            type_name: Some("M4"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<Movie, Movie>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["d"]),
            type_name: Some("M5"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordMap<K, K>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod maps_no_key {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeMap;

    /// Records of type `K`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct K {
        pub v: Option<i32>,
    }

    /// Records of type `V`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct V {
        #[hollow(inline)]
        pub v: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<K, V>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod optional_parts {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `O`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct O {
        pub a: i32,
        #[hollow(inline)]
        pub s: Option<String>,
        pub l: Option<i64>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<O>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["a"]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<O>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<O, O>>(&naming)?;
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
pub(crate) mod partitioned_ordinals {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `O`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct O {
        pub a: i32,
        #[hollow(inline)]
        pub s: Option<String>,
        pub l: Option<i64>,
    }

    /// Records of type `P`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct P {
        #[hollow(inline)]
        pub s: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<O>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["a"]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<O>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<O, O>>(&naming)?;
        let model = model.root::<P>()?;
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
pub(crate) mod producer_api {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};
    use std::collections::BTreeSet;

    /// Records of type `Actor`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Actor {
        pub name: String,
        pub born: Option<i32>,
    }

    /// Records of type `Movie`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(id))]
    pub struct Movie {
        pub id: i32,
        pub title: Option<String>,
        #[hollow(hash_key(name.value))]
        pub cast: Option<BTreeSet<Actor>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Movie>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod producer_incremental {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `Kind`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Kind {
        #[hollow(rename = "_name", inline)]
        pub name: Option<String>,
    }

    /// Records of type `Date`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Date {
        pub value: Option<i64>,
    }

    /// Records of type `Person`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(name, born))]
    pub struct Person {
        pub name: String,
        pub born: i32,
    }

    /// Records of type `Maker`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(name, born))]
    pub struct Maker {
        pub name: String,
        pub born: i32,
    }

    /// Records of type `Film`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    #[hollow(primary_key(id))]
    pub struct Film {
        pub id: i32,
        pub views: Option<i64>,
        pub live: Option<bool>,
        pub score: Option<f32>,
        pub ratio: Option<f64>,
        pub sh: Option<i32>,
        pub by: Option<i32>,
        pub ch: Option<i32>,
        pub raw: Option<Vec<u8>>,
        pub title: Option<String>,
        #[hollow(inline)]
        pub slug: Option<String>,
        #[hollow(boxed)]
        pub boxed: Option<i32>,
        #[hollow(rename = "inlineLong")]
        pub inline_long: Option<i64>,
        pub kind: Option<Kind>,
        pub released: Option<Date>,
        pub tags: Option<BTreeSet<String>>,
        pub cast: Option<Vec<Person>>,
        pub counts: Option<BTreeMap<String, i32>>,
        #[hollow(hash_key(name.value))]
        pub crew: Option<BTreeSet<Person>>,
        pub director: Option<Maker>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Film>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod recreate_preserve {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `O`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct O {
        pub a: i32,
        #[hollow(inline)]
        pub s: Option<String>,
        pub l: Option<i64>,
    }

    /// Records of type `N`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct N {
        pub f: Option<f32>,
        pub d: Option<f64>,
        #[hollow(inline)]
        pub s: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<O>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["a"]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<O>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<O, O>>(&naming)?;
        let naming = Naming {
            type_name: Some("U"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<O>>(&naming)?;
        let model = model.root::<N>()?;
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
pub(crate) mod restore_continue {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `O`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct O {
        pub a: i32,
        #[hollow(inline)]
        pub s: Option<String>,
        pub l: Option<i64>,
    }

    /// Records of type `X`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct X {
        pub f: Option<f32>,
        pub d: Option<f64>,
        pub y: Option<Vec<u8>>,
        pub o: Option<O>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<O>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["a"]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<O>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<O, O>>(&naming)?;
        let model = model.root::<X>()?;
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
pub(crate) mod restore_unused {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `R`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct R {
        pub id: i32,
        #[hollow(inline)]
        pub s: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&["id"]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<R>>(&naming)?;
        let naming = Naming {
            type_name: Some("U"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<R>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<R, R>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod schema_evolution {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `A`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct A {
        pub id: i32,
        #[hollow(inline)]
        pub name: Option<String>,
        pub gone: Option<i64>,
    }

    /// Records of type `Dropped`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Dropped {
        pub v: Option<i32>,
    }

    /// Records of type `Holder`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Holder {
        pub id: Option<i32>,
        #[hollow(type_name = "L")]
        pub items: Option<Vec<A>>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let model = model.root::<Dropped>()?;
        let naming = Naming {
            hash_key: Some(&["id"]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<A>>(&naming)?;
        let model = model.root::<Holder>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod sets_key_multi {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordSet};

    /// Records of type `K`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct K {
        pub i: i32,
        pub l: i64,
        pub b: bool,
        pub f: f32,
        pub d: f64,
        #[hollow(inline)]
        pub s: String,
        pub y: Vec<u8>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&["i", "s"]),
            type_name: Some("S1"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["s", "i"]),
            type_name: Some("S2"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["y", "d", "b", "l", "f"]),
            type_name: Some("S3"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod sets_key_path {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `Country`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(code))]
    pub struct Country {
        pub code: String,
        pub label: String,
    }

    /// Records of type `City`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct City {
        pub name: String,
        pub country: Country,
        pub zip: i32,
    }

    /// Records of type `Movie`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(id))]
    pub struct Movie {
        pub id: i32,
        pub city: City,
        pub title: String,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&["title.value"]),
            type_name: Some("SA"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<Movie>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["title"]),
            type_name: Some("SB"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<Movie>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["city.country"]),
            type_name: Some("SC"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<Movie>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["city.name", "id", "city.country.label.value"]),
            type_name: Some("SD"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<Movie>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["zip", "country"]),
            type_name: Some("SE"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<City>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod sets_key_single {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming, RecordSet};

    /// Records of type `K`.
    #[derive(Hollow, Clone, Debug, PartialEq)]
    pub struct K {
        pub i: i32,
        pub l: i64,
        pub b: bool,
        pub f: f32,
        pub d: f64,
        #[hollow(inline)]
        pub s: String,
        pub y: Vec<u8>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&["i"]),
            type_name: Some("SI"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["l"]),
            type_name: Some("SL"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["b"]),
            type_name: Some("SB"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["f"]),
            type_name: Some("SF"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["d"]),
            type_name: Some("SD"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["s"]),
            type_name: Some("SS"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&["y"]),
            type_name: Some("SY"),
            ..Naming::default()
        };
        let model = model.root_with::<RecordSet<K>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod sets_no_key {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `E`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct E {
        #[hollow(inline)]
        pub v: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<E>>(&naming)?;
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
pub(crate) mod tiny {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `Movie`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(id))]
    pub struct Movie {
        pub id: i32,
        #[hollow(inline)]
        pub title: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("MovieSet"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<Movie>>(&naming)?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod type_order {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};

    /// Records of type `Zeta`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(primary_key(b, a.x))]
    pub struct Zeta {
        pub a: Alpha,
        #[hollow(inline)]
        pub b: String,
    }

    /// Records of type `Alpha`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Alpha {
        pub x: i32,
    }

    /// Records of type `nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[hollow(
        rename = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    )]
    pub struct Nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
    {
        pub nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnf:
            Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("Mid"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<Zeta>>(&naming)?;
        let model = model.root::<Nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn>()?;
        model.build()
    }
}

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod unchanged_types {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::BTreeSet;

    /// Records of type `A`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct A {
        pub v: Option<i32>,
    }

    /// Records of type `B`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct B {
        pub v: Option<i32>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("C"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<A>>(&naming)?;
        let naming = Naming {
            hash_key: Some(&[]),
            type_name: Some("D"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<B>>(&naming)?;
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

#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod withdrawn_records {
    //! Records of a dataset, from its schemas.

    use hollow::typed::{Hollow, Model, ModelError, Naming};
    use std::collections::{BTreeMap, BTreeSet};

    /// Records of type `R`.
    #[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct R {
        pub id: Option<i32>,
        #[hollow(inline)]
        pub s: Option<String>,
    }

    /// The model of these types.
    ///
    /// # Errors
    /// If two of them do not go together.
    pub fn model() -> Result<Model, ModelError> {
        let model = Model::builder();
        let naming = Naming {
            type_name: Some("L"),
            ..Naming::default()
        };
        let model = model.root_with::<Vec<R>>(&naming)?;
        let naming = Naming {
            type_name: Some("S"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeSet<R>>(&naming)?;
        let naming = Naming {
            type_name: Some("M"),
            ..Naming::default()
        };
        let model = model.root_with::<BTreeMap<R, R>>(&naming)?;
        model.build()
    }
}

pub(crate) fn models() -> Vec<(&'static str, Result<hollow::typed::Model, hollow::typed::ModelError>)> {
    vec![
        ("bit-growth", bit_growth::model()),
        ("bitset-growth", bitset_growth::model()),
        ("bitset-history", bitset_history::model()),
        ("collections-empty", collections_empty::model()),
        ("compaction", compaction::model()),
        ("empty-types", empty_types::model()),
        ("explicit-ordinals", explicit_ordinals::model()),
        ("flat-records", flat_records::model()),
        ("focus-holes", focus_holes::model()),
        ("fuzz-02", fuzz_02::model()),
        ("fuzz-03", fuzz_03::model()),
        ("fuzz-04", fuzz_04::model()),
        ("fuzz-05", fuzz_05::model()),
        ("fuzz-06", fuzz_06::model()),
        ("fuzz-07", fuzz_07::model()),
        ("fuzz-08", fuzz_08::model()),
        ("fuzz-09", fuzz_09::model()),
        ("fuzz-10", fuzz_10::model()),
        ("fuzz-12", fuzz_12::model()),
        ("hash-collisions", hash_collisions::model()),
        ("header-tags", header_tags::model()),
        ("large-random", large_random::model()),
        ("lists", lists::model()),
        ("maps-keys", maps_keys::model()),
        ("maps-no-key", maps_no_key::model()),
        ("optional-parts", optional_parts::model()),
        ("ordinal-reuse", ordinal_reuse::model()),
        ("partitioned-ordinals", partitioned_ordinals::model()),
        ("primitives", primitives::model()),
        ("producer-api", producer_api::model()),
        ("producer-incremental", producer_incremental::model()),
        ("recreate-preserve", recreate_preserve::model()),
        ("refs-dedup", refs_dedup::model()),
        ("restore-continue", restore_continue::model()),
        ("restore-nan", restore_nan::model()),
        ("restore-unused", restore_unused::model()),
        ("schema-evolution", schema_evolution::model()),
        ("sets-key-multi", sets_key_multi::model()),
        ("sets-key-path", sets_key_path::model()),
        ("sets-key-single", sets_key_single::model()),
        ("sets-no-key", sets_no_key::model()),
        ("strings-bytes", strings_bytes::model()),
        ("tiny", tiny::model()),
        ("type-order", type_order::model()),
        ("unchanged-types", unchanged_types::model()),
        ("wide-fields", wide_fields::model()),
        ("withdrawn-records", withdrawn_records::model()),
    ]
}
