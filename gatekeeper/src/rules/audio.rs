//! AUDIO_MISSING: no main sound in a language that the country requires, of every work or of works for children.

use super::cover::uncovered;
use super::{Finding, Question};
use crate::facts::AssetKind;
use crate::reason::{Code, Detail};

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    let required = question.required;
    let languages = if question.video.for_children {
        &required.audio_kids
    } else {
        &required.audio
    };
    for (need, countries) in languages {
        let countries = *countries & question.among;
        if countries.is_empty() {
            continue;
        }
        let sound = |asset: &&_| is_sound(asset, *need);
        let candidates = question.video.assets.iter().filter(sound);
        let detail = |progress| Detail::Language(*need, progress);
        uncovered(
            Code::AudioMissing,
            countries,
            candidates,
            detail,
            question.now,
            findings,
        );
    }
}

/// Whether a delivery is sound that satisfies the need, or sound without language.
pub(super) fn is_sound(asset: &crate::facts::AssetFact<'_>, need: crate::language::Need) -> bool {
    asset.kind == AssetKind::Audio && (asset.silent || asset.satisfies.contains(&need))
}
