//! The moments as they are when they are built in.

use super::{Point, ProducerBuilder};
use hollow::producer::Step;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Environment variable: where to die, `name:n`.
pub const CRASH_AT: &str = "CRASH_AT";
/// Environment variable: where to stand still, `name:n`.
pub const STOP_AT: &str = "STOP_AT";
/// Environment variable: the file with the seconds by which the clock is wrong.
pub const CLOCK_OFFSET: &str = "CLOCK_OFFSET";

impl Point {
    const ALL: [Point; 10] = [
        Point::Restored,
        Point::CycleBegun,
        Point::Planned,
        Point::MessageFolded,
        Point::LetterPut,
        Point::AllRead,
        Point::LettersSettled,
        Point::Filled,
        Point::Published,
        Point::CycleOver,
    ];

    fn name(self) -> &'static str {
        match self {
            Point::Restored => "service-restored",
            Point::CycleBegun => "cycle-begun",
            Point::Planned => "cycle-planned",
            Point::MessageFolded => "message-folded",
            Point::LetterPut => "letter-put",
            Point::AllRead => "all-read",
            Point::LettersSettled => "letters-settled",
            Point::Filled => "cycle-filled",
            Point::Published => "cycle-published",
            Point::CycleOver => "cycle-over",
        }
    }
}

/// The names of all moments.
pub fn names() -> Vec<String> {
    let steps = Step::ALL.iter().map(Step::to_string);
    steps
        .chain(Point::ALL.iter().map(|point| point.name().to_owned()))
        .collect()
}

/// What happens at the n-th time that a moment is reached.
#[derive(Debug)]
struct Armed {
    name: String,
    nth: u64,
    reached: AtomicU64,
    act: fn(),
}

impl Armed {
    fn from_environment() -> Option<Self> {
        let read = |variable| std::env::var(variable).ok();
        let (variable, text, act): (_, _, fn()) = match (read(CRASH_AT), read(STOP_AT)) {
            (Some(text), _) => (CRASH_AT, text, die),
            (None, Some(text)) => (STOP_AT, text, stop),
            (None, None) => return None,
        };
        let (name, nth) = text.split_once(':').unwrap_or((&text, "1"));
        let known = names().iter().any(|known| known == name);
        let nth = nth.parse().ok().filter(|nth| *nth > 0 && known);
        let nth = nth.unwrap_or_else(|| {
            // A test that arms nothing would prove nothing.
            eprintln!("{variable}={text} names no moment; there are: {}", names().join(", "));
            std::process::exit(2)
        });
        Some(Self {
            name: name.to_owned(),
            nth,
            reached: AtomicU64::new(0),
            act,
        })
    }
}

fn armed() -> Option<&'static Armed> {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    ARMED.get_or_init(Armed::from_environment).as_ref()
}

/// Ends this process with nothing written or flushed.
fn die() {
    std::process::abort();
}

/// Stops this process until somebody wakes it.
fn stop() {
    let id = std::process::id().to_string();
    let sent = std::process::Command::new("kill").args(["-STOP", &id]).status();
    if !sent.as_ref().is_ok_and(|status| status.success()) {
        eprintln!("cannot stop: {sent:?}");
        std::process::exit(2);
    }
    // The signal takes effect when the system gets to it, and nothing may happen before.
    std::thread::sleep(Duration::from_secs(1));
}

fn reach_named(name: &str) {
    if let Some(armed) = armed()
        && armed.name == name
        && armed.reached.fetch_add(1, Ordering::SeqCst) + 1 == armed.nth
    {
        eprintln!("reached {name}:{}", armed.nth);
        (armed.act)();
    }
}

/// The service has got here.
pub(crate) fn reach(point: Point) {
    reach_named(point.name());
}

/// A producer with its moments and its clock.
pub(crate) fn arm(builder: ProducerBuilder) -> ProducerBuilder {
    let builder = match armed() {
        None => builder,
        Some(_) => builder.fail_point(|step| {
            reach_named(&step.to_string());
            Ok(())
        }),
    };
    match std::env::var_os(CLOCK_OFFSET) {
        None => builder,
        Some(file) => builder.clock(move || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let seconds: i64 = text.trim().parse().unwrap_or(0);
            let by = Duration::from_secs(seconds.unsigned_abs());
            let now = SystemTime::now();
            if seconds < 0 { now - by } else { now + by }
        }),
    }
}
