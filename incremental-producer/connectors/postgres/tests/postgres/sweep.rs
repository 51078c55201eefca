//! Sweeps: everything between the marks, beside live changes, resumed after a crash, without locking the table.

use crate::world::{PARTITIONS, Seen, World, fold, until};
use incremental_producer::client::ClientSettings;
use incremental_producer::emit::Emitter;
use incremental_producer::sweep::{REQUEST_KEY, SweepMark, SweepRequest};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The messages of a sweep, after a look at its marks: the first and the last of it in every partition.
fn between_marks<'a>(messages: &'a [Seen], id: &str) -> Vec<&'a Seen> {
    let mut rows = Vec::new();
    for partition in 0..PARTITIONS {
        let of_it = |message: &&Seen| message.partition == partition && message.sweep() == Some(id);
        let mine: Vec<&Seen> = messages.iter().filter(of_it).collect();
        let [begin, inner @ .., end] = &mine[..] else {
            panic!("no marks in partition {partition}");
        };
        assert_eq!((begin.mark(), end.mark()), (Some("begin"), Some("end")));
        assert!(inner.iter().all(|message| message.mark().is_none()));
        for mark in [begin, end] {
            let payload = mark.payload.as_ref().expect("a payload");
            let (of, mark) = SweepMark::decode(Some(mark.key.as_bytes()), Some(payload.as_bytes())).expect("a mark");
            assert_eq!((of, mark.sweep.as_str(), mark.partitions), (partition, id, PARTITIONS));
        }
        rows.extend_from_slice(inner);
    }
    rows
}

fn keys(rows: &[&Seen]) -> BTreeSet<String> {
    rows.iter().map(|row| row.key.clone()).collect()
}

#[test]
fn a_sweep_sends_every_row_between_its_marks() {
    let Some(world) = World::start("a sweep sends every row") else {
        return;
    };
    world.configure("", "chunk = 10");
    world.sql("insert into titles select n, 'title ' || n, n from generate_series(1, 25) n");
    let done = world.output(&["sweep", "titles", "--id", "one", "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((&report["rows"], &report["ended"]), (&25.into(), &true.into()));
    let messages = world.messages();
    let rows = between_marks(&messages, "one");
    assert_eq!(rows.len(), 25);
    let table = world.table();
    for row in &rows {
        assert_eq!(row.record().as_ref(), table.get(&row.key));
        assert_eq!(row.version(), Some(25), "the last id of the outbox when it began");
    }
    // The same name again does nothing.
    let again = world.output(&["sweep", "titles", "--id", "one"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert_eq!(world.messages().len(), messages.len());

    let part = world.output(&["sweep", "titles", "--id", "two", "--range", r#"{"from":[5],"to":[8]}"#]);
    assert_eq!(part.status.code(), Some(0), "{}", text(&part.stderr));
    let messages = world.messages();
    let rows = between_marks(&messages, "two");
    assert_eq!(keys(&rows), ["[5]", "[6]", "[7]"].map(str::to_owned).into());
    let mark = messages
        .iter()
        .rfind(|message| message.mark().is_some())
        .expect("a mark");
    assert_eq!(
        mark.record().expect("JSON")["range"],
        serde_json::json!({"from": [5], "to": [8]})
    );

    for (range, code) in [(r#"{"from":[]}"#, 2), (r#"{"von":[1]}"#, 2), (r#"{"from":["x"]}"#, 1)] {
        let refused = world.output(&["sweep", "titles", "--range", range]);
        assert_eq!(refused.status.code(), Some(code), "{range}: {}", text(&refused.stderr));
    }
    assert_eq!(world.output(&["sweep", "films"]).status.code(), Some(3));
}

#[test]
fn keys_of_several_columns_are_swept_in_order_of_code_points() {
    let Some(world) = World::start("keys of several columns are swept") else {
        return;
    };
    let schema = "Title @PrimaryKey(country, id) { string country; long id; string name; }";
    std::fs::write(world.config_path().with_file_name("titles.hollow"), schema).expect("a file");
    world.configure(
        "version_column = \"changed\"",
        "chunk = 2\nrecord = \"jsonb_build_object('country', t.country, 'id', t.id, 'name', t.name)\"",
    );
    let file = std::fs::read_to_string(world.config_path()).expect("a file");
    let file = file
        .replace("table = \"titles\"", "table = \"public.films\"")
        .replace("key = [\"id\"]", "key = [\"country\", \"id\"]");
    std::fs::write(world.config_path(), file).expect("a file");
    // Another order of texts than that of code points, where the server has any.
    let language = world.client().query("select 'a' < 'B' collate \"und-x-icu\"", &[]);
    let collation = if language.is_ok() { "collate \"und-x-icu\"" } else { "" };
    world.sql(&format!(
        "create table films (country text {collation}, id int, name text, changed bigint, primary key (country, id)); \
         insert into films select c, n, c || n, 100 + n \
             from unnest(array['a', 'B', 'ä', 'Z', 'b']) c, generate_series(1, 3) n"
    ));
    let all = world.output(&["sweep", "titles", "--id", "all"]);
    assert_eq!(all.status.code(), Some(0), "{}", text(&all.stderr));
    let messages = world.messages();
    let rows = between_marks(&messages, "all");
    assert_eq!(keys(&rows).len(), 15);
    let row = rows.iter().find(|row| row.key == r#"["ä",2]"#).expect("a row");
    assert_eq!(row.version(), Some(102), "the version of the row");
    // Code points: B Z a b ä. Of that from ["Z",2] up to ["b",1].
    let part = world.output(&[
        "sweep",
        "titles",
        "--id",
        "part",
        "--range",
        r#"{"from":["Z",2],"to":["b",1]}"#,
    ]);
    assert_eq!(part.status.code(), Some(0), "{}", text(&part.stderr));
    let messages = world.messages();
    let expected = [r#"["Z",2]"#, r#"["Z",3]"#, r#"["a",1]"#, r#"["a",2]"#, r#"["a",3]"#];
    assert_eq!(
        keys(&between_marks(&messages, "part")),
        expected.map(str::to_owned).into()
    );
}

#[test]
fn a_sweep_beside_live_changes_comes_to_the_table() {
    let Some(world) = World::start("a sweep beside live changes") else {
        return;
    };
    world.configure("", "chunk = 20\nrows_per_second = 400");
    world.sql("insert into titles select n, 'title ' || n, 0 from generate_series(1, 300) n");
    world.sql("delete from distribution.outbox where id % 3 = 0"); // lost, for what reason ever
    let config = world.config();
    let emitter = Emitter::new(&world.bootstrap, &ClientSettings::default(), None, None).expect("a client");
    for ghost in [301, 302] {
        let record = format!(r#"{{"id":{ghost},"stock":0}}"#);
        emitter
            .emit_change(
                "titles",
                format!("[{ghost}]").as_bytes(),
                Some(record.as_bytes()),
                0,
                Some(1),
            )
            .expect("sent");
    }
    emitter.flush(Duration::from_secs(60)).expect("delivered");
    assert!(config.datasets[0].sweep.is_some());

    let folding = world.fold();
    let mut relay = world.spawn(&["run"]);
    let stop = AtomicBool::new(false);
    let changes = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = world.client();
            let mut n = 0_i64;
            while !stop.load(SeqCst) {
                n = (n * 29 + 7) % 310;
                let change = match n % 5 {
                    0 => "delete from titles where id = $1 and id <> 300",
                    1 => "insert into titles values ($1, 'again', 1) on conflict (id) do update set stock = titles.stock + 1",
                    _ => "update titles set stock = stock + 1 where id = $1",
                };
                client.execute(change, &[&n]).expect("a change");
                changes.fetch_add(1, SeqCst);
            }
        });
        until("changes are made", || changes.load(SeqCst) > 50);
        let before = changes.load(SeqCst);
        let done = world.output(&["sweep", "titles", "--id", "live"]);
        let during = changes.load(SeqCst) - before;
        stop.store(true, SeqCst);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert!(during > 0, "writers went on");
    });
    until("the outbox is empty", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_eq!(relay.terminate(), Some(0));
    let messages = world.messages();
    between_marks(&messages, "live");
    assert_eq!(fold(&messages), world.table());
    assert_eq!(world.dataset(), world.table(), "{:?}", folding.status());
    folding.stop();
    folding.join();
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_was() {
    let Some(world) = World::start("an interrupted sweep goes on") else {
        return;
    };
    world.configure("", "chunk = 10\nrows_per_second = 100");
    world.sql("insert into titles select n, 'title ' || n, 0 from generate_series(1, 200) n");
    world.sql("truncate distribution.outbox");
    let rows = "select coalesce(sum(rows), 0)::bigint from distribution.sweep";
    let mut sweep = world.spawn(&["sweep", "titles", "--id", "long"]);
    until("some chunks are recorded", || world.number(rows) >= 30);
    sweep.kill();
    let recorded = world.number(rows);
    assert!(recorded < 200, "it was quicker than the pace");
    world.configure("", "chunk = 10");
    let done = world.output(&["sweep", "titles", "--id", "long"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let messages = world.messages();
    // Exactly one begin mark in each partition is part of what this looks at.
    let rows = between_marks(&messages, "long");
    assert_eq!(keys(&rows).len(), 200);
    assert!(rows.len() <= 210, "at most one chunk comes twice: {}", rows.len());
    assert_eq!(fold(&messages), world.table());
}

#[test]
fn the_table_is_not_locked_meanwhile() {
    let Some(world) = World::start("the table is not locked during a sweep") else {
        return;
    };
    // Each row takes its time, so that a look at the locks sees the sweep reading.
    world.configure("", "chunk = 20\nrecord = \"(select to_jsonb(t) from pg_sleep(0.01))\"");
    world.sql("insert into titles select n, 'title ' || n, 0 from generate_series(1, 200) n");
    let mut sweep = world.spawn(&["sweep", "titles", "--id", "slow"]);
    let locks = "select coalesce(string_agg(distinct l.mode, ','), '') from pg_locks l \
        join pg_stat_activity a using (pid) \
        where l.relation = 'titles'::regclass and a.application_name like 'postgres-connector sweep%'";
    let mut client = world.client();
    let (mut seen, mut written) = (0, 0);
    let begun = || world.number("select count(*) from distribution.sweep where state = 'running'") > 0;
    until("it has begun", begun);
    while sweep.0.try_wait().expect("a child").is_none() {
        let modes: String = client.query_one(locks, &[]).expect("a row").get(0);
        assert!(modes.is_empty() || modes == "AccessShareLock", "{modes}");
        seen += u32::from(!modes.is_empty());
        // Every row is written while chunks are read; a lock of the sweep would make this wait for its end.
        client
            .execute("update titles set stock = stock + 1", &[])
            .expect("a change");
        written += 1;
    }
    assert!(sweep.0.wait().expect("an end").success());
    assert!(seen > 0, "the sweep was never seen reading");
    assert!(written > 1, "writers made progress: {written}");
}

#[test]
fn a_row_that_does_not_fit_leaves_a_sweep_without_end_marks() {
    let Some(world) = World::start("a row that does not fit, in a sweep") else {
        return;
    };
    world.sql("insert into titles values (1, 'One', 1), (2, 'Two', 2), (3, 'Three', 3)");
    world.configure(
        "",
        "record = \"case when id = 2 then '{\\\"id\\\":2,\\\"stock\\\":\\\"many\\\"}' else to_jsonb(t) end\"",
    );
    let refused = world.output(&["sweep", "titles", "--id", "bad"]);
    assert_eq!(refused.status.code(), Some(4), "{}", text(&refused.stderr));
    let told = text(&refused.stderr);
    assert!(told.contains("table=titles key=[2]: Title.stock: expected"), "{told}");
    let messages = world.messages();
    let rows = messages
        .iter()
        .filter(|message| message.sweep() == Some("bad") && message.mark().is_none());
    assert_eq!(rows.count(), 2, "the others are sent");
    assert!(messages.iter().all(|message| message.mark() != Some("end")));
    // What is wrong with the configuration does not come better by trying again.
    world.configure("", "record = \"to_jsonb(nothing)\"");
    let failed = world.output(&["sweep", "titles", "--id", "wrong"]);
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed.stderr));
    assert!(
        text(&failed.stderr).contains("column \"nothing\" does not exist"),
        "{}",
        text(&failed.stderr)
    );
}

#[test]
fn sweeps_are_asked_for_by_message_and_by_schedule() {
    let Some(world) = World::start("sweeps are asked for by message and schedule") else {
        return;
    };
    world.configure("", "control = true");
    world.sql("insert into titles values (1, 'One', 1)");
    let emitter = Emitter::new(&world.bootstrap, &ClientSettings::default(), None, None).expect("a client");
    let ask = |id: &str| {
        let request = SweepRequest::new(id, Default::default()).payload();
        emitter
            .emit("titles.control", REQUEST_KEY, Some(&request), 0, None)
            .expect("sent");
    };
    ask("asked");
    emitter
        .emit("titles.control", REQUEST_KEY, Some(b"nonsense"), 0, None)
        .expect("sent");
    emitter.emit("titles.control", b"another", None, 0, None).expect("sent");
    emitter.flush(Duration::from_secs(60)).expect("delivered");
    let ended = "select count(*) from distribution.sweep where state = 'ended' and asked_by = ";
    let by_control = format!("{ended} 'control'");
    let mut connector = world.spawn(&["run"]);
    until("the sweep has ended", || world.number(&by_control) == 1);
    ask("asked");
    ask("again");
    emitter.flush(Duration::from_secs(60)).expect("delivered");
    until("the next has ended", || world.number(&by_control) == 2);
    assert_eq!(connector.terminate(), Some(0));
    let messages = world.messages();
    assert_eq!(between_marks(&messages, "asked").len(), 1, "once for each name");
    assert_eq!(between_marks(&messages, "again").len(), 1);

    // Asked for just now: the schedule has nothing to add. Long ago: it has.
    world.configure("", "every = \"24h\"");
    let mut connector = world.spawn(&["run"]);
    let by_schedule = format!("{ended} 'schedule'");
    world.sql("insert into titles values (2, 'Two', 2)");
    until("it runs", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_eq!(world.number(&by_schedule), 0);
    world.sql("update distribution.sweep set asked_at = asked_at - interval '2 days'");
    until("the schedule's has ended", || world.number(&by_schedule) == 1);
    assert_eq!(connector.terminate(), Some(0));
}
