//! Choosing ports.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use super::KafkaError;

/// Below what systems hand out to outgoing connections: a port chosen here stays free until the broker binds it,
/// seconds later, unless another cluster picks the same.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// True when nobody listens on the loopback port now.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// `count` different free ports that are not in `taken`.
pub(crate) fn pick(count: usize, taken: &[u16]) -> Result<Vec<u16>, KafkaError> {
    let mut picked = Vec::with_capacity(count);
    let mut tried = 0;
    while picked.len() < count {
        tried += 1;
        if tried > 2_000 {
            return Err(KafkaError::NoFreePort { tried });
        }
        let offset = u16::try_from(random() % u64::from(COUNT)).unwrap_or(0);
        let port = FIRST + offset;
        if !picked.contains(&port) && !taken.contains(&port) && is_free(port) {
            picked.push(port);
        }
    }
    Ok(picked)
}

/// 64 bits that differ from call to call and from process to process; not for secrets.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
