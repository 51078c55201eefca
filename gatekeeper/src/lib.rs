//! Liveness of every video in every country, from versioned input datasets.

pub mod country_set;
pub mod engine;
pub mod facts;
pub mod inputs;
pub mod language;
pub mod local_date;
pub mod policy;
pub mod reason;
pub mod requirements;
pub mod rules;
pub mod status;
