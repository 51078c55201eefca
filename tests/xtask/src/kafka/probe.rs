//! Asking a broker whether it really serves: two requests of Kafka's protocol, written by hand.
//!
//! A listening socket is not enough, a broker opens it before it is ready to serve. `ApiVersions` must be answered
//! without an error, and `Metadata` tells how many brokers it knows.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const METADATA: i16 = 3;
const API_VERSIONS: i16 = 18;
/// The newest version of `Metadata` with a plain layout (no tagged fields, no topic ids) that is old enough for all
/// brokers from 0.10 on.
const METADATA_VERSION: i16 = 1;

/// A reply of a test broker takes a few KB: more is not a reply.
const MOST_BYTES: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// How many brokers the broker at `address` knows, itself included.
///
/// # Errors
/// When it does not accept, does not answer within 5 s, or answers something else than Kafka would.
pub(super) fn known_brokers(address: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let reply = call(&mut stream, API_VERSIONS, 0, 1, &[])?;
    let range = metadata_range(&mut Reader(&reply))?;
    if !(range.0..=range.1).contains(&METADATA_VERSION) {
        return Err(invalid(format!(
            "no common version of Metadata; has={}..={}",
            range.0, range.1
        )));
    }
    // An empty list of topics: none, only the brokers.
    let reply = call(&mut stream, METADATA, METADATA_VERSION, 2, &0i32.to_be_bytes())?;
    count_brokers(&mut Reader(&reply))
}

/// Sends one request and returns the body of its reply.
fn call(stream: &mut TcpStream, api: i16, version: i16, correlation: i32, body: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(&request(api, version, correlation, body))?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(4..=MOST_BYTES).contains(&length) {
        return Err(invalid(format!("not a reply of Kafka; length={length}")));
    }
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply)?;
    let mut reader = Reader(&reply);
    let echoed = reader.int32()?;
    if echoed != correlation {
        return Err(invalid(format!(
            "reply to another request; expected={correlation} found={echoed}"
        )));
    }
    Ok(reader.0.to_vec())
}

pub(super) fn request(api: i16, version: i16, correlation: i32, body: &[u8]) -> Vec<u8> {
    const CLIENT: &[u8] = b"xtask";
    let mut message = Vec::new();
    message.extend(api.to_be_bytes());
    message.extend(version.to_be_bytes());
    message.extend(correlation.to_be_bytes());
    message.extend(i16::try_from(CLIENT.len()).unwrap_or(0).to_be_bytes());
    message.extend(CLIENT);
    message.extend(body);
    let mut framed = i32::try_from(message.len()).unwrap_or(0).to_be_bytes().to_vec();
    framed.extend(message);
    framed
}

/// Reads a reply to `ApiVersions` version 0: the versions of `Metadata` that the broker has.
pub(super) fn metadata_range(reader: &mut Reader<'_>) -> io::Result<(i16, i16)> {
    let error = reader.int16()?;
    if error != 0 {
        return Err(invalid(format!("ApiVersions was refused; error_code={error}")));
    }
    for _ in 0..reader.int32()? {
        let (api, min, max) = (reader.int16()?, reader.int16()?, reader.int16()?);
        if api == METADATA {
            return Ok((min, max));
        }
    }
    Err(invalid("the broker does not serve Metadata".into()))
}

/// Reads the start of a reply to `Metadata` version 1: how many brokers there are.
pub(super) fn count_brokers(reader: &mut Reader<'_>) -> io::Result<usize> {
    let count = reader.int32()?;
    // Each takes ten bytes at least: a count that does not fit in the reply is no count.
    usize::try_from(count)
        .ok()
        .filter(|count| count.saturating_mul(10) <= reader.0.len())
        .ok_or_else(|| invalid(format!("not a reply to Metadata; brokers={count}")))
}

/// Takes big-endian numbers off the front of a reply.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (head, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| invalid("the reply ends early".into()))?;
        self.0 = rest;
        Ok(*head)
    }

    fn int16(&mut self) -> io::Result<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn int32(&mut self) -> io::Result<i32> {
        self.take().map(i32::from_be_bytes)
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
