//! A strict reader of the text format of OpenMetrics 1.0, as far as counters, gauges and histograms go.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Exposition {
    pub(crate) families: BTreeMap<String, Family>,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    unit: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Exposition {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let body = text.strip_suffix("# EOF\n").ok_or("does not end with # EOF")?;
        let mut found = Self::default();
        let mut current: Option<String> = None;
        for line in body.split_terminator('\n') {
            let result = match line.strip_prefix("# ") {
                Some(comment) => found.descriptor(comment, &mut current),
                None => found.sample(line, current.as_deref()),
            };
            result.map_err(|why| format!("{why}: {line:?}"))?;
        }
        found.check()?;
        Ok(found)
    }

    fn descriptor(&mut self, comment: &str, current: &mut Option<String>) -> Result<(), String> {
        let mut words = comment.splitn(3, ' ');
        let (what, name, rest) = (words.next(), words.next(), words.next());
        let (what, name, rest) = match (what, name, rest) {
            (Some(what), Some(name), Some(rest)) if !rest.trim().is_empty() => (what, name, rest),
            _ => return Err("a descriptor of three parts is expected".into()),
        };
        is_name(name, true)?;
        if current.as_deref() != Some(name) {
            if self.families.contains_key(name) {
                return Err("a family comes in one piece".into());
            }
            *current = Some(name.to_owned());
            self.families.insert(name.to_owned(), Family::default());
        }
        if self
            .samples
            .iter()
            .any(|sample| self.family_of(&sample.name) == Some(name))
        {
            return Err("descriptors come before samples".into());
        }
        let family = self.families.get_mut(name).expect("just put");
        let before = match what {
            "HELP" => std::mem::replace(&mut family.help, unescape(rest)?),
            "TYPE" => std::mem::replace(&mut family.kind, rest.to_owned()),
            "UNIT" => family.unit.replace(rest.to_owned()).unwrap_or_default(),
            _ => return Err("HELP, TYPE or UNIT is expected".into()),
        };
        if before.is_empty() {
            Ok(())
        } else {
            Err("said twice".into())
        }
    }

    fn sample(&mut self, line: &str, current: Option<&str>) -> Result<(), String> {
        let end = line.find(['{', ' ']).ok_or("a value is expected")?;
        let (name, rest) = line.split_at(end);
        is_name(name, true)?;
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => read_labels(rest)?,
            None => (BTreeMap::new(), rest),
        };
        let value = rest.strip_prefix(' ').ok_or("one blank before the value is expected")?;
        if value.contains(' ') || value.is_empty() {
            return Err("nothing but a value is expected".into());
        }
        let value = match value {
            "+Inf" => f64::INFINITY,
            value => value.parse().map_err(|_| "no number")?,
        };
        let family = self.family_of(name).ok_or("no TYPE allows this name")?;
        if Some(family) != current {
            return Err("a sample in the midst of another family".into());
        }
        self.samples.push(Sample {
            name: name.to_owned(),
            labels,
            value,
        });
        Ok(())
    }

    fn family_of(&self, sample: &str) -> Option<&str> {
        let of = |name: &str, kinds: &[&str]| {
            let (name, family) = self.families.get_key_value(name)?;
            kinds.contains(&family.kind.as_str()).then_some(name.as_str())
        };
        let with = |suffix: &str, kind: &str| of(sample.strip_suffix(suffix)?, &[kind]);
        of(sample, &["gauge"])
            .or_else(|| with("_total", "counter"))
            .or_else(|| with("_bucket", "histogram"))
            .or_else(|| with("_sum", "histogram"))
            .or_else(|| with("_count", "histogram"))
    }

    fn check(&self) -> Result<(), String> {
        for (name, family) in &self.families {
            if family.kind.is_empty() || family.help.is_empty() {
                return Err(format!("{name}: TYPE and HELP are expected"));
            }
            if let Some(unit) = &family.unit
                && !name.ends_with(&format!("_{unit}"))
            {
                return Err(format!("{name}: does not end with its unit {unit}"));
            }
        }
        let mut series = BTreeSet::new();
        for sample in &self.samples {
            if !series.insert((&sample.name, &sample.labels)) {
                return Err(format!("twice: {sample:?}"));
            }
            let counts = sample.name.ends_with("_total") || sample.name.ends_with("_bucket");
            if counts && !(sample.value >= 0.0 && sample.value.is_finite()) {
                return Err(format!("no count: {sample:?}"));
            }
        }
        let histograms = self.families.iter().filter(|(_, family)| family.kind == "histogram");
        histograms
            .map(|(name, _)| name)
            .try_for_each(|name| self.check_histogram(name))
    }

    fn check_histogram(&self, name: &str) -> Result<(), String> {
        let counts = self.samples.iter().filter(|s| s.name == format!("{name}_count"));
        for count in counts {
            let buckets = self.samples.iter().filter(|sample| {
                let mut labels = sample.labels.clone();
                labels.remove("le");
                sample.name == format!("{name}_bucket") && labels == count.labels
            });
            let (mut last, mut most) = (f64::NEG_INFINITY, 0.0);
            for bucket in buckets {
                let le = bucket
                    .labels
                    .get("le")
                    .map(String::as_str)
                    .ok_or("a bucket without le")?;
                let le = if le == "+Inf" {
                    f64::INFINITY
                } else {
                    le.parse().map_err(|_| "le is no number")?
                };
                if le <= last || bucket.value < most {
                    return Err(format!("buckets do not grow: {bucket:?}"));
                }
                (last, most) = (le, bucket.value);
            }
            if last != f64::INFINITY || most != count.value {
                return Err(format!("the last bucket is not everything: {count:?}"));
            }
        }
        Ok(())
    }

    /// The one sample of this name that has these labels among its own.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let matches = |sample: &&Sample| {
            let has = |(label, value): &(&str, &str)| sample.labels.get(*label).is_some_and(|found| found == value);
            sample.name == name && labels.iter().all(has)
        };
        self.samples.iter().find(matches).map(|sample| sample.value)
    }

    /// Names that a query can ask for, each with the labels it has.
    pub(crate) fn names(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for sample in &self.samples {
            names
                .entry(&sample.name)
                .or_default()
                .extend(sample.labels.keys().map(String::as_str));
        }
        names
    }
}

fn is_name(name: &str, colon: bool) -> Result<(), String> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
    let good = name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit());
    if good {
        Ok(())
    } else {
        Err(format!("no name: {name:?}"))
    }
}

fn read_labels(mut rest: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    loop {
        let (name, after) = rest.split_once("=\"").ok_or("a label is expected")?;
        is_name(name, false)?;
        let mut escaped = false;
        let end = after.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (value, after) = after.split_at(end.ok_or("a label's value does not end")?);
        if labels.insert(name.to_owned(), unescape(value)?).is_some() {
            return Err("a label is there twice".into());
        }
        let after = &after[1..];
        if let Some(after) = after.strip_prefix('}') {
            return Ok((labels, after));
        }
        rest = after.strip_prefix(',').ok_or("a comma is expected")?;
    }
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some(c @ ('\\' | '"'))) => plain.push(c),
            ('\\', _) => return Err("an escape that is none".into()),
            (c, _) => plain.push(c),
        }
    }
    Ok(plain)
}

#[test]
fn the_reader_is_strict() {
    let good = "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n";
    let well = [
        "",
        good,
        "# HELP a A.\n# TYPE a counter\na_total{x=\"1\\\"\\\\\\n\"} 1\na_total{x=\"2\"} 1.5\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum 3.5\na_count 2\n",
        "# HELP a_seconds A.\n# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 0\n",
    ];
    for text in well {
        if let Err(error) = Exposition::parse(&format!("{text}# EOF\n")) {
            panic!("{error}");
        }
    }
    assert!(Exposition::parse(good).is_err(), "no end");
    let wrong = [
        "a 1\n",
        "# TYPE a gauge\na 1\n",
        "# HELP a A.\na 1\n",
        "# HELP a A.\n# TYPE a counter\na 1\n",
        "# HELP a A.\n# TYPE a counter\na_total -1\n",
        "# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
        "# HELP a A.\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n",
        "# HELP a A.\n# TYPE a gauge\na{x=\"\\q\"} 1\n",
        "# HELP a A.\n# TYPE a gauge\na{x=\"1} 1\n",
        "# HELP a A.\n# TYPE a gauge\na one\n",
        "# HELP a A.\n# TYPE a gauge\na 1 2 3\n",
        "# HELP a A.\n# TYPE a gauge\n# HELP b B.\n# TYPE b gauge\na 1\n",
        "# HELP a A.\n# TYPE a gauge\na 1\n# HELP b B.\n# TYPE b gauge\nb 1\n# HELP a A.\n",
        "# HELP a A.\n# TYPE a gauge\n# UNIT a seconds\na 1\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_sum 1\na_count 1\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1.0\"} 3\na_bucket{le=\"+Inf\"} 2\na_sum 1\na_count 2\n",
        "\n",
    ];
    for text in wrong {
        assert!(Exposition::parse(&format!("{text}# EOF\n")).is_err(), "{text}");
    }
}
