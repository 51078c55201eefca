//! LMDB: a mapped B-tree, records as bytes under integer keys.

use super::{Peer, decode_both, decode_int, encode};
use crate::data::d2::Flat;
use lmdb::{
    Cursor as _, Database, DatabaseFlags, Environment, EnvironmentFlags, RoTransaction, Transaction as _, WriteFlags,
};
use std::path::{Path, PathBuf};

struct Lmdb {
    environment: Environment,
    database: Database,
    file: PathBuf,
}

pub(super) fn build(mut records: Vec<Flat>, directory: &Path) -> anyhow::Result<Box<dyn Peer>> {
    let environment = Environment::new()
        .set_flags(EnvironmentFlags::NO_SYNC)
        .set_map_size((64 << 20) + records.len() * 256)
        .open(directory)?;
    let database = environment.create_db(None, DatabaseFlags::INTEGER_KEY)?;
    records.sort_unstable_by_key(|flat| flat.id);
    let mut transaction = environment.begin_rw_txn()?;
    let mut bytes = Vec::new();
    for flat in &records {
        encode(flat, &mut bytes);
        transaction.put(database, &flat.id.to_ne_bytes(), &bytes, WriteFlags::APPEND)?;
    }
    transaction.commit()?;
    let file = directory.join("data.mdb");
    Ok(Box::new(Lmdb {
        environment,
        database,
        file,
    }))
}

impl Lmdb {
    /// One transaction for each look-up: as in a program that always wants the newest version.
    fn get<T>(&self, key: i64, take: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
        let transaction: RoTransaction<'_> = self.environment.begin_ro_txn().ok()?;
        take(transaction.get(self.database, &key.to_ne_bytes()).ok()?)
    }
}

impl Peer for Lmdb {
    fn int(&self, key: i64) -> Option<i32> {
        self.get(key, decode_int)
    }

    fn int_and_length(&self, key: i64) -> Option<(i32, usize)> {
        self.get(key, decode_both)
    }

    fn scan(&self) -> i64 {
        let Ok(transaction) = self.environment.begin_ro_txn() else {
            return 0;
        };
        let Ok(mut cursor) = transaction.open_ro_cursor(self.database) else {
            return 0;
        };
        let values = cursor.iter().filter_map(|entry| decode_int(entry.ok()?.1));
        values.map(i64::from).sum()
    }

    fn file_bytes(&self) -> u64 {
        // The file is as long as what was written, whatever the size of the map.
        std::fs::metadata(&self.file).map_or(0, |file| file.len())
    }
}
