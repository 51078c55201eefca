//! Certificates for servers of tests: an authority of its own, and a server on 127.0.0.1 that it vouches for.
//!
//! Made by `openssl`, which Debian has wherever it has `ca-certificates`. Nobody but a test trusts them, and they are gone
//! with its folder.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a certificate of a server says beside its name.
const SERVER: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n\
     keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n";
const CURVE: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/// Certificates in files of a folder, all in PEM.
#[derive(Clone, Debug)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Whether they can be made here, or in one line why not.
    ///
    /// # Errors
    /// The reason, for a person to read.
    pub fn available() -> Result<(), String> {
        run(&mut openssl(["version"])).map_err(|error| error.to_string())
    }

    /// Makes an authority, a key for a server, and a certificate for it, valid for a month.
    ///
    /// # Errors
    /// When `openssl` is missing or fails, or the folder cannot be written.
    pub fn make(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let this = Self {
            folder: folder.to_owned(),
        };
        let made = |name: &str| folder.join(name);
        let mut authority = request(&made("authority.key"), &this.authority(), "an authority of tests");
        authority.args(["-x509", "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE"]);
        authority.args(["-addext", "keyUsage=critical,keyCertSign"]);
        run(&mut authority)?;
        run(&mut request(&this.key(), &made("server.csr"), "a server of tests"))?;
        fs::write(made("server.ext"), SERVER)?;
        let mut sign = openssl(["x509", "-req", "-days", "30", "-CAcreateserial"]);
        sign.arg("-in").arg(made("server.csr"));
        sign.arg("-CA").arg(this.authority());
        sign.arg("-CAkey").arg(made("authority.key"));
        sign.arg("-extfile").arg(made("server.ext"));
        sign.arg("-out").arg(this.certificate());
        run(&mut sign)?;
        let both = [fs::read(this.key())?, fs::read(this.certificate())?].concat();
        fs::write(this.key_and_certificate(), both)?;
        Ok(this)
    }

    /// The authority's certificate: what a client must trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The server's key.
    pub fn key(&self) -> PathBuf {
        self.folder.join("server.key")
    }

    /// The server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// Both in one file, as brokers want them.
    pub fn key_and_certificate(&self) -> PathBuf {
        self.folder.join("server.both.pem")
    }
}

fn openssl<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments);
    command
}

/// A new key, and a request for a certificate, or with more arguments the certificate itself.
fn request(key: &Path, out: &Path, name: &str) -> Command {
    let mut command = openssl(["req"]);
    command.args(CURVE).args(["-subj", &format!("/CN={name}")]);
    command.arg("-keyout").arg(key).arg("-out").arg(out);
    command
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("`openssl` does not start, install it: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("`openssl` failed: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_vouches_for_the_server() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Certificates::make(&folder.path().join("certificates")).expect("openssl");
        let mut verify = openssl(["verify", "-verify_ip", "127.0.0.1", "-purpose", "sslserver"]);
        verify.arg("-CAfile").arg(made.authority()).arg(made.certificate());
        run(&mut verify).expect("trusted");
        let other = Certificates::make(&folder.path().join("others")).expect("openssl");
        let mut verify = openssl(["verify"]);
        verify.arg("-CAfile").arg(other.authority()).arg(made.certificate());
        assert!(run(&mut verify).is_err());
        let both = fs::read_to_string(made.key_and_certificate()).expect("read");
        assert!(both.contains("BEGIN PRIVATE KEY") && both.contains("BEGIN CERTIFICATE"));
    }
}
