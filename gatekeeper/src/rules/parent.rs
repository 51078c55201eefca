//! PARENT_MISSING and PARENT_NOT_LIVE: an episode is reached through its season, a season through its series.
//!
//! A series or season is live in a country while a window of its own, of a work above it or of one below it is open there
//! and its page is complete: title and synopsis in the required languages, and its own parent live. So a parent's window is
//! open whenever its child's is, and what is left to ask is whether the parent lacks a hard requirement. It is not required
//! that one of its children is live: that would be asked in a circle.

use super::{Finding, Question};
use crate::reason::{Code, Detail, Reason};

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    let policy = &question.required.policy;
    let mut not_live = Vec::new();
    for parent in question.video.parents {
        let Some(blocked) = parent.blocked else {
            let missing = question.among & policy.asked(Code::ParentMissing);
            if !missing.is_empty() {
                let detail = parent.id.map_or(Detail::None, Detail::Parent);
                let reason = Reason::new(Code::ParentMissing, detail);
                findings.push(Finding::lasting(reason, missing));
            }
            continue;
        };
        let asked = question.among & policy.asked(Code::ParentNotLive);
        not_live.extend(blocked.iter().map(|blocked| Finding {
            reason: Reason::new(Code::ParentNotLive, parent.id.map_or(Detail::None, Detail::Parent)),
            countries: blocked.countries & asked,
            clears_at: blocked.clears_at,
        }));
    }
    findings.extend(not_live.into_iter().filter(|finding| !finding.countries.is_empty()));
}
