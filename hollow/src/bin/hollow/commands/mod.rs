//! One module for each command, or for those that change one document: its arguments, what it does, what it prints.

pub(crate) mod checksum;
pub(crate) mod combine;
pub(crate) mod compact;
pub(crate) mod copy;
pub(crate) mod dump;
pub(crate) mod filter;
pub(crate) mod gc;
pub(crate) mod get;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod marks;
pub(crate) mod patch;
pub(crate) mod pins;
pub(crate) mod query;
pub(crate) mod rewrite;
pub(crate) mod rust;
pub(crate) mod schema;
pub(crate) mod split;
pub(crate) mod tags;
pub(crate) mod verify;
pub(crate) mod versions;
