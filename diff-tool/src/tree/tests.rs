use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn leaf() -> impl Strategy<Value = Node> {
    prop_oneof![
        (0..4i64).prop_map(Node::Int),
        any::<bool>().prop_map(Node::Boolean),
        prop::sample::select(vec!["", "a", "b"]).prop_map(|text| Node::Text(text.to_owned())),
        Just(Node::Units(vec![0xd83d])),
        Just(Node::Null),
        Just(Node::Cut(7)),
    ]
}

fn object(fields: Vec<(u8, Node)>, wraps: bool) -> Node {
    let mut members: Vec<Member> = Vec::new();
    for (name, node) in fields {
        let name: Arc<str> = Arc::from(format!("f{name}"));
        if node != Node::Null && members.iter().all(|member| member.name != name) {
            // Shown in another order than sorted.
            let position = Aside(9 - usize::from(name.as_bytes()[1] - b'0'));
            members.push(Member { name, node, position });
        }
    }
    members.sort_by(|x, y| x.name.cmp(&y.name));
    let wraps = Aside(wraps && members.len() == 1 && members[0].node.is_scalar());
    Node::Object(Object { fields: members, wraps })
}

fn node() -> impl Strategy<Value = Node> {
    leaf().prop_recursive(4, 40, 6, |inner| {
        let key = prop::sample::select(vec![None, Some(Arc::new(vec![vec![Arc::from("f0")]]))]);
        prop_oneof![
            (vec((0..3u8, inner.clone()), 0..4), any::<bool>()).prop_map(|(fields, wraps)| object(fields, wraps)),
            (vec(inner.clone(), 0..6), key.clone())
                .prop_map(|(items, key)| Node::List(Elements { items, key: Aside(key) })),
            (vec(inner.clone(), 0..6), key).prop_map(|(mut items, key)| {
                items.sort();
                Node::Set(Elements { items, key: Aside(key) })
            }),
            vec((inner.clone(), inner), 0..4).prop_map(|mut entries| {
                entries.sort();
                Node::Map(entries)
            }),
        ]
    })
}

/// The tree of one side, taken out of the two laid over each other.
fn one_side(edit: &Edit<'_>, before: bool) -> Option<Node> {
    let elements = |edits: Vec<&Edit<'_>>| {
        edits
            .into_iter()
            .filter_map(|edit| one_side(edit, before))
            .collect::<Vec<_>>()
    };
    Some(match edit {
        Edit::Same(node) => (*node).clone(),
        Edit::Replaced(x, y) => return (if before { x } else { y }).cloned(),
        Edit::Object(fields) => {
            let mut members: Vec<Member> = fields
                .iter()
                .filter_map(|(name, edit)| {
                    let node = one_side(edit, before)?;
                    Some(Member {
                        name: Arc::from(*name),
                        node,
                        position: Aside(0),
                    })
                })
                .collect();
            members.sort();
            Node::Object(Object {
                fields: members,
                wraps: Aside(false),
            })
        }
        Edit::List(items) => Node::List(Elements {
            items: elements(items.iter().collect()),
            key: Aside(None),
        }),
        Edit::Set(items) => {
            let mut items = elements(items.iter().map(|(_, edit)| edit).collect());
            items.sort();
            Node::Set(Elements {
                items,
                key: Aside(None),
            })
        }
        Edit::Map(entries) => {
            let mut entries: Vec<(Node, Node)> = entries
                .iter()
                .filter_map(|(key, edit)| Some(((*key).clone(), one_side(edit, before)?)))
                .collect();
            entries.sort();
            Node::Map(entries)
        }
    })
}

proptest! {
    #[test]
    fn both_trees_can_be_had_back(a in node(), b in node()) {
        let edit = compare(&a, &b);
        prop_assert_eq!(one_side(&edit, true), Some(a.clone()));
        prop_assert_eq!(one_side(&edit, false), Some(b.clone()));
    }

    #[test]
    fn there_are_changes_if_and_only_if_trees_differ(a in node(), b in node()) {
        prop_assert_eq!(changes(&compare(&a, &b)).is_empty(), a == b);
        prop_assert!(changes(&compare(&a, &a.clone())).is_empty());
        prop_assert!(changes(&compare(&a, &b)).iter().all(|change| change.before != change.after));
    }

    #[test]
    fn swapping_swaps_before_and_after(a in node(), b in node()) {
        let said = |x: &Node, y: &Node, swap: bool| {
            let edit = compare(x, y);
            let mut said: Vec<_> = changes(&edit)
                .iter()
                .map(|change| {
                    let (before, after) = (change.before.cloned(), change.after.cloned());
                    (change.path(), if swap { (after, before) } else { (before, after) })
                })
                .collect();
            said.sort();
            said
        };
        prop_assert_eq!(said(&a, &b, false), said(&b, &a, true));
    }
}

fn list(items: Vec<Node>, key: Option<&str>) -> Node {
    let key = Aside(key.map(|name| Arc::new(vec![vec![Arc::from(name)]])));
    Node::List(Elements { items, key })
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn record(fields: &[(u8, Node)]) -> Node {
    object(fields.to_vec(), false)
}

fn places(a: &Node, b: &Node) -> Vec<String> {
    changes(&compare(a, b)).iter().map(Change::place).collect()
}

#[test]
fn a_changed_element_stays_the_same_element() {
    let verdict = |countries: &str, status: &str| record(&[(0, text(countries)), (1, text(status)), (2, Node::Int(1))]);
    let a = list(
        vec![verdict("DE", "Live"), verdict("FR", "Live"), verdict("IT", "Live")],
        None,
    );
    let b = list(
        vec![
            verdict("AT", "Soon"),
            verdict("DE", "Live"),
            verdict("FR", "Blocked"),
            verdict("IT", "Live"),
        ],
        None,
    );
    // One new element, not three changed ones.
    assert_eq!(places(&a, &b), ["", "[1].f1"]);
}

#[test]
fn elements_with_a_key_are_the_same_element_however_much_they_change() {
    let part = |key: i64, rest: i64| record(&[(0, Node::Int(key)), (1, Node::Int(rest)), (2, Node::Int(rest))]);
    let (a, b) = (vec![part(1, 1), part(2, 2)], vec![part(1, 8), part(2, 9)]);
    let expected = ["[0].f2", "[0].f1", "[1].f2", "[1].f1"];
    assert_eq!(
        places(&list(a.clone(), Some("f0")), &list(b.clone(), Some("f0"))),
        expected
    );
    assert_eq!(places(&list(a, None), &list(b, None)), ["", "", "", ""]);
}

#[test]
fn absence_and_null_inside_a_wrapper_are_different() {
    let wrapper = Node::Object(Object {
        fields: Vec::new(),
        wraps: Aside(true),
    });
    let (with, without) = (record(&[(0, wrapper)]), record(&[]));
    assert_eq!(places(&with, &without), ["f0"]);
}

#[test]
fn long_lists_that_have_nothing_in_common_do_not_take_for_ever() {
    let numbers = |from: i64| list((from..from + 200_000).map(Node::Int).collect(), None);
    // By comparing each with each this would take hours.
    assert_eq!(places(&numbers(0), &numbers(1_000_000)).len(), 400_000);
}
