//! A dataset over a topic of its own: where it is published, its configuration, its process.

use super::log::SCHEMA;
use anyhow::{Context, Result, ensure};
use hollow::store::{S3Credentials, S3Settings, S3Store, Store};
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::harness::topics::Admin;
use tests::harness::{Program, wait_for};
use xtask::s3::S3Server;

/// The bucket that tests use.
pub const BUCKET: &str = "items";

/// Where a dataset is published.
#[derive(Clone, Debug)]
pub enum Place {
    /// A directory within the rig's own.
    Directory,
    /// A prefix of a bucket, named after the topic.
    S3 {
        /// Where the program finds the server.
        program: String,
        /// Where the verifier does.
        verifier: String,
    },
}

impl Place {
    pub fn s3(server: &S3Server) -> Self {
        let endpoint = server.endpoint();
        Self::S3 {
            program: endpoint.clone(),
            verifier: endpoint,
        }
    }
}

/// A dataset and all that belongs to it.
pub struct Rig {
    directory: tempfile::TempDir,
    topic: String,
    servers: String,
    place: Place,
    /// How much a cycle may read: little makes many versions.
    pub messages_per_cycle: u32,
    /// So many that the verifier, which looks at every one, is not left behind.
    pub keep_versions: u32,
}

impl Rig {
    /// Makes the topics and an empty place to publish to.
    pub fn new(servers: &str, topic: &str, partitions: i32, place: Place) -> Result<Self> {
        let admin = Admin::new(servers)?;
        admin.create(topic, partitions)?;
        admin.create(&format!("{topic}.dlq"), 1)?;
        Ok(Self {
            directory: tempfile::tempdir()?,
            topic: topic.to_owned(),
            servers: servers.to_owned(),
            place,
            messages_per_cycle: 60,
            keep_versions: 300,
        })
    }

    pub fn servers(&self) -> &str {
        &self.servers
    }

    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// A directory for anything.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The directory of the store, if it is in one.
    pub fn store_directory(&self) -> Option<PathBuf> {
        match self.place {
            Place::Directory => Some(self.directory.path().join("store")),
            Place::S3 { .. } => None,
        }
    }

    fn location(&self) -> String {
        match &self.place {
            Place::Directory => "store".to_owned(),
            Place::S3 { program, .. } => format!(
                "s3://{BUCKET}/{}?endpoint={program}&connect-timeout=2&read-timeout=5&attempt-timeout=10\
                 &operation-timeout=30",
                self.topic
            ),
        }
    }

    /// The store, for those who look at it from outside.
    pub fn store(&self) -> Result<Store> {
        match &self.place {
            Place::Directory => Ok(Store::fs(self.directory.path().join("store"))?),
            Place::S3 { verifier, .. } => {
                let mut settings = S3Settings::new(BUCKET, self.topic.as_str());
                settings.endpoint = Some(verifier.clone());
                let (access_key, secret_key) = S3Server::OWNER;
                settings.credentials = S3Credentials::Static {
                    access_key: access_key.into(),
                    secret_key: secret_key.into(),
                    session_token: None,
                };
                Ok(S3Store::open(settings)?.into())
            }
        }
    }

    /// Writes the configuration: many small versions, snapshots often, old versions cleaned up.
    pub fn configure(&self) -> Result<PathBuf> {
        let text = format!(
            r#"
            [[dataset]]
            name = "items"
            root = "Item"
            schema = """{SCHEMA}"""
            topic = "{}"
            store = "{}"
            bootstrap_servers = "{}"
            max_messages_per_cycle = {}
            cadence = "40ms"
            snapshot_every = 3
            keep_versions = {}
            republish_after = "200ms"
            # A log with more messages that mean nothing than any that is real.
            dead_letters = {{ most_share = "50%", most_in_a_row = 1000 }}
            "#,
            self.topic,
            self.location(),
            self.servers,
            self.messages_per_cycle,
            self.keep_versions,
        );
        let path = self.directory.path().join("producer.toml");
        // Another producer may be reading it.
        if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            std::fs::write(&path, text)?;
        }
        Ok(path)
    }

    /// The command that runs the producer.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_producer-under-test"));
        command.args(["run", "--config"]).arg(self.configure()?);
        let (access_key, secret_key) = S3Server::OWNER;
        command
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_SECRET_ACCESS_KEY", secret_key)
            .env("RUST_LOG", "info,incremental_producer::service::fold=error")
            .env("NO_COLOR", "1")
            .env("TMPDIR", self.directory.path());
        Ok(command)
    }

    /// Starts a producer; its output goes to files of this name.
    pub fn start(&self, name: &str, environment: &[(&str, &str)]) -> Result<Program> {
        let mut command = self.command()?;
        command.envs(environment.iter().copied());
        Program::start(&mut command, self.directory.path(), name)
    }

    /// What the dead letters say where they come from.
    pub fn set_aside(&self) -> Result<Vec<(i32, i64)>> {
        let letters = Admin::new(&self.servers)?.read(&format!("{}.dlq", self.topic))?;
        let place = |letter: &tests::harness::topics::Lying| {
            let header = |name: &str| {
                letter
                    .headers
                    .get(name)
                    .with_context(|| format!("no {name}: {letter:?}"))
            };
            ensure!(*header("source-topic")? == self.topic, "{letter:?}");
            Ok((header("source-partition")?.parse()?, header("source-offset")?.parse()?))
        };
        letters.iter().map(place).collect()
    }
}

/// Tells a producer to stop, and waits until it has, in good order.
pub fn stop(mut producer: Program) -> Result<()> {
    producer.must_run()?;
    producer.terminate()?;
    let finished = producer.wait(tests::harness::PATIENCE)?;
    ensure!(finished.status.success(), "it did not end well: {finished}");
    Ok(())
}

/// The end of what a program said.
pub fn last_lines(said: &str) -> String {
    const LINES: usize = 12;
    let skipped = said.lines().count().saturating_sub(LINES);
    said.lines().skip(skipped).map(|line| format!("\n  {line}")).collect()
}

/// Waits until something is so, while a producer runs.
pub fn wait_while_running<T>(
    producer: &mut Program,
    what: &str,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    wait_for(what, || {
        producer.must_run()?;
        ask()
    })
    .with_context(|| format!("the producer said:{}", last_lines(&producer.said().unwrap_or_default())))
}
