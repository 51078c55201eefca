//! Elements that wait for each other, and records added many at once, get the ordinals that they get one after the other.

use hollow::Ordinal;
use hollow::record::Value;
use hollow::testing::entropy;
use hollow::typed::{Hollow, Mapper, Model, RecordMap, RecordSet};
use hollow::write::{WriteConfig, WriteStateEngine};
use std::sync::Arc;

#[derive(Clone, Hollow)]
struct Part {
    #[hollow(inline)]
    name: String,
    size: Option<i32>,
}

/// A part as a key: parts come between the values of a map of parts.
#[derive(Clone, Hollow)]
struct Label {
    part: Part,
}

/// It has records of its own type below it.
#[derive(Clone, Hollow)]
struct Node {
    part: Part,
    children: Vec<Node>,
}

#[derive(Clone, Hollow)]
#[hollow(primary_key(id))]
struct Machine {
    id: i64,
    list: Vec<Part>,
    #[hollow(type_name = "SetOfPart")]
    set: RecordSet<Part>,
    names: Vec<String>,
    labelled: RecordMap<Label, Part>,
    numbered: RecordMap<i64, Part>,
    tree: Vec<Node>,
    shared: Vec<Arc<Part>>,
}

struct Random(Box<dyn FnMut() -> u64>);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        (self.0)() % limit
    }

    fn part(&mut self) -> Part {
        let kind = self.below(60_000);
        Part {
            name: format!("a part with a name that takes its room, number {kind}"),
            size: (!kind.is_multiple_of(3)).then_some((kind % 7) as i32),
        }
    }

    fn parts(&mut self, most: u64) -> Vec<Part> {
        (0..self.below(most)).map(|_| self.part()).collect()
    }

    fn node(&mut self, depth: u64) -> Node {
        let children = if depth == 0 { 0 } else { self.below(4) };
        Node {
            part: self.part(),
            children: (0..children).map(|_| self.node(depth - 1)).collect(),
        }
    }

    fn machine(&mut self, id: i64) -> Machine {
        let mut keyed = self.parts(6);
        keyed.sort_by(|a, b| a.name.cmp(&b.name));
        keyed.dedup_by(|a, b| a.name == b.name);
        // Some collections are larger than what waits at most.
        let many = if self.below(20) == 0 { 200 } else { 9 };
        Machine {
            id,
            list: self.parts(many),
            set: RecordSet(self.parts(9)),
            names: self.parts(5).into_iter().map(|part| part.name).collect(),
            labelled: RecordMap(keyed.into_iter().map(|part| (Label { part }, self.part())).collect()),
            numbered: RecordMap((0..self.below(8) as i64).map(|key| (key, self.part())).collect()),
            tree: (0..self.below(3)).map(|_| self.node(3)).collect(),
            shared: self.parts(4).into_iter().map(Arc::new).collect(),
        }
    }
}

fn text(text: &str) -> Value {
    Value::Object(vec![Value::String(text.to_owned())])
}

fn part(part: &Part) -> Value {
    let name = Value::String(part.name.clone());
    Value::Object(vec![name, part.size.map_or(Value::Null, Value::Int)])
}

fn node(of: &Node) -> Value {
    Value::Object(vec![
        part(&of.part),
        Value::List(of.children.iter().map(node).collect()),
    ])
}

fn machine(of: &Machine) -> Value {
    let labelled = of
        .labelled
        .iter()
        .map(|(key, value)| (Value::Object(vec![part(&key.part)]), part(value)));
    let numbered = of
        .numbered
        .iter()
        .map(|(key, value)| (Value::Object(vec![Value::Long(*key)]), part(value)));
    Value::Object(vec![
        Value::Long(of.id),
        Value::List(of.list.iter().map(part).collect()),
        Value::Set(of.set.0.iter().map(part).collect()),
        Value::List(of.names.iter().map(|name| text(name)).collect()),
        Value::Map(labelled.collect()),
        Value::Map(numbered.collect()),
        Value::List(of.tree.iter().map(node).collect()),
        Value::List(of.shared.iter().map(|shared| part(shared)).collect()),
    ])
}

fn engine() -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    Model::of::<Machine>().unwrap().add_types(&mut engine).unwrap();
    engine.set_next_tag(1);
    engine
}

/// Two cycles of it: what ordinals were given, and the blobs.
fn blobs(
    cycles: &[Vec<Machine>],
    add: impl Fn(&mut WriteStateEngine, &[Machine]) -> Vec<Ordinal>,
) -> (Vec<Ordinal>, Vec<Vec<u8>>) {
    let (mut engine, mut ordinals, mut blobs) = (engine(), Vec::new(), Vec::new());
    for (number, machines) in cycles.iter().enumerate() {
        ordinals.extend(add(&mut engine, machines));
        let mut snapshot = Vec::new();
        engine.write_snapshot(&mut snapshot).unwrap();
        blobs.push(snapshot);
        if number > 0 {
            let mut delta = Vec::new();
            engine.write_delta(&mut delta).unwrap();
            blobs.push(delta);
        }
        engine.prepare_for_next_cycle(2 + number as i64);
    }
    (ordinals, blobs)
}

#[test]
fn together_is_as_one_after_the_other() {
    let mut random = Random(Box::new(entropy(91)));
    let first: Vec<Machine> = (0..6000).map(|id| random.machine(id)).collect();
    // Most are there again, some are others.
    let second = first.iter().map(|machine| match random.below(5) {
        0 => random.machine(machine.id),
        _ => machine.clone(),
    });
    let second: Vec<Machine> = second.collect();
    let cycles = [first, second];

    let dynamic = blobs(&cycles, |engine, machines| {
        machines
            .iter()
            .map(|of| engine.add("Machine", &machine(of)).unwrap())
            .collect()
    });
    let singly = blobs(&cycles, |engine, machines| {
        let mut mapper = Mapper::new(engine);
        machines.iter().map(|machine| mapper.add(machine).unwrap()).collect()
    });
    let together = blobs(&cycles, |engine, machines| {
        Mapper::new(engine).add_all(machines).unwrap()
    });
    assert_eq!(dynamic.0, singly.0);
    assert_eq!(dynamic.0, together.0);
    assert!(dynamic.1 == singly.1 && dynamic.1 == together.1);
    // Large enough for records to be looked for together.
    assert!(dynamic.1[0].len() > 4 << 20, "{}", dynamic.1[0].len());
}

#[test]
fn a_record_that_cannot_be_added_leaves_those_before_it() {
    let mut random = Random(Box::new(entropy(92)));
    let mut machines: Vec<Machine> = (0..10).map(|id| random.machine(id)).collect();
    machines[7].list.push(Part {
        name: "this one has a size that stands for null".to_owned(),
        size: Some(i32::MIN),
    });
    let (mut singly, mut together) = (engine(), engine());
    let mut mapper = Mapper::new(&mut singly);
    let expected = machines
        .iter()
        .find_map(|machine| mapper.add(machine).err())
        .expect("refused");
    let mut mapper = Mapper::new(&mut together);
    let found = mapper.add_all(&machines).expect_err("refused");
    assert_eq!(found.to_string(), expected.to_string());
    // What comes after is as if nothing had happened.
    machines[7].list.pop();
    let ordinals = mapper.add_all(&machines).unwrap();
    let mut mapper = Mapper::new(&mut singly);
    let expected: Vec<Ordinal> = machines.iter().map(|machine| mapper.add(machine).unwrap()).collect();
    assert_eq!(ordinals, expected);
    let machines = together.type_id("Machine").unwrap();
    assert_eq!(together.populated(machines).len(), 10);
}
