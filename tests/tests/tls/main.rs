//! TLS and passwords on real parts: what the configuration says reaches the clients, what is wrong is said clearly, and no
//! secret stands in any log.

#![allow(unreachable_pub, reason = "a test program has no public interface")]

mod kafka;
mod s3;

/// A password nobody else has: where it is found, it leaked.
const PASSWORD: &str = "canary7f3aQ91secret";

/// An error if a secret is shown.
fn must_not_tell(said: &str, secret: &str) -> anyhow::Result<()> {
    anyhow::ensure!(!said.contains(secret), "a secret is shown: {said}");
    Ok(())
}
