//! Where typed records are handed over to a bare engine, by one thread or by several.

use super::write::Session;
use super::{AddError, Record};
use crate::Ordinal;
use crate::schema::Schema;
use crate::write::{Adder, RecordList, TypeId, WriteError, WriteStateEngine};

/// Adds typed records to a write engine.
///
/// Lives as long as one cycle is being filled: it remembers ordinals of shared records (see
/// [`typed`](crate::typed#shared-records)).
///
/// ```
/// use hollow::typed::{Hollow, Mapper, Model};
/// use hollow::write::{WriteConfig, WriteStateEngine};
///
/// #[derive(Hollow)]
/// struct Movie { id: i64, title: String }
///
/// let mut engine = WriteStateEngine::new(WriteConfig::default());
/// Model::of::<Movie>()?.add_types(&mut engine)?;
/// let mut mapper = Mapper::new(&mut engine);
/// mapper.add(&Movie { id: 1, title: "The Salt Harbour".into() })?;
/// engine.set_next_tag(1);
/// let mut snapshot = Vec::new();
/// engine.write_snapshot(&mut snapshot)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Mapper<'e> {
    sink: Into<'e>,
    session: Session,
}

#[derive(Debug)]
enum Into<'e> {
    Engine(&'e mut WriteStateEngine),
    Adder(Box<Adder<'e>>),
}

impl<'e> Mapper<'e> {
    /// For this engine, whose types must be registered.
    pub fn new(engine: &'e mut WriteStateEngine) -> Self {
        Self {
            sink: Into::Engine(engine),
            session: Session::default(),
        }
    }

    /// For one of the threads that fill an engine together: each has a mapper of its own.
    ///
    /// ```
    /// # use hollow::typed::{AddError, Hollow, Mapper, Model};
    /// # use hollow::write::{WriteConfig, WriteStateEngine};
    /// # #[derive(Hollow)]
    /// # struct Movie { id: i64, title: String }
    /// # let movies: Vec<Movie> = (0..10).map(|id| Movie { id, title: "The Salt Harbour".into() }).collect();
    /// # let mut engine = WriteStateEngine::new(WriteConfig::default());
    /// # Model::of::<Movie>()?.add_types(&mut engine)?;
    /// engine.parallel(|adders| {
    ///     std::thread::scope(|scope| {
    ///         for part in movies.chunks(movies.len() / 2) {
    ///             scope.spawn(move || -> Result<(), AddError> {
    ///                 let mut mapper = Mapper::with_adder(adders.adder());
    ///                 part.iter().try_for_each(|movie| mapper.add(movie).map(drop))
    ///             });
    ///         }
    ///     });
    /// })?;
    /// # assert_eq!(engine.populated(engine.type_id("Movie").expect("registered")).len(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_adder(adder: Adder<'e>) -> Self {
        Self {
            sink: Into::Adder(Box::new(adder)),
            session: Session::default(),
        }
    }

    /// Adds a record with all it refers to, and gives its ordinal.
    ///
    /// # Errors
    /// [`AddError::Model`] if the type does not fit the engine's schemas, [`AddError::Write`] if a value cannot be
    /// stored. What was added before stays.
    pub fn add<T: Record>(&mut self, record: &T) -> Result<Ordinal, AddError> {
        match &mut self.sink {
            Into::Engine(engine) => self.session.add(*engine, record),
            Into::Adder(adder) => self.session.add(&mut **adder, record),
        }
    }

    /// Adds many records, each with all it refers to, and gives their ordinals in the same order. The outcome is that of
    /// adding one after the other, sooner: in a large dataset most of the time goes into waiting for memory, and here the
    /// waiting for one record is that for others as well. Threads that fill an engine together share tables, and go there
    /// once for many records.
    ///
    /// # Errors
    /// As [`Mapper::add`], of the first record that cannot be added; those before it are. (Where threads fill an engine
    /// together, others behind it may be.)
    ///
    /// ```
    /// # use hollow::typed::{Hollow, Mapper, Model};
    /// # use hollow::write::{WriteConfig, WriteStateEngine};
    /// # #[derive(Hollow)]
    /// # struct Movie { id: i64, title: String }
    /// # let mut engine = WriteStateEngine::new(WriteConfig::default());
    /// # Model::of::<Movie>()?.add_types(&mut engine)?;
    /// # let mut mapper = Mapper::new(&mut engine);
    /// let movies: Vec<Movie> = (0..10).map(|id| Movie { id, title: format!("Movie {id}") }).collect();
    /// assert_eq!(mapper.add_all(&movies)?.len(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_all<'t, T: Record>(
        &mut self,
        records: impl IntoIterator<Item = &'t T>,
    ) -> Result<Vec<Ordinal>, AddError> {
        match &mut self.sink {
            Into::Engine(engine) => self.session.add_all(*engine, records.into_iter()),
            Into::Adder(adder) => self.session.add_all(&mut **adder, records.into_iter()),
        }
    }
}

/// What takes the serialized records: an engine, or a thread's part of one.
pub(crate) trait RecordSink {
    /// The type of this name.
    fn type_id(&self, name: &str) -> Option<TypeId>;
    /// The schema of a type.
    fn schema(&self, ty: TypeId) -> &Schema;
    /// The ordinal of a record, an old one if it is known.
    fn add_record(&mut self, ty: TypeId, record: &[u8]) -> Result<Ordinal, WriteError>;

    /// How many records are best added at once.
    fn together(&self) -> usize;
    /// Appends the ordinals of several records; as adding one after the other.
    fn add_records(&mut self, ty: TypeId, records: &RecordList, ordinals: &mut Vec<Ordinal>) -> Result<(), WriteError>;
}

impl RecordSink for WriteStateEngine {
    fn type_id(&self, name: &str) -> Option<TypeId> {
        self.type_id(name)
    }

    fn schema(&self, ty: TypeId) -> &Schema {
        &self.dataset().schemas()[ty.index()]
    }

    #[inline]
    fn add_record(&mut self, ty: TypeId, record: &[u8]) -> Result<Ordinal, WriteError> {
        self.add_record(ty, record)
    }

    /// More are added in several goes, so that what was brought close still is when it is needed.
    fn together(&self) -> usize {
        64
    }

    fn add_records(&mut self, ty: TypeId, records: &RecordList, ordinals: &mut Vec<Ordinal>) -> Result<(), WriteError> {
        self.add_records(ty, records, ordinals)
    }
}

impl RecordSink for Adder<'_> {
    fn type_id(&self, name: &str) -> Option<TypeId> {
        self.type_id(name)
    }

    fn schema(&self, ty: TypeId) -> &Schema {
        self.schema_of(ty)
    }

    #[inline]
    fn add_record(&mut self, ty: TypeId, record: &[u8]) -> Result<Ordinal, WriteError> {
        self.add_record(ty, record)
    }

    /// Some for each part of a table, so that locking one costs little beside what is done with it.
    fn together(&self) -> usize {
        512
    }

    fn add_records(&mut self, ty: TypeId, records: &RecordList, ordinals: &mut Vec<Ordinal>) -> Result<(), WriteError> {
        self.add_records(ty, records, ordinals)
    }
}
