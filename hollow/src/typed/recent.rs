//! Ordinals of small records that were added in this cycle already, by their bytes.
//!
//! A key of a map, a country, a rating: a few bytes, the same few values over and over. Each type has a small table in
//! which a record finds its ordinal without going to the engine's own, whose memory is far away. A type whose records are
//! seldom the same again stops asking.

use crate::Ordinal;

/// The most bytes of a record that is worth it.
const MAX_BYTES: usize = 23;
/// Records remembered of a type.
const PLACES: usize = 1024;
/// After so many questions it is decided whether they are worth asking.
const TRIAL: u32 = 4096;

/// A record's bytes, and behind them their number.
type Bytes = [u64; 3];

#[derive(Clone, Copy, Debug)]
struct Place {
    record: Bytes,
    generation: u32,
    ordinal: Option<Ordinal>,
}

#[derive(Debug, Default)]
struct OfType {
    places: Vec<Place>,
    asked: u32,
    found: u32,
    gave_up: bool,
}

/// Small records of all types.
#[derive(Debug, Default)]
pub(super) struct Recent {
    types: Vec<OfType>,
    generation: u32,
}

/// Where a record that was not found is to be put.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vacancy {
    record: Bytes,
    at: usize,
}

impl Recent {
    /// The ordinal of a record; or where to put it, if the record is one to remember.
    #[inline]
    pub(super) fn find(&mut self, plan: usize, record: &[u8]) -> Result<Ordinal, Option<Vacancy>> {
        if record.len() > MAX_BYTES {
            return Err(None);
        }
        if self.types.len() <= plan {
            self.types.resize_with(plan + 1, OfType::default);
        }
        let of_type = &mut self.types[plan];
        if of_type.gave_up {
            return Err(None);
        }
        let record = padded(record);
        let at = place_of(&record);
        of_type.asked += 1;
        match of_type.places.get(at) {
            Some(place) if place.record == record && place.generation == self.generation => {
                if let Some(ordinal) = place.ordinal {
                    of_type.found += 1;
                    return Ok(ordinal);
                }
            }
            _ => {}
        }
        if of_type.asked >= TRIAL {
            of_type.gave_up = of_type.found < of_type.asked / 4;
            (of_type.asked, of_type.found) = (0, 0);
            if of_type.gave_up {
                of_type.places = Vec::new();
                return Err(None);
            }
        }
        Err(Some(Vacancy { record, at }))
    }

    /// Remembers a record.
    #[inline]
    pub(super) fn put(&mut self, plan: usize, vacancy: Vacancy, ordinal: Ordinal) {
        let Some(of_type) = self.types.get_mut(plan).filter(|of_type| !of_type.gave_up) else {
            return;
        };
        if of_type.places.is_empty() {
            let nothing = Place {
                record: [0; 3],
                generation: 0,
                ordinal: None,
            };
            of_type.places.resize(PLACES, nothing);
        }
        of_type.places[vacancy.at] = Place {
            record: vacancy.record,
            generation: self.generation,
            ordinal: Some(ordinal),
        };
    }

    pub(super) fn clear(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.types.clear(); // what is left from so long ago must not look new
        }
    }
}

#[inline]
fn padded(record: &[u8]) -> Bytes {
    let mut bytes = [0u8; 24];
    bytes[..record.len()].copy_from_slice(record);
    bytes[MAX_BYTES] = record.len() as u8;
    let (words, _) = bytes.as_chunks::<8>();
    [0, 1, 2].map(|at| u64::from_le_bytes(words[at]))
}

#[inline]
fn place_of(record: &Bytes) -> usize {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = (record[0] ^ record[1].rotate_left(23) ^ record[2].rotate_left(41)).wrapping_mul(ODD);
    (mixed >> 54) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinal(number: u32) -> Ordinal {
        Ordinal::new(number).unwrap()
    }

    fn remember(recent: &mut Recent, plan: usize, record: &[u8], number: u32) {
        if let Err(Some(vacancy)) = recent.find(plan, record) {
            recent.put(plan, vacancy, ordinal(number));
        }
    }

    #[test]
    fn a_record_is_its_bytes_and_their_number_and_its_type() {
        let mut recent = Recent::default();
        for (number, record) in [&b""[..], b"\0", b"\0\0", b"DE", b"DE\0", &[1; 22], &[1; 23]]
            .into_iter()
            .enumerate()
        {
            assert!(recent.find(1, record).is_err());
            remember(&mut recent, 1, record, number as u32);
            assert_eq!(recent.find(1, record).ok(), Some(ordinal(number as u32)));
            assert!(recent.find(0, record).is_err());
        }
        assert!(matches!(recent.find(1, &[1; 24]), Err(None)));
        recent.clear();
        assert!(recent.find(1, b"DE").is_err());
    }

    #[test]
    fn a_type_whose_records_do_not_come_back_stops_asking() {
        let mut recent = Recent::default();
        for number in 0..TRIAL {
            remember(&mut recent, 0, &number.to_le_bytes(), number);
            remember(&mut recent, 1, &[(number % 7) as u8], number % 7);
        }
        assert!(matches!(recent.find(0, b"again"), Err(None)));
        assert_eq!(recent.find(1, &[3]).ok(), Some(ordinal(3)));
    }
}
