//! A producer that folds through a broker's listener with TLS and passwords.

use crate::{PASSWORD, must_not_tell};
use anyhow::{Context, Result, ensure};
use hollow::record::{KeyValue, Value};
use hollow::store::Store;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::Config;
use incremental_producer::emit::Emitter;
use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::harness::topics::Admin;
use tests::harness::{PATIENCE, Program, wait_for};
use xtask::certificates::Certificates;
use xtask::kafka::{Kafka, StartOptions, User};
use xtask::skip;

const USER: &str = "folder";

/// Whether the client has TLS; a client without says so as soon as it is made.
fn has_tls() -> Result<(), String> {
    let made: Result<BaseConsumer, _> = ClientConfig::new().set("security.protocol", "SSL").create();
    made.map(drop)
        .map_err(|error| format!("{error}; built with `--features tests/tls` (libssl-dev) the client has TLS"))
}

/// A broker with a secured listener; none when the test must be skipped, which is then said.
fn start(what: &str) -> Result<Option<Kafka>> {
    if let Err(reason) = has_tls().and_then(|()| Certificates::available()) {
        skip::skip(what, &reason);
        return Ok(None);
    }
    let options = StartOptions {
        secured_for: Some(User {
            name: USER.to_owned(),
            password: PASSWORD.to_owned(),
        }),
        ..StartOptions::default()
    };
    Ok(Kafka::start_or_skip(what, options)?)
}

/// A dataset over a topic of its own.
struct World {
    directory: tempfile::TempDir,
    name: &'static str,
    servers: String,
    mechanism: &'static str,
    password: String,
    authority: PathBuf,
}

impl World {
    fn new(kafka: &Kafka, name: &'static str) -> Result<Self> {
        let (servers, authority) = kafka.secured().context("a secured listener")?;
        let admin = Admin::new(kafka.bootstrap())?;
        admin.create(name, 2)?;
        admin.create(&format!("{name}.dlq"), 1)?;
        Ok(Self {
            directory: tempfile::tempdir()?,
            name,
            servers,
            mechanism: "PLAIN",
            password: PASSWORD.to_owned(),
            authority,
        })
    }

    fn config(&self) -> Result<PathBuf> {
        let text = format!(
            r#"
            [[dataset]]
            name = "{}"
            root = "Title"
            store = "store"
            cadence = "50ms"
            bootstrap_servers = "{}"
            schema = "Title @PrimaryKey(id) {{ long id; }}"

            [dataset.client]
            "security.protocol" = "SASL_SSL"
            "ssl.ca.location" = "{}"
            "sasl.mechanism" = "{}"
            "sasl.username" = "{USER}"
            "sasl.password" = "{}"
            "#,
            self.name,
            self.servers,
            self.authority.display(),
            self.mechanism,
            self.password,
        );
        let path = self.directory.path().join("producer.toml");
        std::fs::write(&path, text)?;
        Ok(path)
    }

    fn command(&self, command: &str) -> Result<Command> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_producer-under-test"));
        program.args([command, "--config"]).arg(self.config()?);
        // Everything that is ever logged.
        program.env("RUST_LOG", "trace").env("NO_COLOR", "1");
        Ok(program)
    }

    /// Writes titles by way of the secured listener.
    fn write(&self, ids: std::ops::Range<i64>) -> Result<()> {
        let dataset = Config::read(&self.config()?)?.datasets.remove(0);
        let emitter = Emitter::new(&self.servers, &dataset.client, None, None)?;
        for id in ids {
            let key = dataset.codec.encode_key(&[KeyValue::Long(id)]);
            let payload = dataset.codec.encode_json(&Value::Object(vec![Value::Long(id)]));
            emitter.emit(self.name, &key, Some(&payload), 0, None)?;
        }
        Ok(emitter.flush(PATIENCE)?)
    }

    /// How many titles are announced.
    fn titles(&self) -> Result<u64> {
        let Ok(store) = Store::open_existing_at(&self.directory.path().join("store").display().to_string()) else {
            return Ok(0);
        };
        let Some((head, _)) = store.head()? else { return Ok(0) };
        let manifest = store.manifest(head.version, &head.manifest)?;
        Ok(manifest.counts.get("Title").map_or(0, |counts| counts.records))
    }

    fn folds(&self) -> Result<()> {
        let logs = self.directory.path();
        let mut producer = Program::start(&mut self.command("run")?, logs, self.mechanism)?;
        self.write(0..50)?;
        wait_for("50 titles", || {
            producer.must_run()?;
            Ok((self.titles()? == 50).then_some(()))
        })?;
        producer.terminate()?;
        let finished = producer.wait(PATIENCE)?;
        ensure!(finished.status.success(), "{finished}");
        must_not_tell(&everything(logs)?, PASSWORD)
    }

    /// Starts a producer that cannot do anything, and waits until it says why.
    fn says(&self, name: &str, expected: &str) -> Result<()> {
        let logs = self.directory.path();
        let mut producer = Program::start(&mut self.command("run")?, logs, name)?;
        wait_for(&format!("{name} to say {expected:?}"), || {
            producer.must_run()?;
            // In the error of the cycle, not only in the client's own log.
            let is_it = |line: &str| line.contains("cannot ask for the topic") && line.contains(expected);
            Ok(producer.said()?.lines().any(is_it).then_some(()))
        })
        .with_context(|| producer.said().unwrap_or_default())?;
        producer.terminate()?;
        producer.wait(PATIENCE)?;
        must_not_tell(&everything(logs)?, &self.password)?;
        ensure!(self.titles()? == 0, "something was published");
        Ok(())
    }

    /// The same of a look from outside.
    fn doctor_says(&self, expected: &str) -> Result<()> {
        let output = self.command("doctor")?.output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        ensure!(!output.status.success() && said.contains(expected), "{said}");
        must_not_tell(&said, &self.password)
    }
}

/// All that programs wrote to files of a folder but its configuration.
fn everything(folder: &Path) -> Result<String> {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_none_or(|extension| extension != "toml") {
            all += &String::from_utf8_lossy(&std::fs::read(&path)?);
        }
    }
    ensure!(!all.is_empty(), "nothing was logged");
    Ok(all)
}

#[test]
fn a_producer_folds_through_tls_and_a_password() -> Result<()> {
    let Some(kafka) = start("a producer through TLS and a password")? else {
        return Ok(());
    };
    World::new(&kafka, "plain")?.folds()?;
    let mut scram = World::new(&kafka, "scram")?;
    scram.mechanism = "SCRAM-SHA-512";
    scram.folds()
}

#[test]
fn what_is_wrong_with_passwords_and_certificates_is_said_and_no_secret() -> Result<()> {
    let Some(kafka) = start("wrong passwords and certificates")? else {
        return Ok(());
    };
    let mut world = World::new(&kafka, "refused")?;
    world.password = format!("{PASSWORD}-of-another");
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        world.mechanism = mechanism;
        world.says(mechanism, "uthentication failed")?;
    }
    world.doctor_says("uthentication failed")?;
    let others = Certificates::make(&world.directory.path().join("others"))?;
    world.authority = others.authority();
    world.password = PASSWORD.to_owned();
    world.says("another-authority", "certificate verify failed")?;
    // A client that does not speak TLS at all.
    let plain = Emitter::new(&world.servers, &ClientSettings::default(), None, None)?;
    ensure!(plain.emit("refused", b"[1]", Some(b"{}"), 0, None).is_ok());
    ensure!(plain.flush(std::time::Duration::from_secs(3)).is_err(), "it was let in");
    Ok(())
}
