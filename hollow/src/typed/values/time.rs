//! Points in time: LONG fields of milliseconds since 1970-01-01T00:00Z.

use super::{declare_value, is_inline};
use crate::Ordinal;
use crate::record::KeyValue;
use crate::schema::FieldType;
use crate::typed::model::Holds;
use crate::typed::read::{At, Budget};
use crate::typed::write::{RecordBytes, Writer};
use crate::typed::{Field, ModelBuilder, ModelError, Naming, ReadError, Record, form};
use crate::write::WriteError;
use std::time::{Duration, SystemTime};

/// Milliseconds since 1970-01-01T00:00Z, negative before.
///
/// A LONG in the record; boxed, and as an element, a record of type `Date` as Java Hollow writes a `java.util.Date`.
/// Other libraries of time go through the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochMillis(pub i64);

/// Rounds towards the past; saturates.
impl From<SystemTime> for EpochMillis {
    fn from(time: SystemTime) -> Self {
        let millis = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => {
                let nanos = before.duration().as_nanos();
                i64::try_from(nanos.div_ceil(1_000_000)).map_or(-i64::MAX, |millis| -millis)
            }
        };
        Self(millis)
    }
}

impl EpochMillis {
    /// As the standard library has it; `None` if it is beyond what the platform knows.
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        match self.0 {
            0.. => SystemTime::UNIX_EPOCH.checked_add(distance),
            _ => SystemTime::UNIX_EPOCH.checked_sub(distance),
        }
    }
}

macro_rules! time {
    ($ty:ty, $to_millis:expr, $from_millis:expr) => {
        impl Record for $ty {
            type Ref<'s> = EpochMillis;

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                model.wrapper::<$ty>(naming.type_name.unwrap_or("Date"), "value", FieldType::Long)
            }

            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let to_millis: fn($ty) -> i64 = $to_millis;
                Record::write_record(&to_millis(*self), writer, plan)
            }

            fn view_record(at: At<'_>) -> EpochMillis {
                EpochMillis(<i64 as Record>::view_record(at))
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                <$ty as Field>::own(at, 0, budget)?.ok_or_else(|| at.null_error(0))
            }
        }

        impl Field for $ty {
            type View<'s> = EpochMillis;
            type Key<'k> = $ty;

            fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError> {
                declare_value::<$ty>(
                    model,
                    naming,
                    is_inline(FORM, form::INLINE),
                    FieldType::Long,
                    "Date",
                )
            }

            #[inline]
            fn write<const FORM: u8>(
                &self,
                writer: &mut Writer<'_>,
                record: &mut RecordBytes,
                field: usize,
            ) -> Result<(), WriteError> {
                let to_millis: fn($ty) -> i64 = $to_millis;
                Field::write::<FORM>(&to_millis(*self), writer, record, field)
            }

            #[inline]
            fn get(of: At<'_>, field: usize) -> Option<EpochMillis> {
                <i64 as Field>::get(of, field).map(EpochMillis)
            }

            #[inline]
            fn null(_: At<'_>, _: usize) -> EpochMillis {
                EpochMillis(0)
            }

            fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError> {
                let from_millis: fn(i64) -> Option<$ty> = $from_millis;
                match <i64 as Field>::own(of, field, budget)? {
                    None => Ok(None),
                    Some(millis) => match from_millis(millis) {
                        Some(time) => Ok(Some(time)),
                        None => Err(of.range_error(field, stringify!($ty), millis)),
                    },
                }
            }

            fn push_key(&self, parts: &mut Vec<KeyValue>) {
                let to_millis: fn($ty) -> i64 = $to_millis;
                parts.push(KeyValue::Long(to_millis(*self)));
            }
        }
    };
}
time!(EpochMillis, |time| time.0, |millis| Some(EpochMillis(millis)));
time!(SystemTime, |time| EpochMillis::from(time).0, |millis| EpochMillis(
    millis
)
.to_system_time());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_and_after_the_epoch() {
        let at = |millis: i64| EpochMillis(millis).to_system_time().unwrap();
        assert_eq!(EpochMillis::from(at(1_500_000_000_123)), EpochMillis(1_500_000_000_123));
        assert_eq!(EpochMillis::from(at(-1)), EpochMillis(-1));
        // A part of a millisecond goes towards the past on both sides.
        assert_eq!(EpochMillis::from(at(5) + Duration::from_nanos(999_999)), EpochMillis(5));
        assert_eq!(
            EpochMillis::from(at(-5) + Duration::from_nanos(999_999)),
            EpochMillis(-5)
        );
    }
}
