//! Bytes in use, for the program whose allocator counts them.

use std::sync::OnceLock;

/// Tells the bytes in use; set by the program that can.
pub(crate) static IN_USE: OnceLock<fn() -> usize> = OnceLock::new();

/// What `work` gives, and how many bytes more are in use while it is there.
pub(crate) fn held<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let in_use = IN_USE.get().copied().unwrap_or(|| 0);
    let before = in_use();
    let result = work();
    (result, in_use().saturating_sub(before) as u64)
}
