//! A part of a whole.

use std::fmt;
use std::str::FromStr;

/// A share, in parts of a million: `10%`, `0.1%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

const WHOLE: u32 = 1_000_000;

impl Share {
    /// So many parts of a million; all of it, if that is more.
    pub const fn of_a_million(parts: u32) -> Self {
        Self(if parts > WHOLE { WHOLE } else { parts })
    }

    /// How many may stand beside `others`, and be no more than this share of all.
    pub(crate) fn most_beside(self, others: u64) -> u64 {
        match WHOLE - self.0 {
            0 => u64::MAX,
            rest => {
                let most = u128::from(others) * u128::from(self.0) / u128::from(rest);
                u64::try_from(most).unwrap_or(u64::MAX)
            }
        }
    }

    /// Whether `part` of `whole` is no more than this.
    pub fn allows(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) <= u128::from(whole) * u128::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 10_000.0)
    }
}

impl FromStr for Share {
    type Err = ();

    /// Digits with at most four behind a point, and a percent sign.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_suffix('%').ok_or(())?;
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 3 || part.len() > 4 {
            return Err(());
        }
        let whole: u32 = whole.parse().map_err(|_| ())?;
        let part: u32 = format!("{part:0<4}").parse().map_err(|_| ())?;
        match whole * 10_000 + part {
            parts if parts <= WHOLE => Ok(Self(parts)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        for (text, shown) in [
            ("10%", "10%"),
            ("0.1%", "0.1%"),
            ("100%", "100%"),
            ("0%", "0%"),
            ("12.3450%", "12.345%"),
        ] {
            assert_eq!(text.parse::<Share>().expect(text).to_string(), shown);
        }
        for text in [
            "", "%", "10", "-1%", "101%", "100.1%", "1.%", ".5%", "1.00001%", "1e2%", " 1%", "0001%",
        ] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
        let tenth: Share = "10%".parse().expect("a share");
        assert!(tenth.allows(1, 10) && !tenth.allows(2, 19) && tenth.allows(0, 0) && !tenth.allows(1, 0));
        assert_eq!((tenth.most_beside(9), tenth.most_beside(89)), (1, 9));
        assert_eq!(Share::of_a_million(u32::MAX).most_beside(0), u64::MAX);
        assert!(Share::of_a_million(u32::MAX).allows(u64::MAX, u64::MAX));
    }
}
