//! A server that looks like S3 and keeps its objects in memory: well-behaved, or broken in one way.

use super::http::{Listener, Message, Then};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It replaces objects whatever `If-Match` says.
    IgnoresIfMatch,
    /// It creates objects that are there, whatever `If-None-Match` says.
    IgnoresIfNoneMatch,
    /// It compares, takes its time, and then writes.
    ComparesFirstWritesLater,
    /// It refuses, and writes.
    RefusesAndWrites,
    /// What is read is older than what was written.
    ReadsOld,
    /// It keeps no metadata.
    ForgetsMetadata,
}

#[derive(Clone, Debug)]
struct Object {
    bytes: Vec<u8>,
    etag: String,
    metadata: Vec<(String, String)>,
}

type Objects = BTreeMap<String, Vec<Object>>; // all states of an object, oldest first; none: removed

/// The server. Dropped, it takes no connections any more.
pub struct FakeS3 {
    listener: Listener,
    objects: Arc<Mutex<Objects>>,
}

impl FakeS3 {
    /// Starts a server in which every bucket exists.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(flaw: Flaw) -> io::Result<Self> {
        let objects = Arc::new(Mutex::new(Objects::new()));
        let shared = objects.clone();
        let listener = Listener::start(move |request| Then::Answer(serve(&shared, flaw, request), usize::MAX))?;
        Ok(Self { listener, objects })
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// Names of all objects, with their bucket.
    pub fn names(&self) -> Vec<String> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let there = objects.iter().filter(|(_, states)| !states.is_empty());
        there.map(|(name, _)| name.clone()).collect()
    }
}

fn error(status: u16, code: &str) -> Message {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>-</Message></Error>");
    Message::answer(status, body).with("content-type", "application/xml")
}

fn serve(objects: &Mutex<Objects>, flaw: Flaw, request: &Message) -> Message {
    let (path, query) = request.target().split_once('?').unwrap_or((request.target(), ""));
    let name = path.trim_start_matches('/').to_owned();
    let locked = || objects.lock().unwrap_or_else(PoisonError::into_inner);
    match request.method() {
        "PUT" => put(objects, flaw, &name, request),
        "GET" if query.contains("list-type=2") => list(&locked(), &name, query),
        method @ ("GET" | "HEAD") => {
            let objects = locked();
            let states = objects.get(&name).map(Vec::as_slice).unwrap_or_default();
            let found = match flaw {
                Flaw::ReadsOld => states.iter().rev().nth(1).or(states.last()),
                _ => states.last(),
            };
            match found {
                Some(object) => get(object, request, method == "HEAD"),
                None if method == "HEAD" => Message::answer(404, ""),
                None => error(404, "NoSuchKey"),
            }
        }
        "DELETE" => {
            locked().remove(&name);
            Message::answer(204, "")
        }
        _ => error(501, "NotImplemented"),
    }
}

fn put(objects: &Mutex<Objects>, flaw: Flaw, name: &str, request: &Message) -> Message {
    let matches = |current: Option<&Object>| {
        let absent = request.header("if-none-match").is_none_or(|_| current.is_none());
        let same = request
            .header("if-match")
            .is_none_or(|etag| current.is_some_and(|object| object.etag == etag));
        (absent || flaw == Flaw::IgnoresIfNoneMatch) && (same || flaw == Flaw::IgnoresIfMatch)
    };
    let mut locked = objects.lock().unwrap_or_else(PoisonError::into_inner);
    let mut good = matches(locked.get(name).and_then(|states| states.last()));
    if flaw == Flaw::ComparesFirstWritesLater {
        drop(locked);
        std::thread::sleep(Duration::from_millis(50));
        locked = objects.lock().unwrap_or_else(PoisonError::into_inner);
    }
    let refuse = !good;
    good |= flaw == Flaw::RefusesAndWrites;
    let states = locked.entry(name.to_owned()).or_default();
    let etag = format!("\"{:016x}-{}\"", digest(&request.body), request.body.len());
    if good {
        let own = request
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-amz-meta-"));
        let metadata = match flaw {
            Flaw::ForgetsMetadata => Vec::new(),
            _ => own.cloned().collect(),
        };
        states.push(Object {
            bytes: request.body.clone(),
            etag: etag.clone(),
            metadata,
        });
    }
    match refuse {
        true => error(412, "PreconditionFailed"),
        false => Message::answer(200, "").with("etag", etag),
    }
}

fn get(object: &Object, request: &Message, head: bool) -> Message {
    if request.header("if-match").is_some_and(|etag| etag != object.etag) {
        return error(412, "PreconditionFailed");
    }
    let total = object.bytes.len();
    let range = request
        .header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let mut answer = match range {
        Some((start, end)) => {
            let start: usize = start.parse().unwrap_or(0);
            let end = end.parse().unwrap_or(usize::MAX).min(total.saturating_sub(1));
            if start >= total {
                return error(416, "InvalidRange");
            }
            let body = object.bytes[start..=end].to_vec();
            Message::answer(206, body).with("content-range", format!("bytes {start}-{end}/{total}"))
        }
        None if head => Message::answer(200, "").with("content-length", total.to_string()),
        None => Message::answer(200, object.bytes.clone()),
    };
    answer.headers.extend(object.metadata.iter().cloned());
    answer.with("etag", object.etag.clone())
}

fn list(objects: &Objects, bucket: &str, query: &str) -> Message {
    let prefix = query.split('&').find_map(|option| option.strip_prefix("prefix="));
    let prefix = prefix.unwrap_or_default().replace("%2F", "/");
    let start = format!("{}/{prefix}", bucket.trim_end_matches('/'));
    let mut body = String::from("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>");
    for (name, states) in objects {
        if !states.is_empty() && name.starts_with(&start) {
            let key = name.split_once('/').map_or("", |(_, key)| key);
            body.push_str(&format!("<Contents><Key>{key}</Key></Contents>"));
        }
    }
    body.push_str("</ListBucketResult>");
    Message::answer(200, body).with("content-type", "application/xml")
}

/// Tells contents apart; not a digest anybody should rely on (FNV-1a).
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
