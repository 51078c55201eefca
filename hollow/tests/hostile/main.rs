//! Hostile bytes: whatever is fed to a decoder, it gives an error or something valid, within bounds of time and memory.
//!
//! - [`replay`] feeds the inputs checked in with the fuzz targets (`fuzz/seeds/`) to the decoders they are for.
//! - [`exhaustive`] damages small blobs in every way of one bit or one byte there is.
//! - [`made_up`] are blobs built to cost much more than their size.
//!
//! Memory is counted by the allocator, per thread, so tests here may run side by side.

#[expect(unreachable_pub, reason = "there it is a library")]
#[path = "../../fuzz/src/lib.rs"]
mod decoders;

mod damage;
mod exhaustive;
mod made_up;
mod replay;
mod watch;
