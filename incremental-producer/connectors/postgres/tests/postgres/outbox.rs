//! Changes: none lost, none out of order, whatever happens between sending and recording.

use crate::world::{World, fold, until};
use postgres_connector::outbox::RelayError;

#[test]
fn changes_become_messages_and_leave_the_outbox() {
    let Some(world) = World::start("changes become messages") else {
        return;
    };
    world.sql("insert into titles values (1, 'One', 10), (2, 'Two', 20), (3, null, 30)");
    world.sql("update titles set stock = 11 where id = 1");
    world.sql("delete from titles where id = 2");
    world.sql("update titles set id = 4 where id = 3"); // another key: one goes, one comes
    world.sql("begin; insert into titles values (9, 'never', 0); rollback");
    let batch = world.relay().expect("relayed");
    assert_eq!((batch.sent, batch.refused), (7, 0));
    assert_eq!(world.number("select count(*) from distribution.outbox"), 0);
    assert_eq!(
        world.number("select rows from distribution.sent where dataset = 'titles'"),
        7
    );
    assert!(world.relay().expect("relayed").is_empty());

    let messages = world.messages();
    assert_eq!(messages.len(), 7);
    let of = |key: &str| -> Vec<Option<String>> {
        let mine = messages.iter().filter(|message| message.key == key);
        mine.map(|message| message.payload.clone()).collect()
    };
    let record = |text: &str| Some(text.to_owned());
    assert_eq!(
        of("[1]"),
        [
            record(r#"{"id":1,"name":"One","stock":10}"#),
            record(r#"{"id":1,"name":"One","stock":11}"#)
        ]
    );
    assert_eq!(of("[2]").last(), Some(&None));
    assert_eq!(of("[3]").last(), Some(&None));
    assert_eq!(of("[4]").len(), 1);
    for key in ["[1]", "[2]", "[3]"] {
        let versions: Vec<_> = messages.iter().filter(|m| m.key == key).map(|m| m.version()).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{key}: {versions:?}");
    }
    let now = world.number("select floor(extract(epoch from now()) * 1000)::bigint");
    for message in &messages {
        let made: i64 = message.headers["source-ms"].parse().expect("a number");
        assert!((now - 600_000..=now).contains(&made), "{made}");
        assert_eq!(message.sweep(), None);
    }
    assert_eq!(fold(&messages), world.table());
}

#[test]
fn what_is_committed_late_is_not_lost() {
    let Some(world) = World::start("what is committed late is not lost") else {
        return;
    };
    let (mut slow, mut quick) = (world.client(), world.client());
    let mut slow = slow.transaction().expect("a transaction");
    slow.execute("insert into titles values (1, 'slow', 0)", &[])
        .expect("a row");
    quick
        .execute("insert into titles values (2, 'quick', 0)", &[])
        .expect("a row");
    assert_eq!(world.relay().expect("relayed").sent, 1);
    let last = world.number("select last_id from distribution.sent");
    slow.commit().expect("committed");
    // One who asks for what comes after the last id would never see it.
    let after = format!("select count(*) from distribution.outbox where id > {last}");
    assert_eq!(world.number(&after), 0);
    assert_eq!(world.relay().expect("relayed").sent, 1);
    assert_eq!(fold(&world.messages()), world.table());
    assert_eq!(world.table().len(), 2);
}

#[test]
fn the_order_of_a_key_is_not_that_of_transactions() {
    let Some(world) = World::start("the order of a key is not that of transactions") else {
        return;
    };
    world.sql("insert into titles values (1, 'first', 0)");
    assert_eq!(world.relay().expect("relayed").sent, 1);
    let mut clients = [world.client(), world.client(), world.client()];
    let [old, between, young] = &mut clients;
    let mut old = old.transaction().expect("a transaction");
    old.query("select pg_current_xact_id()", &[]).expect("an id");
    let mut between = between.transaction().expect("a transaction");
    between.query("select pg_current_xact_id()", &[]).expect("an id");
    young
        .execute("update titles set name = 'young' where id = 1", &[])
        .expect("a change");
    old.execute("update titles set name = 'old' where id = 1", &[])
        .expect("a change");
    old.commit().expect("committed");

    // Of transactions older than all that run, one would see the newer change only, and send the older one after it.
    let settled = "select count(*) from distribution.outbox \
        where xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    assert_eq!(world.number(settled), 1);
    assert_eq!(world.number("select count(*) from distribution.outbox"), 2);
    assert_eq!(world.relay().expect("relayed").sent, 2);
    between.commit().expect("committed");
    assert!(world.relay().expect("relayed").is_empty());
    let messages = world.messages();
    let last = messages.last().expect("messages").record().expect("a record");
    assert_eq!(last["name"], "old");
    assert_eq!(fold(&messages), world.table());
}

#[test]
fn killed_between_sending_and_recording_it_sends_again() {
    let Some(world) = World::start("killed between sending and recording") else {
        return;
    };
    world.sql("insert into titles select n, 'title ' || n, 0 from generate_series(1, 20) n");
    world.sql("update titles set stock = stock + id");
    // Recording waits for this table: what is sent stays unrecorded.
    let mut blocker = world.client();
    let mut blocker = blocker.transaction().expect("a transaction");
    blocker.batch_execute("lock table distribution.sent").expect("a lock");
    let mut connector = world.spawn(&["run"]);
    until("everything is sent", || world.messages().len() == 40);
    connector.kill();
    blocker.rollback().expect("let go");
    assert_eq!(
        world.number("select count(*) from distribution.outbox"),
        40,
        "nothing is recorded"
    );

    let mut connector = world.spawn(&["run"]);
    until("the outbox is empty", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_eq!(connector.terminate(), Some(0));
    let messages = world.messages();
    assert_eq!(messages.len(), 80, "all of it was sent twice");
    assert_eq!(fold(&messages), world.table());
    // Also for one who knows no versions: the last message of each key is its newest.
    for (key, record) in world.table() {
        let last = messages.iter().rfind(|message| message.key == key).expect("a message");
        assert_eq!(last.record(), Some(record));
    }
}

#[test]
fn a_second_connector_waits_for_the_first_to_be_gone() {
    let Some(world) = World::start("a second connector stands by") else {
        return;
    };
    let holder = "select coalesce(max(l.pid), 0)::bigint from pg_locks l join pg_stat_activity a using (pid) \
        where l.locktype = 'advisory' and l.granted and a.application_name = 'postgres-connector outbox titles'";
    let sessions = "select count(*) from pg_stat_activity where application_name = 'postgres-connector outbox titles'";
    let mut first = world.spawn(&["run"]);
    until("the first has the lock", || world.number(holder) > 0);
    let holding = world.number(holder);
    let mut second = world.spawn(&["run"]);
    until("the second is there", || world.number(sessions) == 2);
    world.sql("insert into titles values (1, 'One', 0)");
    until("it is sent", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_eq!(world.number(holder), holding);
    first.kill();
    world.sql("update titles set stock = 5");
    until("the second sends", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_ne!(world.number(holder), holding);
    assert_eq!(second.terminate(), Some(0));
    let messages = world.messages();
    assert_eq!(messages.len(), 2, "nobody sent anything twice");
    assert_eq!(fold(&messages), world.table());
}

#[test]
fn a_row_that_does_not_fit_is_set_aside_and_can_be_tried_again() {
    let Some(world) = World::start("a row that does not fit is set aside") else {
        return;
    };
    world.configure("max_message_bytes = 1000", "");
    let add = "insert into distribution.outbox (dataset, key, payload, version) values ";
    world.sql(&format!(
        "{add} ('titles', '[1]', '{{\"id\":1,\"stock\":1}}', null), \
               ('titles', '[2]', '{{\"id\":2,\"stock\":\"many\"}}', null), \
               ('titles', '[3]', '{{\"id\":4,\"stock\":1}}', null), \
               ('titles', '[\"x\"]', null, null), \
               ('titles', '[5]', '{{\"id\":5,\"stock\":5}}', 17), \
               ('titles', '[6]', jsonb_build_object('id', 6, 'name', repeat('x', 2000)), null), \
               ('titles', '[7]', null, null)"
    ));
    let batch = world.relay().expect("relayed");
    assert_eq!((batch.sent, batch.refused), (2, 5));
    let mut client = world.client();
    let rows = client
        .query(
            "select key::text, refused from distribution.outbox where refused is not null order by id",
            &[],
        )
        .expect("rows");
    let refused: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for ((key, reason), (expected_key, expected)) in refused.iter().zip([
        ("[2]", "Title.stock: expected"),
        ("[3]", "message=[3] record=[4]"),
        ("[\"x\"]", "message key"),
        ("[5]", "version=17"),
        ("[6]", "too large"),
    ]) {
        assert_eq!(key, expected_key);
        assert!(reason.contains(expected), "{reason}");
    }
    assert!(world.relay().expect("relayed").is_empty(), "they are left alone");
    client
        .batch_execute(
            "update distribution.outbox set refused = null, payload = '{\"id\":2,\"stock\":2}' where key = '[2]'",
        )
        .expect("mended");
    assert_eq!(world.relay().expect("relayed").sent, 1);
}

#[test]
fn a_row_that_does_not_fit_halts_where_that_is_wanted() {
    let Some(world) = World::start("a row that does not fit halts") else {
        return;
    };
    world.configure("on_refused = \"halt\"", "");
    world.sql("insert into titles values (1, 'One', 0)");
    world.sql("insert into distribution.outbox (dataset, key, payload) values ('titles', '[2]', '{\"colour\":1}')");
    world.sql("insert into titles values (3, 'Three', 0)");
    let Err(error @ RelayError::Halted { .. }) = world.relay() else {
        panic!("it goes on");
    };
    let text = format!("{:#}", anyhow::Error::new(error));
    assert!(
        text.contains("table=distribution.outbox key=[2]") && text.contains("field=colour"),
        "{text}"
    );
    assert_eq!(
        world.number("select count(*) from distribution.outbox"),
        2,
        "what is before it is sent"
    );
    world.sql("delete from distribution.outbox where key = '[2]'");
    assert_eq!(world.relay().expect("relayed").sent, 1);
}
