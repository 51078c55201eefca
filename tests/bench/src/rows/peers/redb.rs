//! redb: a B-tree in Rust, records as bytes under integer keys.

use super::{Peer, decode_both, decode_int, encode};
use crate::data::d2::Flat;
use redb::{Database, ReadOnlyTable, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use std::path::{Path, PathBuf};

const FLATS: TableDefinition<'_, i64, &[u8]> = TableDefinition::new("flats");

struct Redb {
    table: ReadOnlyTable<i64, &'static [u8]>,
    file: PathBuf,
    _database: Database,
}

pub(super) fn build(mut records: Vec<Flat>, directory: &Path) -> anyhow::Result<Box<dyn Peer>> {
    let file = directory.join("redb");
    let database = Database::create(&file)?;
    records.sort_unstable_by_key(|flat| flat.id);
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(FLATS)?;
        let mut bytes = Vec::new();
        for flat in &records {
            encode(flat, &mut bytes);
            table.insert(flat.id, bytes.as_slice())?;
        }
    }
    transaction.commit()?;
    let table = database.begin_read()?.open_table(FLATS)?;
    Ok(Box::new(Redb {
        table,
        file,
        _database: database,
    }))
}

impl Peer for Redb {
    fn int(&self, key: i64) -> Option<i32> {
        decode_int(self.table.get(key).ok()??.value())
    }

    fn int_and_length(&self, key: i64) -> Option<(i32, usize)> {
        decode_both(self.table.get(key).ok()??.value())
    }

    fn scan(&self) -> i64 {
        let Ok(entries) = self.table.iter() else { return 0 };
        let values = entries.filter_map(|entry| decode_int(entry.ok()?.1.value()));
        values.map(i64::from).sum()
    }

    fn file_bytes(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |file| file.len())
    }
}
