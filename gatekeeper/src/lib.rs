//! Liveness of every video in every country, from versioned input datasets.
//!
//! - [`rules`], [`requirements`], [`policy`]: what is required, as pure functions over [`facts`] and [`country_set`]s;
//! - [`inputs`], [`engine`], [`liveness`]: the six input datasets, their evaluation, the output records;
//! - [`runner`]: n inputs, one output: pin, evaluate, publish, follow, replay; knows nothing of liveness;
//! - [`view`], [`compare`]: reading the output, and comparing two of them cell by cell;
//! - [`service`], [`web`]: the running gatekeeper, and its pages.

mod bind;
pub mod compare;
pub mod country_set;
pub mod engine;
pub mod facts;
pub mod inputs;
pub mod language;
pub mod liveness;
pub mod local_date;
pub mod policy;
pub mod reason;
pub mod report;
pub mod requirements;
pub mod rules;
pub mod runner;
pub mod service;
pub mod status;
pub mod view;
pub mod web;
