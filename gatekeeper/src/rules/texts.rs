//! TITLE_TEXT_MISSING and SYNOPSIS_MISSING: no title, or no released synopsis, in a language that the country requires.
//!
//! A title counts whether or not its text is released: it is the work's name. A synopsis is prose, which an editor must have
//! released.

use super::{Finding, Question};
use crate::facts::TextFact;
use crate::reason::{Code, Detail, Reason};

pub(super) fn check_titles(question: &Question<'_>, findings: &mut Vec<Finding>) {
    for (need, countries) in &question.required.titles {
        let missing = *countries & question.among;
        let fits = |text: &TextFact<'_>| text.has_title && text.satisfies.contains(need);
        if missing.is_empty() || question.video.texts.iter().any(fits) {
            continue;
        }
        let reason = Reason::new(Code::TitleTextMissing, Detail::Language(*need, None));
        findings.push(Finding::lasting(reason, missing));
    }
}

pub(super) fn check_synopses(question: &Question<'_>, findings: &mut Vec<Finding>) {
    for (need, countries) in &question.required.synopses {
        let missing = *countries & question.among;
        if missing.is_empty() {
            continue;
        }
        let fits = |text: &&TextFact<'_>| text.has_synopsis && text.satisfies.contains(need);
        let mut fitting = question.video.texts.iter().filter(fits).peekable();
        let detail = if fitting.peek().is_none() {
            Detail::Language(*need, None)
        } else if fitting.any(|text| text.released) {
            continue;
        } else {
            Detail::Unreleased(*need)
        };
        let reason = Reason::new(Code::SynopsisMissing, detail);
        findings.push(Finding::lasting(reason, missing));
    }
}
