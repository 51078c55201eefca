//! Whose certificates a store's server may have.

use super::settings::invalid;
use crate::store::StoreError;
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;

/// More than all authorities of the world need.
const MOST_BYTES: u64 = 4 << 20;

/// Trusts the certificates of a file and no others; without one those that the machine trusts.
///
/// # Errors
/// [`StoreError::Invalid`] if the file is not there, or is not what it must be.
pub(super) fn context(ca_file: Option<&Path>) -> Result<TlsContext, StoreError> {
    let Some(path) = ca_file else {
        return Ok(TlsContext::default());
    };
    let refused = |problem: String| {
        let shown = format!("{problem}: {}", path.display());
        invalid("ca-file", "a file of certificates in PEM", shown)
    };
    let length = std::fs::metadata(path)
        .map_err(|error| refused(error.to_string()))?
        .len();
    if length > MOST_BYTES {
        return Err(refused(format!("{length} bytes")));
    }
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    // Looked at here, since the client takes what it is given for good and panics over anything else.
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refused("no certificate".to_owned()));
    }
    let trusted = TrustStore::empty().with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(trusted).build();
    context.map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_certificates_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        assert!(context(None).is_ok());
        let refused = |path: &Path| {
            let error = context(Some(path)).expect_err("refused");
            assert!(matches!(error, StoreError::Invalid { what: "ca-file", .. }), "{error}");
        };
        refused(&path);
        refused(directory.path());
        for text in [
            "",
            "letters",
            "-----BEGIN CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            std::fs::write(&path, text).expect("written");
            refused(&path);
        }
    }
}
