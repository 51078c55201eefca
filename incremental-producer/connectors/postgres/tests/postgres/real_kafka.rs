//! From transactions to a dataset, with nothing but real parts, and connectors killed on the way.

use crate::world::{World, until};

#[test]
fn transactions_become_a_dataset_by_way_of_a_real_kafka() {
    let Some(world) = World::start_with_kafka("transactions become a dataset by way of a real Kafka") else {
        return;
    };
    world.configure("batch = 7", "chunk = 10");
    // These were there before the trigger, as far as the outbox knows.
    world.sql("insert into titles select n, 'before ' || n, 0 from generate_series(1, 100) n");
    world.sql("truncate distribution.outbox");
    let folding = world.fold();
    let mut connector = world.spawn(&["run"]);
    for round in 0..6 {
        let change = format!(
            "insert into titles select n, 'new', {round} from generate_series({round} * 30 + 101, {round} * 30 + 150) n \
                 on conflict (id) do update set stock = excluded.stock; \
             update titles set stock = stock + 1 where id % 7 = {round}; \
             delete from titles where id % 11 = {round}"
        );
        world.sql(&change);
        // In the middle of its batches, wherever that is.
        let left = world.number("select count(*) from distribution.outbox");
        until("something is sent", || {
            let now = world.number("select count(*) from distribution.outbox");
            now < left || now == 0
        });
        connector.kill();
        connector = world.spawn(&["run"]);
    }
    let done = world.output(&["sweep", "titles", "--id", "all"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    until("the outbox is empty", || {
        world.number("select count(*) from distribution.outbox") == 0
    });
    assert_eq!(connector.terminate(), Some(0));
    assert_eq!(world.dataset(), world.table(), "{:?}", folding.status());
    folding.stop();
    folding.join();
}
