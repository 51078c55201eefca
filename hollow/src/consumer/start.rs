//! The first state of a process: rather an old one than none.

use super::{Consumer, RefreshError};

/// How many versions before the announced one are tried if that one cannot be loaded.
const OLDER: usize = 3;

impl Consumer {
    pub(super) fn start(&self) -> Result<(), RefreshError> {
        let Err(error) = self.refresh() else {
            return Ok(());
        };
        let found = match &error {
            RefreshError::Load { version, .. } | RefreshError::Guarded { version, .. } => {
                self.notes().pinned.is_none() && self.load_older(*version)
            }
            _ => false,
        };
        if found || self.load_cached() {
            Ok(())
        } else {
            Err(error)
        }
    }

    fn load_older(&self, than: crate::Version) -> bool {
        let Ok(links) = self.chain(OLDER + 1) else {
            return false;
        };
        let older = links
            .into_iter()
            .map(|link| link.version)
            .filter(|&version| version < than);
        older.into_iter().any(|version| self.refresh_to(version).is_ok())
    }

    fn load_cached(&self) -> bool {
        let Some((cache, last)) = self.cache.as_ref().and_then(|cache| Some((cache, cache.last()?))) else {
            return false;
        };
        let Ok(state) = self.load_indexed(&cache.alone(), &last.route, None) else {
            return false;
        };
        self.work().cached = Some((last.version, last.route));
        self.notes().confirmed_at = Some(last.saved_at);
        self.put_in_force(None, state, true);
        true
    }
}
