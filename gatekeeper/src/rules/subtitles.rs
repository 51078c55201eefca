//! SUB_MISSING: neither subtitles nor main sound in a language that the country requires.

use super::audio::is_sound;
use super::cover::uncovered;
use super::{Finding, Question};
use crate::facts::{AssetFact, AssetKind};
use crate::reason::{Code, Detail};

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    for (need, countries) in &question.required.subtitles {
        let countries = *countries & question.among;
        if countries.is_empty() {
            continue;
        }
        let understood = |asset: &&AssetFact<'_>| {
            let is_subtitle = asset.kind == AssetKind::Subtitle && asset.satisfies.contains(need);
            is_subtitle || is_sound(asset, *need)
        };
        let candidates = question.video.assets.iter().filter(understood);
        let detail = |progress| Detail::Language(*need, progress);
        uncovered(Code::SubMissing, countries, candidates, detail, question.now, findings);
    }
}
