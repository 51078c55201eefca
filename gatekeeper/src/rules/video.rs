//! VIDEO_NOT_READY: no picture that may be used in the country.

use super::cover::uncovered;
use super::{Finding, Question};
use crate::facts::AssetKind;
use crate::reason::{Code, Detail};

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    let required = question.among & question.required.policy.asked(Code::VideoNotReady);
    let candidates = question
        .video
        .assets
        .iter()
        .filter(|asset| asset.kind == AssetKind::Video);
    uncovered(
        Code::VideoNotReady,
        required,
        candidates,
        Detail::Delivery,
        question.now,
        findings,
    );
}
