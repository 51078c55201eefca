//! Reading a table by its key.

use super::range::{self, RangeError, has_the_same_order, part_text};
use crate::config::{DatasetConfig, SweepConfig};
use crate::database::{DatabaseError, quoted};
use incremental_producer::sweep::SweepRange;
use postgres::{Client, Row};

/// A table to read in chunks.
pub(super) struct Table {
    sql: String,
    range: Vec<Vec<String>>,
}

/// One row: key and record as JSON, its version if a column has one, and the place to go on after it.
pub(super) struct Read {
    pub(super) key: String,
    pub(super) record: Option<String>,
    pub(super) version: Option<i64>,
    pub(super) place: Vec<Option<String>>,
}

/// A chunk of rows, and when it was read, in epoch milliseconds.
pub(super) struct Chunk {
    pub(super) rows: Vec<Read>,
    pub(super) read_ms: i64,
}

/// Why a table cannot be read so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A column of the key is not there.
    #[error("the table has no such column, table={table} column={column}")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The range.
    #[error(transparent)]
    Range(#[from] RangeError),
}

impl Table {
    /// Looks the types of the key's columns up, and writes the query.
    pub(super) fn open(
        client: &mut Client,
        dataset: &DatasetConfig,
        sweep: &SweepConfig,
        range: &SweepRange,
    ) -> Result<Self, TableError> {
        let table = quoted(&sweep.table);
        let rows = client
            .query(
                "select attname::text, format_type(atttypid, atttypmod), attcollation <> 0 \
                 from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
                &[&table],
            )
            .map_err(DatabaseError::query("look at the table to sweep"))?;
        let mut columns = Vec::with_capacity(sweep.key.len());
        for column in &sweep.key {
            let found = rows.iter().find(|row| row.get::<_, &str>(0) == column);
            let found = found.ok_or_else(|| TableError::NoColumn {
                table: sweep.table.clone(),
                column: column.clone(),
            })?;
            let ty: String = found.get(1);
            if !range.is_everything() && !has_the_same_order(&ty) {
                let column = column.clone();
                return Err(RangeError::Order { column, ty }.into());
            }
            columns.push(Column {
                name: quoted(column),
                ty,
                is_text: found.get(2),
            });
        }
        range::check(range, columns.len())?;
        let mut ends = Vec::new();
        for end in [&range.from, &range.to] {
            let parts = end.iter().flatten().map(part_text);
            ends.push(parts.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self {
            sql: query(dataset, sweep, &table, &columns, range),
            range: ends,
        })
    }

    /// Reads the next rows, in a transaction of its own.
    pub(super) fn chunk(
        &self,
        client: &mut Client,
        after: Option<&[String]>,
        limit: i64,
    ) -> Result<Chunk, DatabaseError> {
        let mut read = || -> Result<Chunk, postgres::Error> {
            let mut transaction = client.build_transaction().read_only(true).start()?;
            let rows = transaction.query(&self.sql, &[&after, &self.range[0], &self.range[1], &limit])?;
            let time = transaction.query_one("select floor(extract(epoch from now()) * 1000)::bigint", &[])?;
            transaction.commit()?;
            Ok(Chunk {
                rows: rows.iter().map(read_row).collect(),
                read_ms: time.get(0),
            })
        };
        read().map_err(DatabaseError::query("read a chunk of the table"))
    }
}

struct Column {
    name: String,
    ty: String,
    is_text: bool,
}

fn read_row(row: &Row) -> Read {
    Read {
        key: row.get(0),
        record: row.get(1),
        version: row.get(2),
        place: row.get(3),
    }
}

/// `$1`: the place to go on after, or null; `$2` and `$3`: the range's ends; `$4`: how many rows.
fn query(dataset: &DatasetConfig, sweep: &SweepConfig, table: &str, columns: &[Column], range: &SweepRange) -> String {
    // The ends of a range mean the order of code points, which is that of the incremental producer. Without a range any order
    // will do, and the table's own has an index.
    let by_code_points = !range.is_everything();
    let ordered = |column: &Column| {
        let collation = if by_code_points && column.is_text {
            " collate \"C\""
        } else {
            ""
        };
        format!("t.{}{collation}", column.name)
    };
    let order = columns.iter().map(ordered).collect::<Vec<_>>().join(", ");
    let values = |parameter: &str| {
        let value = |(index, column): (usize, &Column)| format!("({parameter}::text[])[{}]::{}", index + 1, column.ty);
        columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
    };
    let compare = |operator: &str, parameter: &str| format!(" and ({order}) {operator} ({})", values(parameter));
    let mut wanted = String::new();
    if range.from.is_some() {
        wanted += &compare(">=", "$2");
    }
    if range.to.is_some() {
        wanted += &compare("<", "$3");
    }
    let names = columns.iter().map(|column| format!("t.{}", column.name));
    let texts = columns.iter().map(|column| format!("t.{}::text", column.name));
    let version = dataset
        .version_column
        .as_ref()
        .map_or("null".to_owned(), |column| format!("t.{}", quoted(column)));
    // All parameters are named whether or not they are needed: their types could not be told otherwise.
    format!(
        "select jsonb_build_array({key})::text, ({record})::text, ({version})::bigint, array[{place}]::text[] \
         from {table} t \
         where ($1::text[] is null or ({order}) > ({after})) \
           and ($2::text[] is not null and $3::text[] is not null){wanted} \
         order by {order} limit $4::bigint",
        key = names.collect::<Vec<_>>().join(", "),
        record = sweep.record,
        place = texts.collect::<Vec<_>>().join(", "),
        after = values("$1"),
    )
}
