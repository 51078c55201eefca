//! How far each partition of a topic has been folded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The next offset to read, per partition. A partition that is not in it is read from its beginning.
///
/// Its text form, `0:123,1:456`, is what stands in the header tag `kafka.offsets`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets(BTreeMap<i32, i64>);

/// A text that is no list of offsets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected offsets as partition:offset,… such as 0:123,1:456, found={0:?}")]
pub struct OffsetsError(String);

impl Offsets {
    /// No partitions.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next offset to read of a partition.
    pub fn get(&self, partition: i32) -> Option<i64> {
        self.0.get(&partition).copied()
    }

    /// Sets the next offset to read of a partition.
    pub fn set(&mut self, partition: i32, offset: i64) {
        self.0.insert(partition, offset);
    }

    /// Partitions and their next offsets, by partition.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i64)> + '_ {
        self.0.iter().map(|(&partition, &offset)| (partition, offset))
    }

    /// How many partitions there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many offsets lie between an earlier list and this one. Offsets without a message count too.
    pub fn distance_from(&self, earlier: &Offsets) -> u64 {
        self.iter()
            .map(|(partition, offset)| {
                offset
                    .saturating_sub(earlier.get(partition).unwrap_or(0))
                    .max(0)
                    .cast_unsigned()
            })
            .fold(0, u64::saturating_add)
    }
}

impl FromIterator<(i32, i64)> for Offsets {
    fn from_iter<T: IntoIterator<Item = (i32, i64)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (partition, offset)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{partition}:{offset}")?;
        }
        Ok(())
    }
}

impl FromStr for Offsets {
    type Err = OffsetsError;

    fn from_str(text: &str) -> Result<Self, OffsetsError> {
        let wrong = || OffsetsError(text.chars().take(200).collect());
        let mut offsets = Self::new();
        for pair in text.split(',').filter(|_| !text.is_empty()) {
            let (partition, offset) = pair.split_once(':').ok_or_else(wrong)?;
            let partition: i32 = partition.parse().map_err(|_| wrong())?;
            let offset: i64 = offset.parse().map_err(|_| wrong())?;
            if partition < 0 || offset < 0 || offsets.0.insert(partition, offset).is_some() {
                return Err(wrong());
            }
        }
        Ok(offsets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back_and_nothing_else_does() {
        let offsets: Offsets = [(1, 456), (0, 123)].into_iter().collect();
        assert_eq!(offsets.to_string(), "0:123,1:456");
        assert_eq!("0:123,1:456".parse(), Ok(offsets));
        assert_eq!("".parse(), Ok(Offsets::new()));
        for text in [
            "0",
            "0:",
            ":1",
            "0:1,",
            ",",
            "0:-1",
            "-1:0",
            "0:1,0:2",
            "0:1;1:2",
            "0:99999999999999999999",
        ] {
            assert!(text.parse::<Offsets>().is_err(), "{text}");
        }
    }

    #[test]
    fn distance_counts_what_lies_between() {
        let earlier: Offsets = [(0, 10), (1, 5)].into_iter().collect();
        let later: Offsets = [(0, 12), (1, 5), (2, 3)].into_iter().collect();
        assert_eq!(later.distance_from(&earlier), 5);
        assert_eq!(earlier.distance_from(&later), 0);
    }
}
