//! Where a blob is written to. What goes through is counted, hashed and, if it is a file, made durable.
//!
//! ```text
//! encoding ── 256 KiB ──► hash, write ──► sync every 8 MiB
//!    └──── this thread ────┘ until a blob is long, then one beside it
//! ```
//!
//! Durable in strides: were it left to the end, the disk would be busy with all of a snapshot at once, and what a cycle
//! makes durable meanwhile would have to wait for it.

use crate::store::Sha256;
use sha2::Digest;
use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes that are handed on together.
const PIECE: usize = 256 << 10;
/// Blobs of more bytes have a thread of their own.
const LONG: u64 = 1 << 20;
/// Pieces between the threads.
const MOST_PIECES: usize = 4;
/// Bytes after which a file is synchronised.
const STRIDE: usize = 8 << 20;

/// A blob that is being written.
pub(super) struct Sink {
    piece: Vec<u8>,
    length: u64,
    /// Nothing after an error.
    way: Option<Way>,
}

/// A blob that was written.
pub(super) struct Written {
    pub(super) sha256: Sha256,
    pub(super) length: u64,
    /// The bytes, unless they went to a file.
    pub(super) bytes: Vec<u8>,
}

/// Who hashes and writes.
enum Way {
    Here(Box<Output>),
    Beside(Lane),
}

struct Lane {
    there: SyncSender<Vec<u8>>,
    /// Pieces to be filled again.
    back: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<Box<Output>>>,
}

struct Output {
    /// Nothing if the blob stays in memory.
    file: Option<File>,
    bytes: Vec<u8>,
    unsynced: usize,
    hash: sha2::Sha256,
}

impl Sink {
    /// Into a file, or into memory.
    pub(super) fn new(file: Option<File>) -> Self {
        let output = Box::new(Output {
            file,
            bytes: Vec::new(),
            unsynced: 0,
            hash: sha2::Sha256::new(),
        });
        Self {
            piece: Vec::new(),
            length: 0,
            way: Some(Way::Here(output)),
        }
    }

    /// Waits until everything is written, and durable.
    pub(super) fn finish(mut self) -> io::Result<Written> {
        self.hand_on()?;
        let mut output = match self.way.take() {
            Some(Way::Here(output)) => output,
            Some(Way::Beside(lane)) => lane.end()?,
            None => return Err(given_up()),
        };
        output.file.as_ref().map_or(Ok(()), File::sync_all)?;
        Ok(Written {
            sha256: Sha256(output.hash.finalize_reset().into()),
            length: self.length,
            bytes: std::mem::take(&mut output.bytes),
        })
    }

    /// Hands on what was put together.
    fn hand_on(&mut self) -> io::Result<()> {
        let way = match self.way.take().ok_or_else(given_up)? {
            Way::Here(output) if self.length > LONG => match Lane::open(output) {
                Ok(lane) => Way::Beside(lane),
                Err(output) => Way::Here(output),
            },
            way => way,
        };
        self.way = Some(match way {
            Way::Here(mut output) => {
                output.take(&self.piece)?;
                self.piece.clear();
                Way::Here(output)
            }
            Way::Beside(lane) => {
                let empty = lane.back.try_recv().unwrap_or_default();
                let full = std::mem::replace(&mut self.piece, empty);
                self.piece.clear();
                if lane.there.send(full).is_err() {
                    lane.end()?; // it ended because it failed
                    return Err(given_up());
                }
                Way::Beside(lane)
            }
        });
        Ok(())
    }
}

fn given_up() -> io::Error {
    io::Error::other("writing the blob was given up")
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        self.length += taken as u64;
        if self.piece.len() == PIECE {
            self.hand_on()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lane {
    /// Gives the output back if there is no thread to be had.
    fn open(output: Box<Output>) -> Result<Self, Box<Output>> {
        let (there, pieces) = sync_channel::<Vec<u8>>(MOST_PIECES);
        let (done, back) = sync_channel(MOST_PIECES + 1);
        let (give, taken) = sync_channel::<Box<Output>>(1);
        let thread = Builder::new().name("hollow-stage".to_owned()).spawn(move || {
            let mut output = taken.recv().map_err(|_| given_up())?;
            for piece in pieces {
                output.take(&piece)?;
                let _ = done.try_send(piece); // if there are enough of them, this one goes
            }
            Ok(output)
        });
        match thread {
            Ok(thread) => {
                let _ = give.send(output); // it waits for it
                Ok(Self { there, back, thread })
            }
            Err(_) => Err(output),
        }
    }

    fn end(self) -> io::Result<Box<Output>> {
        drop(self.there);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the thread that writes the blob panicked")))
    }
}

impl Output {
    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.hash.update(piece);
        let Some(file) = &mut self.file else {
            self.bytes.extend_from_slice(piece);
            return Ok(());
        };
        file.write_all(piece)?;
        self.unsynced += piece.len();
        if self.unsynced >= STRIDE {
            self.unsynced = 0;
            file.sync_data()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at ^ at >> 8 ^ at >> 16) as u8).collect()
    }

    #[test]
    fn what_is_written_arrives_whole_and_is_hashed_on_whichever_thread() {
        let long = LONG as usize;
        for length in [
            0,
            1,
            PIECE - 1,
            PIECE,
            PIECE + 1,
            long,
            long + PIECE,
            9 * PIECE + 7,
            2 * STRIDE + 5,
        ] {
            let content = content(length);
            let expected = Sha256(sha2::Sha256::digest(&content).into());
            for mut file in [None, Some(tempfile::tempfile().expect("a file"))] {
                let mut sink = Sink::new(file.as_ref().map(|file| file.try_clone().expect("another handle")));
                content
                    .chunks(100_003)
                    .for_each(|part| sink.write_all(part).expect("it takes all"));
                let mut written = sink.finish().expect("it is written");
                if let Some(file) = &mut file {
                    assert!(written.bytes.is_empty());
                    io::Seek::rewind(file).expect("a file");
                    file.read_to_end(&mut written.bytes).expect("it is readable");
                }
                assert_eq!((written.length, written.sha256), (length as u64, expected));
                assert!(written.bytes == content, "{length}");
            }
        }
    }

    /// The device that has no room: a short blob fails here, a long one beside.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_without_room_is_told() {
        for length in [10, 3 * PIECE, 40 * PIECE] {
            let full = File::options().write(true).open("/dev/full").expect("the device");
            let mut sink = Sink::new(Some(full));
            let failed = sink.write_all(&content(length)).and_then(|()| sink.finish().map(drop));
            assert_eq!(
                failed.map_err(|error| error.kind()),
                Err(io::ErrorKind::StorageFull),
                "{length}"
            );
        }
    }
}
