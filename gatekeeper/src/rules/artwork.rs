//! ARTWORK_MISSING: no picture to show beside the title, neither the video's own nor one of its season or series.

use super::cover::uncovered;
use super::{Finding, Question};
use crate::facts::AssetKind;
use crate::reason::{Code, Detail};

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    let required = question.among & question.required.policy.asked(Code::ArtworkMissing);
    let candidates = question
        .video
        .assets
        .iter()
        .filter(|asset| asset.kind == AssetKind::Artwork);
    uncovered(
        Code::ArtworkMissing,
        required,
        candidates,
        Detail::Delivery,
        question.now,
        findings,
    );
}
