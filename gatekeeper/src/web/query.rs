//! Parameters of pages. What is not understood is refused by name, never ignored.

use super::error::PageError;
use crate::country_set::{Countries, CountryIndex};
use crate::reason::Code;
use crate::status::Status;
use std::fmt::Write as _;

/// The parameters of a request, in order.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

/// How the answer is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Html,
    Json,
}

impl Query {
    /// Takes the pairs of a request. An empty value is as good as none, as forms send them.
    pub(crate) fn new(pairs: Vec<(String, String)>, known: &[&str]) -> Result<Self, PageError> {
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        for (index, (name, _)) in pairs.iter().enumerate() {
            if name != "format" && !known.contains(&name.as_str()) {
                return Err(PageError::parameter(name, "no such parameter on this page"));
            }
            if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(PageError::parameter(name, "given twice"));
            }
        }
        Ok(Query { pairs })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn format(&self) -> Result<Format, PageError> {
        match self.get("format") {
            None | Some("html") => Ok(Format::Html),
            Some("json") => Ok(Format::Json),
            Some(_) => Err(PageError::parameter("format", "html or json")),
        }
    }

    pub(crate) fn status(&self, name: &str) -> Result<Option<Status>, PageError> {
        let names = || Status::ALL.map(Status::name).join(", ");
        let parse = |text: &str| {
            let status = Status::from_name(&text.to_ascii_uppercase());
            status.ok_or_else(|| PageError::parameter(name, &format!("one of {}", names())))
        };
        self.get(name).map(parse).transpose()
    }

    pub(crate) fn reason(&self, name: &str) -> Result<Option<Code>, PageError> {
        let names = || Code::ALL.map(Code::name).join(", ");
        let parse = |text: &str| {
            let code = Code::from_name(&text.to_ascii_uppercase());
            code.ok_or_else(|| PageError::parameter(name, &format!("one of {}", names())))
        };
        self.get(name).map(parse).transpose()
    }

    pub(crate) fn country(&self, name: &str, countries: &Countries) -> Result<Option<CountryIndex>, PageError> {
        let parse = |text: &str| {
            let index = countries.index(&text.to_ascii_uppercase());
            index.ok_or_else(|| PageError::parameter(name, "the code of a country in this dataset, such as KR"))
        };
        self.get(name).map(parse).transpose()
    }

    pub(crate) fn page(&self) -> Result<usize, PageError> {
        let number = self.get("page").map_or(Ok(1), str::parse);
        let number = number.ok().filter(|number| (1..=1_000_000).contains(number));
        number.ok_or_else(|| PageError::parameter("page", "a number from 1"))
    }
}

/// A link: a path and parameters, escaped for URLs.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    text: String,
    separator: char,
}

impl Link {
    pub(crate) fn to(path: impl Into<String>) -> Self {
        Link {
            text: path.into(),
            separator: '?',
        }
    }

    /// Adds a parameter, if it has a value.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if value.is_empty() {
            return self;
        }
        self.text.push(self.separator);
        self.separator = '&';
        self.text.push_str(name);
        self.text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                self.text.push(char::from(byte));
            } else {
                let _ = write!(self.text, "%{byte:02X}");
            }
        }
        self
    }

    pub(crate) fn build(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Result<Query, PageError> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Query::new(pairs.collect(), &["q", "status", "page"])
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused_by_name() {
        for pairs in [&[("colour", "red")][..], &[("q", "a"), ("q", "b")]] {
            let error = query(pairs).expect_err("refused").to_string();
            assert!(error.contains(pairs[0].0), "{error}");
        }
        assert!(query(&[("colour", "")]).is_ok(), "an empty field of a form is none");
    }

    #[test]
    fn values_are_checked() {
        let status = |text| query(&[("status", text)]).and_then(|query| query.status("status"));
        assert_eq!(status("blocked").ok(), Some(Some(Status::Blocked)));
        assert!(status("broken").is_err());
        for bad in ["0", "-1", "x", "99999999999999999999"] {
            assert!(query(&[("page", bad)]).and_then(|query| query.page()).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_escape_what_they_are_given() {
        let link = Link::to("/prod/titles")
            .with("q", "a b&c=\"<é")
            .with("status", "")
            .with("page", "2");
        assert_eq!(link.build(), "/prod/titles?q=a%20b%26c%3D%22%3C%C3%A9&page=2");
    }
}
