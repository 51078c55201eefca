//! A second listener of a broker, which speaks TLS and asks for a password.

use super::layout::{Cluster, Layout};
use super::{KafkaError, ports};
use crate::certificates::Certificates;
use std::path::PathBuf;

/// A user of the secured listener.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password. Letters and digits only: it stands in Java's own notation.
    pub password: String,
}

/// The listener.
#[derive(Debug)]
pub(super) struct Secured {
    port: u16,
    certificates: Certificates,
    /// What the format tool is told besides: the user as one who logs in with SCRAM.
    pub(super) format: Vec<String>,
    /// What the broker is told besides.
    pub(super) properties: Vec<(String, String)>,
}

impl Secured {
    /// Picks a port and makes certificates. For clusters of one broker.
    pub(super) fn prepare(layout: &Layout, cluster: &Cluster, user: &User) -> Result<Self, KafkaError> {
        let listener = cluster.listeners.first().copied().unwrap_or_default();
        let taken = [listener.port, listener.controller_port];
        let port = ports::pick(1, &taken)?.first().copied().unwrap_or_default();
        let folder = layout.dir.join("certificates");
        let certificates =
            Certificates::make(&folder).map_err(|source| KafkaError::io("make certificates in", &folder, source))?;
        let (plain, controller) = (listener.port, listener.controller_port);
        let (name, password) = (&user.name, &user.password);
        let advertised = format!("PLAINTEXT://127.0.0.1:{plain},SECURED://127.0.0.1:{port}");
        let plain_login = "org.apache.kafka.common.security.plain.PlainLoginModule";
        let scram_login = "org.apache.kafka.common.security.scram.ScramLoginModule";
        let keys = certificates.key_and_certificate().display().to_string();
        let properties = [
            ("listeners", format!("{advertised},CONTROLLER://127.0.0.1:{controller}")),
            ("advertised.listeners", advertised.clone()),
            (
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL".to_owned(),
            ),
            (
                "listener.name.secured.sasl.enabled.mechanisms",
                "PLAIN,SCRAM-SHA-512".to_owned(),
            ),
            (
                "listener.name.secured.plain.sasl.jaas.config",
                format!("{plain_login} required user_{name}=\"{password}\";"),
            ),
            (
                "listener.name.secured.scram-sha-512.sasl.jaas.config",
                format!("{scram_login} required;"),
            ),
            ("listener.name.secured.ssl.keystore.type", "PEM".to_owned()),
            ("listener.name.secured.ssl.keystore.location", keys),
        ];
        Ok(Self {
            port,
            certificates,
            format: vec![
                "--add-scram".to_owned(),
                format!("SCRAM-SHA-512=[name={name},password={password}]"),
            ],
            properties: properties.map(|(name, value)| (name.to_owned(), value)).into(),
        })
    }

    pub(super) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.certificates.authority()
    }
}
