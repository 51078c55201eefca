//! SERVICE_UNAVAILABLE: the service does not exist in the country.

use super::{Finding, Question};
use crate::country_set::CountrySet;
use crate::reason::{Code, Detail, Reason};
use crate::requirements::Requirements;

/// The countries in which nothing can be live, whatever is known about a video.
pub fn closed(required: &Requirements) -> CountrySet {
    (required.countries.all() - required.service) & required.policy.hard(Code::ServiceUnavailable)
}

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    let required = question.required;
    let missing = (question.among - required.service) & required.policy.asked(Code::ServiceUnavailable);
    if !missing.is_empty() {
        let reason = Reason::new(Code::ServiceUnavailable, Detail::None);
        findings.push(Finding::lasting(reason, missing));
    }
}
