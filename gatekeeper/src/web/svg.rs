//! The only place that makes markup: bars, from numbers.

use crate::status::Status;
use crate::view::StatusCounts;
use askama::filters::HtmlSafe;
use std::fmt::{self, Write as _};

/// Markup that needs no escaping because nothing but numbers and our own words went into it.
#[derive(Clone, Debug)]
pub(crate) struct Svg(String);

impl HtmlSafe for Svg {}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The class of a status in the stylesheet.
pub(crate) fn class(status: Status) -> &'static str {
    match status {
        Status::Blocked => "block",
        Status::AtRisk => "risk",
        Status::InProgress => "prep",
        Status::Ready => "sched",
        Status::LiveWithGaps => "live gap",
        Status::Live => "live",
        Status::Ended => "ended",
        Status::NotLicensed => "none",
    }
}

/// From good to absent, as bars show them.
const ORDER: [Status; 8] = [
    Status::Live,
    Status::LiveWithGaps,
    Status::Ready,
    Status::InProgress,
    Status::AtRisk,
    Status::Blocked,
    Status::Ended,
    Status::NotLicensed,
];

/// What a bar says, in words: `live 6, scheduled 142`.
pub(crate) fn words(counts: &StatusCounts) -> String {
    let there = ORDER.into_iter().filter(|status| counts[*status as usize] > 0);
    let word = |status: Status| {
        let label = status.label().to_lowercase();
        format!("{label} {}", super::format::number(counts[status as usize]))
    };
    there.map(word).collect::<Vec<_>>().join(", ")
}

/// A bar whose parts are the shares of the statuses.
pub(crate) fn segments(counts: &StatusCounts, large: bool) -> Svg {
    let words = words(counts);
    let size = if large { "seg lg" } else { "seg" };
    // In lists the numbers stand beside the bar: saying them a third time only makes pages heavy.
    let title = if large {
        format!("<title>{words}</title>")
    } else {
        String::new()
    };
    let mut svg = format!(
        "<svg class=\"{size}\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{words}\">{title}"
    );
    parts(&mut svg, counts);
    svg.push_str("</svg>");
    Svg(svg)
}

fn parts(svg: &mut String, counts: &StatusCounts) {
    let total: u64 = counts.iter().sum();
    let mut x = 0.0;
    for status in ORDER {
        let count = counts[status as usize];
        if count > 0 && total > 0 {
            let width = count as f64 / total as f64 * 100.0;
            let class = class(status).split(' ').next().unwrap_or_default();
            // A hair of space between the parts, but never less than something to see.
            let shown = (width - 0.25).max(0.4);
            let _ = write!(
                svg,
                "<rect class=\"f-{class}\" x=\"{x:.2}\" width=\"{shown:.2}\" height=\"8\"/>"
            );
            x += width;
        }
    }
}

/// A small bar of what has a window, to stand beside the same facts in numbers.
pub(crate) fn licensed(counts: &StatusCounts) -> Svg {
    let mut licensed = *counts;
    licensed[Status::Ended as usize] = 0;
    licensed[Status::NotLicensed as usize] = 0;
    let mut svg =
        String::from("<svg class=\"seg\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    parts(&mut svg, &licensed);
    svg.push_str("</svg>");
    Svg(svg)
}

/// A bar that is filled to `part` of `whole`.
pub(crate) fn meter(part: u64, whole: u64, class: &'static str) -> Svg {
    let width = if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    };
    Svg(format!(
        "<svg class=\"seg\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"f-none\" width=\"100\" height=\"8\"/><rect class=\"f-{class}\" width=\"{width:.2}\" height=\"8\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_a_part_for_each_status_that_occurs_and_says_so() {
        let mut counts = StatusCounts::default();
        counts[Status::Live as usize] = 3;
        counts[Status::Blocked as usize] = 1;
        let svg = segments(&counts, false).to_string();
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains("aria-label=\"live 3, blocked 1\""), "{svg}");
        assert!(svg.contains("class=\"f-block\" x=\"75.00\" width=\"24.75\""), "{svg}");
        assert_eq!(
            segments(&StatusCounts::default(), true)
                .to_string()
                .matches("<rect")
                .count(),
            0
        );
        assert!(meter(1, 0, "block").to_string().contains("width=\"0.00\""));
    }

    #[test]
    fn every_status_has_a_place_in_a_bar() {
        for status in Status::ALL {
            assert!(ORDER.contains(&status), "{status}");
        }
    }
}
