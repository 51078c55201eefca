//! The read side against the golden vectors: blobs and numbers recorded from the original Java library.

mod chains;
mod crafted;
mod filters;
mod ground;
mod hostile;
mod mapped;
mod views;
