//! Type states as blobs have them.
