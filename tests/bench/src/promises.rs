//! Figures to reach that are not ratios to the other side: of two rows of ours, or of one alone.

use crate::compare::Measured;

/// A line for each figure whose rows were measured, with whether it is reached.
pub(crate) fn lines(rows: &[Measured]) -> Vec<String> {
    let mut lines = Vec::new();
    for one in rows.iter().filter(|row| row.id == "W1") {
        let two = find(rows, "W2", &one.data, Some(one.n));
        let ratio = two.and_then(|two| Some(one.ours?.wall / two.ours?.wall));
        let what = format!("W2 {}: two threads populate faster than one, by wall time", one.data);
        lines.extend(ratio.map(|ratio| judged(&what, ratio, "x", "at least", 1.7, ratio >= 1.7)));
    }
    let cycle = |n| find(rows, "W9-default", "D2", Some(n)).and_then(|row| Some(row.ours?.median));
    if let (Some(large), Some(small)) = (cycle(10_000_000), cycle(100_000)) {
        let ratio = large / small;
        let what = "W9: a cycle of 10 changes among 10 000 000 records by one among 100 000";
        lines.push(judged(what, ratio, "x", "at most", 3.0, ratio <= 3.0));
    }
    let alone = |id| find(rows, id, "", None).and_then(|row| Some(row.ours?.median));
    if let Some(ms) = alone("R2") {
        let what = "R2: a snapshot opened in mapped mode and a field of it read";
        lines.push(judged(what, ms, " ms", "below", 5.0, ms < 5.0));
    }
    if let (Some(quiet), Some(busy)) = (alone("R6-alone-longest"), alone("R6-deltas-longest")) {
        lines.push(format!(
            "R6: the longest 256 look-ups take {busy:.2} ms of CPU during deltas, {quiet:.2} ms alone"
        ));
    }
    if let Some(factor) = alone("H100") {
        let what = "H100: 100 states held by one and the content of the deltas";
        lines.push(judged(what, factor, "x", "at most", 1.3, factor <= 1.3));
    }
    lines
}

fn judged(what: &str, value: f64, unit: &str, relation: &str, figure: f64, reached: bool) -> String {
    let mark = if reached { '✓' } else { '✗' };
    format!("{what}: {value:.2}{unit} ({relation} {figure:.1}{unit} {mark})")
}

/// The first row of this kind; of any data set and any size if none is said.
fn find<'r>(rows: &'r [Measured], id: &str, data: &str, n: Option<u32>) -> Option<&'r Measured> {
    rows.iter()
        .find(|row| row.id == id && (data.is_empty() || row.data == data) && n.is_none_or(|n| row.n == n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Unit;
    use crate::summary::Summary;

    fn row(id: &str, data: &str, n: u32, value: f64) -> Measured {
        let ours = Summary {
            median: value,
            min: value,
            max: value,
            wall: value,
        };
        Measured {
            id: id.to_owned(),
            title: String::new(),
            data: data.to_owned(),
            n,
            unit: Unit::Ms,
            target: None,
            java: None,
            ours: Some(ours),
            problem: None,
            failed: false,
            java_samples: Vec::new(),
            our_samples: Vec::new(),
        }
    }

    fn marks(rows: &[Measured]) -> String {
        lines(rows)
            .iter()
            .flat_map(|line| line.chars().filter(|c| "✓✗".contains(*c)))
            .collect()
    }

    #[test]
    fn figures_are_judged_by_the_rows_they_are_made_of() {
        assert_eq!(lines(&[row("W1", "D1", 5, 100.0), row("W2", "D2", 5, 50.0)]), [""; 0]);
        assert_eq!(marks(&[row("W1", "D1", 5, 100.0), row("W2", "D1", 5, 50.0)]), "✓");
        assert_eq!(marks(&[row("W1", "D1", 5, 100.0), row("W2", "D1", 5, 70.0)]), "✗");
        let curve = |small, large| {
            let small = row("W9-default", "D2", 100_000, small);
            marks(&[small, row("W9-default", "D2", 10_000_000, large)])
        };
        assert_eq!((curve(1.0, 2.9), curve(1.0, 3.1)), ("✓".to_owned(), "✗".to_owned()));
        assert_eq!(
            marks(&[row("R2", "D2", 1, 4.9)]) + &marks(&[row("R2", "D2", 1, 5.0)]),
            "✓✗"
        );
        assert_eq!(
            marks(&[row("H100", "D1", 1, 1.3)]) + &marks(&[row("H100", "D1", 1, 1.31)]),
            "✓✗"
        );
        let longest = [
            row("R6-alone-longest", "D2", 1, 0.1),
            row("R6-deltas-longest", "D2", 1, 0.2),
        ];
        assert_eq!((lines(&longest).len(), marks(&longest)), (1, String::new()));
    }
}
