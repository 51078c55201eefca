//! The program as it is run: exit codes, and nothing secret in what it says.

use crate::world::{World, until};
use std::io::Read;
use std::process::Stdio;
use xtask::postgres::Postgres;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_installs_what_it_prints_and_can_do_so_again() {
    let Some(world) = World::start("the connector installs itself") else {
        return;
    };
    let printed = world.output(&["install"]);
    assert_eq!(text(&printed.stdout), postgres_connector::INSTALL_SQL);
    world.sql("drop schema distribution cascade");
    for _ in 0..2 {
        let applied = world.output(&["install", "--apply"]);
        assert_eq!(applied.status.code(), Some(0), "{}", text(&applied.stderr));
    }
    assert_eq!(world.number("select count(*) from distribution.outbox"), 0);
    let checked = world.output(&["check-config"]);
    assert_eq!(checked.status.code(), Some(0));
    assert!(
        text(&checked.stdout).contains("titles: topic=titles root=Title types=1"),
        "{}",
        text(&checked.stdout)
    );
}

#[test]
fn a_trigger_can_make_records_and_take_versions_from_a_column() {
    let Some(world) = World::start("a trigger makes records") else {
        return;
    };
    world.configure("version_column = \"revision\"", "");
    world.sql(
        "create table films (film bigint primary key, label text, revision bigint not null); \
         create function film_record(films) returns jsonb language sql immutable as $$ \
             select jsonb_build_object('id', $1.film, 'name', $1.label, 'stock', 0) $$; \
         create trigger distribution_films after insert or update or delete on films \
             for each row execute function distribution.capture('titles', 'film', 'film_record', 'revision'); \
         insert into films values (1, 'One', 7); \
         update films set label = 'Uno', revision = 8; \
         delete from films",
    );
    assert_eq!(world.relay().expect("relayed").sent, 3);
    let messages = world.messages();
    let seen: Vec<_> = messages.iter().map(|m| (m.version(), m.payload.as_deref())).collect();
    let record = |name: &str| format!(r#"{{"id":1,"name":"{name}","stock":0}}"#);
    assert_eq!(
        seen,
        [
            (Some(7), Some(record("One").as_str())),
            (Some(8), Some(record("Uno").as_str())),
            (Some(9), None)
        ]
    );
}

#[test]
fn no_secret_is_ever_said() {
    let Some(world) = World::start("no secret is ever said") else {
        return;
    };
    const CANARY: &str = "canary-9b2e7c";
    world.sql("insert into titles values (1, 'One', 0)");
    // Wrong, and right; everything logged.
    let mut wrong = world.command(&["sweep", "titles"]);
    let wrong = wrong
        .env("CONNECTOR_TEST_PASSWORD", CANARY)
        .env("RUST_LOG", "trace")
        .output()
        .expect("it starts");
    assert_eq!(wrong.status.code(), Some(5));
    let said = text(&wrong.stderr);
    assert!(
        said.contains("cannot connect to the database, host=127.0.0.1"),
        "{said}"
    );
    assert!(said.contains("password authentication failed"), "{said}");
    assert!(!said.contains(CANARY), "{said}");
    let mut running = world.command(&["run"]);
    let mut running = running
        .env("RUST_LOG", "trace")
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut pipe = running.stderr.take().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        pipe.read_to_end(&mut said).expect("text");
        text(&said)
    });
    let mut running = crate::world::Running(running);
    until("it runs", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_eq!(running.terminate(), Some(0));
    let said = reader.join().expect("no panic");
    assert!(said.contains("relaying changes"), "{said}");
    assert!(!said.contains(Postgres::PASSWORD));

    let file = std::fs::read_to_string(world.config_path()).expect("a file");
    let plain = file.replace("{ env = \"CONNECTOR_TEST_PASSWORD\" }", &format!("\"{CANARY}\""));
    std::fs::write(world.config_path(), plain).expect("a file");
    let refused = world.output(&["check-config"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("is a secret") && !said.contains(CANARY), "{said}");
}

#[test]
fn encryption_that_the_server_does_not_have_is_an_error_not_a_plain_connection() {
    let Some(world) = World::start("encryption is asked for in vain") else {
        return;
    };
    let file = std::fs::read_to_string(world.config_path()).expect("a file");
    std::fs::write(world.config_path(), file.replace("tls = \"off\"", "")).expect("a file");
    let refused = world.output(&["sweep", "titles"]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(
        text(&refused.stderr).contains("does not support TLS"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn a_dataset_that_halted_ends_the_program_with_a_reason() {
    let Some(world) = World::start("a dataset that halted") else {
        return;
    };
    world.configure("on_refused = \"halt\"", "");
    let file = std::fs::read_to_string(world.config_path()).expect("a file");
    let (before, _) = file.split_once("[dataset.sweep]").expect("the table");
    std::fs::write(world.config_path(), before).expect("a file");
    world.sql("insert into distribution.outbox (dataset, key, payload) values ('titles', '[2]', '{\"colour\":1}')");
    let ended = world.output(&["run"]);
    assert_eq!(ended.status.code(), Some(4));
    let said = text(&ended.stderr);
    assert!(
        said.contains("HALTED") && said.contains("dataset=titles waits for a person"),
        "{said}"
    );
}
