//! Names of fields and variants in the cases of other languages.

use syn::{Error, LitStr};

/// A way to write a name of several words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Camel,
    Pascal,
    Snake,
    ScreamingSnake,
    Kebab,
}

impl Case {
    pub(crate) fn parse(text: &LitStr) -> syn::Result<Self> {
        Ok(match text.value().as_str() {
            "lowercase" => Case::Lower,
            "UPPERCASE" => Case::Upper,
            "camelCase" => Case::Camel,
            "PascalCase" => Case::Pascal,
            "snake_case" => Case::Snake,
            "SCREAMING_SNAKE_CASE" => Case::ScreamingSnake,
            "kebab-case" => Case::Kebab,
            _ => {
                let what = "expected one of lowercase, UPPERCASE, camelCase, PascalCase, snake_case, \
                            SCREAMING_SNAKE_CASE, kebab-case";
                return Err(Error::new(text.span(), what));
            }
        })
    }

    /// The name in this case, whichever case it has.
    pub(crate) fn apply(self, name: &str) -> String {
        let words = words(name);
        let capital = |word: &String| {
            let mut chars = word.chars();
            chars
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        };
        match self {
            Case::Lower => words.concat(),
            Case::Upper => words.concat().to_uppercase(),
            Case::Pascal => words.iter().map(capital).collect(),
            Case::Camel => {
                let rest: String = words.iter().skip(1).map(capital).collect();
                words.first().cloned().unwrap_or_default() + &rest
            }
            Case::Snake => words.join("_"),
            Case::ScreamingSnake => words.join("_").to_uppercase(),
            Case::Kebab => words.join("-"),
        }
    }
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' {
            begins = true;
            continue;
        }
        begins |= c.is_uppercase() && was_lower;
        was_lower = !c.is_uppercase();
        match words.last_mut() {
            Some(word) if !begins => word.extend(c.to_lowercase()),
            _ => words.push(c.to_lowercase().collect()),
        }
        begins = false;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_fields_and_variants() {
        assert_eq!(Case::Camel.apply("release_year"), "releaseYear");
        assert_eq!(Case::ScreamingSnake.apply("LimitedSeries"), "LIMITED_SERIES");
        assert_eq!(Case::Snake.apply("LimitedSeries2"), "limited_series2");
        assert_eq!(Case::Kebab.apply("LimitedSeries"), "limited-series");
        assert_eq!(Case::Pascal.apply("release_year"), "ReleaseYear");
        assert_eq!(Case::Upper.apply("Movie"), "MOVIE");
        assert_eq!(Case::Lower.apply("LimitedSeries"), "limitedseries");
    }
}
