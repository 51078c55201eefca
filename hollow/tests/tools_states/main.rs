//! The tools over whole states, held against plain trees of values.

mod query;
mod states;
mod support;
mod text;
mod usage;
mod verify;
