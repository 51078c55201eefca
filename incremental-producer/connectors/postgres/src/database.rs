//! Connecting to the database, and being the only one who does something there.

use crate::config::DatabaseSettings;
use postgres::config::SslMode;
use postgres::{Client, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why the database did not do as it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// It cannot be reached, or lets nobody in.
    #[error("cannot connect to the database, host={host} port={port} name={name} user={user}")]
    Connect {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// Its name.
        name: String,
        /// Who tried.
        user: String,
        /// What went wrong.
        #[source]
        source: postgres::Error,
    },
    /// A statement failed.
    #[error("cannot {doing}")]
    Query {
        /// What it was to do.
        doing: &'static str,
        /// What the server said.
        #[source]
        source: postgres::Error,
    },
    /// The certificates to trust cannot be had.
    #[error("cannot read the certificates to trust, file={}: {reason}", path.as_deref().unwrap_or("the system's".as_ref()).display())]
    Certificates {
        /// Their file; none: the system's.
        path: Option<PathBuf>,
        /// What is wrong.
        reason: String,
    },
    /// The lock was lost, with the connection that held it or because somebody let go of it.
    #[error("another connector may be at work: the lock is gone, lock={lock:?}")]
    LockLost {
        /// The lock.
        lock: String,
    },
}

impl DatabaseError {
    /// Makes an error of a failed statement.
    pub fn query(doing: &'static str) -> impl FnOnce(postgres::Error) -> Self {
        move |source| Self::Query { doing, source }
    }

    /// Whether the statement itself is wrong, such as one that names no column of the table: it will not get better.
    pub fn is_of_the_statement(&self) -> bool {
        let Self::Query { source, .. } = self else { return false };
        // Classes 22, data, and 42, syntax and names.
        source
            .code()
            .is_some_and(|state| state.code().starts_with("42") || state.code().starts_with("22"))
    }
}

/// A database to connect to. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    config: postgres::Config,
    tls: Option<MakeRustlsConnect>,
    settings: DatabaseSettings,
}

impl Database {
    /// Reads the certificates. Nothing is connected.
    ///
    /// # Errors
    /// [`DatabaseError::Certificates`].
    pub fn new(settings: &DatabaseSettings) -> Result<Self, DatabaseError> {
        let mut config = postgres::Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .dbname(&settings.name)
            .user(&settings.user)
            .connect_timeout(Duration::from_secs(10))
            // A server that is gone without a word must not keep its lock for hours.
            .keepalives_idle(Duration::from_secs(15))
            .tcp_user_timeout(Duration::from_secs(30))
            .options("-c statement_timeout=5min -c idle_in_transaction_session_timeout=1min -c timezone=UTC")
            .ssl_mode(if settings.tls {
                SslMode::Require
            } else {
                SslMode::Disable
            });
        if let Some(password) = &settings.password {
            config.password(password.reveal());
        }
        let tls = settings.tls.then(|| tls(settings)).transpose()?;
        Ok(Self {
            config,
            tls,
            settings: settings.clone(),
        })
    }

    /// A connection, under this name in the server's list of sessions.
    ///
    /// # Errors
    /// [`DatabaseError::Connect`].
    pub fn connect(&self, name: &str) -> Result<Client, DatabaseError> {
        let mut config = self.config.clone();
        config.application_name(&format!("postgres-connector {name}"));
        let client = match &self.tls {
            Some(tls) => config.connect(tls.clone()),
            None => config.connect(NoTls),
        };
        client.map_err(|source| DatabaseError::Connect {
            host: self.settings.host.clone(),
            port: self.settings.port,
            name: self.settings.name.clone(),
            user: self.settings.user.clone(),
            source,
        })
    }
}

fn tls(settings: &DatabaseSettings) -> Result<MakeRustlsConnect, DatabaseError> {
    let failed = |reason: String| DatabaseError::Certificates {
        path: settings.ca_file.clone(),
        reason,
    };
    let mut roots = RootCertStore::empty();
    let found: Vec<CertificateDer<'static>> = match &settings.ca_file {
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| failed(error.to_string()))?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    // The system's list may hold some that are not understood.
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 {
        return Err(failed("there are none".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Tries to be the only one who does `lock`, for as long as the connection lives or until [`unlock`].
///
/// # Errors
/// [`DatabaseError::Query`].
pub fn try_lock(client: &mut Client, lock: &str) -> Result<bool, DatabaseError> {
    client
        .query_one("select pg_try_advisory_lock(hashtextextended($1, 0))", &[&lock])
        .map(|row| row.get(0))
        .map_err(DatabaseError::query("take the lock"))
}

/// Lets others do it.
///
/// # Errors
/// [`DatabaseError::Query`], and [`DatabaseError::LockLost`] if the lock was not held.
pub fn unlock(client: &mut Client, lock: &str) -> Result<(), DatabaseError> {
    let row = client
        .query_one("select pg_advisory_unlock(hashtextextended($1, 0))", &[&lock])
        .map_err(DatabaseError::query("let go of the lock"))?;
    if row.get::<_, bool>(0) {
        Ok(())
    } else {
        Err(DatabaseError::LockLost { lock: lock.to_owned() })
    }
}

/// An identifier, quoted. `a.b` names b in schema a.
pub(crate) fn quoted(name: &str) -> String {
    let part = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_cannot_end_their_quotes() {
        assert_eq!(quoted("public.titles"), r#""public"."titles""#);
        assert_eq!(quoted(r#"a" ; drop"#), r#""a"" ; drop""#);
    }
}
