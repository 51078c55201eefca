//! Files mapped into memory. The only `unsafe` of this crate stands here.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

/// A whole file, read-only, as a slice of bytes that the operating system pages in on demand.
#[derive(Debug)]
pub struct MappedFile(Option<memmap2::Mmap>); // `None` for an empty file, which cannot be mapped

impl MappedFile {
    /// Maps the file. Costs the same whatever its size.
    ///
    /// Blob files are write-once: nothing in this crate changes or truncates a file that can be opened here. If
    /// somebody else truncates it while it is mapped, the process is killed by the operating system (`SIGBUS`).
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Self(None));
        }
        #[expect(unsafe_code, reason = "mapping a file has no safe form; see the contract above")]
        // SAFETY: the mapping is private and read-only, and blob files are never written after they became visible
        // under their name, so the bytes do not change while the slice is alive.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Ok(Self(Some(map)))
    }
}

impl Deref for MappedFile {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}
