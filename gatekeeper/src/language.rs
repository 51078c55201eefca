//! Which language tags satisfy which required ones.
//!
//! Tags are BCP 47, compared without regard to case. A delivery in `es-419` satisfies the requirement `es-419`. Whether one
//! in `es` does (general for regional), or one in `en-GB` satisfies `en` (regional for general), is the policy's choice. In
//! both directions only regions and variants are left off, as in RFC 4647 lookup, but never a script: `zh` does not satisfy
//! `zh-Hant`, because its readers cannot be assumed to read either script. Two regional forms never stand in for each other.

use std::collections::HashMap;

/// The tag for sound without language. It satisfies every requirement: nobody needs a dub of silence.
pub const NO_DIALOGUE: &str = "zxx";

/// Which of the two substitutions are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substitution {
    /// `es` satisfies the requirement `es-419`.
    pub general_for_regional: bool,
    /// `en-GB` satisfies the requirement `en`.
    pub regional_for_general: bool,
}

/// A required language: its rank among all required languages of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Need(pub u32);

/// The required languages, and which tags satisfy them.
#[derive(Debug, Clone)]
pub struct Needs {
    tags: Vec<Box<str>>,
    substitution: Substitution,
    exact: HashMap<String, Vec<Need>>,
    /// By every general form of a required tag.
    by_general: HashMap<String, Vec<Need>>,
}

impl Needs {
    /// The table of these tags; repeated tags count once.
    pub fn new<'a>(tags: impl IntoIterator<Item = &'a str>, substitution: Substitution) -> Self {
        let mut tags: Vec<Box<str>> = tags.into_iter().map(Into::into).collect();
        tags.sort_unstable();
        tags.dedup();
        let (mut exact, mut by_general): (HashMap<String, Vec<Need>>, HashMap<String, Vec<Need>>) = Default::default();
        for (rank, tag) in tags.iter().enumerate() {
            let need = Need(rank as u32);
            let folded = tag.to_ascii_lowercase();
            for general in generalisations(&folded) {
                by_general.entry(general.to_owned()).or_default().push(need);
            }
            exact.entry(folded).or_default().push(need);
        }
        Needs {
            tags,
            substitution,
            exact,
            by_general,
        }
    }

    /// The tag of a required language, as the country's record writes it.
    pub fn tag(&self, need: Need) -> &str {
        self.tags.get(need.0 as usize).map_or("", |tag| tag)
    }

    /// The required language with this tag.
    pub fn find(&self, tag: &str) -> Option<Need> {
        let rank = self.tags.binary_search_by(|known| (**known).cmp(tag)).ok()?;
        Some(Need(rank as u32))
    }

    /// The required languages that something in the language `tag` satisfies, ascending.
    pub fn satisfied_by(&self, tag: &str) -> Vec<Need> {
        let folded = tag.to_ascii_lowercase();
        let mut needs = self.exact.get(&folded).cloned().unwrap_or_default();
        if self.substitution.general_for_regional {
            needs.extend(self.by_general.get(&folded).into_iter().flatten());
        }
        if self.substitution.regional_for_general {
            needs.extend(
                generalisations(&folded)
                    .filter_map(|general| self.exact.get(general))
                    .flatten(),
            );
        }
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}

/// The tag with ever more of its end left off, down to its script or else its language: `a-hant-tw` gives `a-hant`.
fn generalisations(tag: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(tag);
    std::iter::from_fn(move || {
        let current = rest.take()?;
        let (shorter, dropped) = current.rsplit_once('-')?;
        let is_script = dropped.len() == 4 && dropped.bytes().all(|b| b.is_ascii_alphabetic());
        if is_script {
            return None;
        }
        rest = Some(shorter);
        rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Substitution = Substitution {
        general_for_regional: true,
        regional_for_general: true,
    };
    const NEITHER: Substitution = Substitution {
        general_for_regional: false,
        regional_for_general: false,
    };

    fn satisfied(needs: &[&str], substitution: Substitution, tag: &str) -> Vec<String> {
        let needs = Needs::new(needs.iter().copied(), substitution);
        let satisfied = needs.satisfied_by(tag);
        satisfied.into_iter().map(|need| needs.tag(need).to_owned()).collect()
    }

    #[test]
    fn the_same_tag_satisfies_whatever_its_case() {
        assert_eq!(satisfied(&["es-419", "de"], NEITHER, "ES-419"), ["es-419"]);
        assert_eq!(satisfied(&["es-419"], NEITHER, "es"), [""; 0]);
        assert_eq!(satisfied(&["es-419"], NEITHER, ""), [""; 0]);
    }

    #[test]
    fn the_general_form_satisfies_if_the_policy_says_so() {
        let general = Substitution {
            regional_for_general: false,
            ..BOTH
        };
        assert_eq!(
            satisfied(&["es", "es-419", "es-ES"], general, "es"),
            ["es", "es-419", "es-ES"]
        );
        assert_eq!(satisfied(&["es", "es-419", "es-ES"], general, "es-419"), ["es-419"]);
    }

    #[test]
    fn a_regional_form_satisfies_the_general_one_if_the_policy_says_so() {
        let regional = Substitution {
            general_for_regional: false,
            ..BOTH
        };
        assert_eq!(satisfied(&["en", "en-US"], regional, "en-GB"), ["en"]);
        assert_eq!(satisfied(&["en", "en-US"], regional, "en"), ["en"]);
    }

    #[test]
    fn regional_forms_do_not_stand_in_for_each_other() {
        assert_eq!(satisfied(&["pt-BR"], BOTH, "pt-PT"), [""; 0]);
    }

    #[test]
    fn a_script_is_never_left_off() {
        assert_eq!(satisfied(&["zh-Hant", "zh-Hans"], BOTH, "zh"), [""; 0]);
        assert_eq!(satisfied(&["zh"], BOTH, "zh-Hant"), [""; 0]);
        assert_eq!(satisfied(&["zh-Hant", "zh"], BOTH, "zh-Hant-TW"), ["zh-Hant"]);
        assert_eq!(satisfied(&["zh-Hant-TW"], BOTH, "zh-Hant"), ["zh-Hant-TW"]);
    }
}
