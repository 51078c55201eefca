//! A person's word that a refused candidate is to be published all the same.

use super::Producer;
use crate::store::{Receipt, Sha256};

/// Overrules validators, for one content. What else they refuse stays refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Names the candidate that was refused.
    pub candidate: String,
    /// Its digest ([`Manifest::change_digest`](crate::store::Manifest::change_digest)). A cycle with another one is not
    /// what was accepted.
    pub digest: Sha256,
    /// The validators that are overruled.
    pub validators: Vec<String>,
    /// Who accepted it.
    pub by: String,
}

/// The name under which receipts speak of acceptances.
const RECEIPT: &str = "acceptance";

impl Acceptance {
    /// Marks what is overruled. What does not fit is told as a refusal of its own.
    pub(super) fn apply(&self, digest: Sha256, receipts: &mut Vec<Receipt>) {
        let is_named = |receipt: &Receipt| self.validators.contains(&receipt.validator);
        let others: Vec<&str> = receipts
            .iter()
            .filter(|receipt| !receipt.passed && !is_named(receipt))
            .map(|receipt| receipt.validator.as_str())
            .collect();
        let reason = if digest != self.digest {
            Some(format!(
                "candidate={} was accepted, and this is something else: digest expected={} found={digest}",
                self.candidate, self.digest
            ))
        } else if !others.is_empty() {
            let named = self.validators.join(", ");
            Some(format!(
                "candidate={} was accepted though refused by {named}; now it is refused by {} too",
                self.candidate,
                others.join(", ")
            ))
        } else {
            None
        };
        if let Some(details) = reason {
            receipts.push(Receipt {
                validator: RECEIPT.to_owned(),
                passed: false,
                details,
                waived: None,
            });
            return;
        }
        for receipt in receipts.iter_mut().filter(|receipt| !receipt.passed) {
            receipt.waived = Some(format!("by {}, who accepted candidate={}", self.by, self.candidate));
        }
    }
}

impl Producer {
    /// Lets the next cycle publish what a validator refuses, if it comes to just what was accepted. Whatever comes of that
    /// cycle, the one after it is judged as ever.
    pub fn accept_next(&mut self, acceptance: Acceptance) {
        self.acceptance = Some(acceptance);
    }
}
