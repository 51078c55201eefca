//! The tools over whole states, held against plain trees of values.

mod query;
mod support;
mod text;
mod usage;
mod verify;
