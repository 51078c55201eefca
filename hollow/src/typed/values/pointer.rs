//! `Option`: null or a value. `Box` and `Arc`: as what they point to; what an `Arc` points to is added once a cycle.

use crate::Ordinal;
use crate::record::KeyValue;
use crate::typed::key::{FieldNamed, NoKey};
use crate::typed::model::Holds;
use crate::typed::read::{At, Budget};
use crate::typed::write::{RecordBytes, Writer};
use crate::typed::{Field, ModelBuilder, ModelError, Naming, ReadError, Record};
use crate::write::WriteError;
use std::sync::Arc;

impl<T: Field> Field for Option<T> {
    type View<'s> = Option<T::View<'s>>;
    type Key<'k> = NoKey;
    const OPTIONAL: bool = true;

    fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError> {
        T::declare::<FORM>(model, naming)
    }

    #[inline]
    fn write<const FORM: u8>(
        &self,
        writer: &mut Writer<'_>,
        record: &mut RecordBytes,
        field: usize,
    ) -> Result<(), WriteError> {
        match self {
            Some(value) => value.write::<FORM>(writer, record, field),
            None => {
                T::write_null::<FORM>(record);
                Ok(())
            }
        }
    }

    #[inline]
    fn write_null<const FORM: u8>(record: &mut RecordBytes) {
        T::write_null::<FORM>(record);
    }

    #[inline]
    fn get(of: At<'_>, field: usize) -> Option<Self::View<'_>> {
        Some(T::get(of, field))
    }

    #[inline]
    fn null(_: At<'_>, _: usize) -> Self::View<'_> {
        None
    }

    fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError> {
        T::own(of, field, budget).map(Some)
    }
}

macro_rules! pointer {
    ($pointer:ident, [$($bound:tt)*], remembered = $remembered:expr, $write:expr) => {
        impl<T: Record $($bound)*> Record for $pointer<T> {
            type Ref<'s> = T::Ref<'s>;
            const IS_REMEMBERED: bool = $remembered;

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                <T as Record>::declare_record(model, naming)
            }

            #[inline]
            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let write: fn(&Self, &mut Writer<'_>, usize) -> Result<Ordinal, WriteError> = $write;
                write(self, writer, plan)
            }

            fn view_record(at: At<'_>) -> T::Ref<'_> {
                T::view_record(at)
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                <T as Record>::own_record(at, budget).map($pointer::new)
            }
        }

        impl<T: Record $($bound)*> Field for $pointer<T> {
            type View<'s> = T::View<'s>;
            type Key<'k> = T::Key<'k>;

            fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError> {
                <T as Field>::declare::<FORM>(model, naming)
            }

            #[inline]
            fn write<const FORM: u8>(
                &self,
                writer: &mut Writer<'_>,
                record: &mut RecordBytes,
                field: usize,
            ) -> Result<(), WriteError> {
                if writer.target(record, field) == usize::MAX {
                    return Field::write::<FORM>(&**self, writer, record, field); // in the record itself
                }
                writer.reference(self, record, field)
            }

            #[inline]
            fn write_null<const FORM: u8>(record: &mut RecordBytes) {
                T::write_null::<FORM>(record);
            }

            #[inline]
            fn get(of: At<'_>, field: usize) -> Option<T::View<'_>> {
                T::get(of, field)
            }

            #[inline]
            fn null(of: At<'_>, field: usize) -> T::View<'_> {
                T::null(of, field)
            }

            fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError> {
                Ok(<T as Field>::own(of, field, budget)?.map($pointer::new))
            }

            fn push_key(&self, parts: &mut Vec<KeyValue>) {
                (**self).push_key(parts);
            }
        }

        impl<T: FieldNamed<NAME>, const NAME: u64> FieldNamed<NAME> for $pointer<T> {
            type Type = T::Type;
            const NAME_IN_SCHEMA: &'static str = T::NAME_IN_SCHEMA;

            fn field(&self) -> &T::Type {
                (**self).field()
            }
        }
    };
}
pointer!(Box, [], remembered = T::IS_REMEMBERED, |pointer, writer, plan| {
    Record::write_record(&**pointer, writer, plan)
});
pointer!(Arc, [+ Send + Sync], remembered = true, |pointer, writer, plan| {
    writer.shared(plan, pointer, |writer| Record::write_record(&**pointer, writer, plan))
});
