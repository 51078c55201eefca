//! Giving back the memory of states, off the threads that read.
//!
//! The last handle of a large state stands for tens of thousands of pages; giving them back takes milliseconds. Whoever
//! drops it hands it to one thread of this process instead, unless that one is far behind or the state is small.

use super::derived::Derived;
use super::type_state::TypeReadState;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;

/// The types of a state and what is derived from them. Whoever drops the last handle does not wait for the memory to be
/// given back.
#[derive(Clone)]
pub(super) struct Types {
    types: Option<Arc<Vec<TypeReadState>>>, // `None` while it is dropped
    pub(super) derived: Option<Arc<dyn Derived>>,
}

impl From<Vec<TypeReadState>> for Types {
    fn from(mut types: Vec<TypeReadState>) -> Self {
        types.shrink_to_fit();
        Self {
            types: Some(Arc::new(types)),
            derived: None,
        }
    }
}

impl Deref for Types {
    type Target = [TypeReadState];

    #[inline]
    fn deref(&self) -> &[TypeReadState] {
        self.types.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl Drop for Types {
    fn drop(&mut self) {
        if let Some(types) = self.types.take().and_then(Arc::into_inner) {
            give_back(types, self.derived.take());
        }
    }
}

/// Pages up to which a state is given back at once.
const SMALL: u32 = if cfg!(test) { 2 } else { 256 };
/// States that wait to be given back at most; beyond, whoever drops one gives it back.
const WAITING: usize = 1024;

enum Message {
    State(Vec<TypeReadState>, Option<Arc<dyn Derived>>),
    /// Everything before it is to be done.
    Tell(SyncSender<()>),
}

static WAITING_NOW: AtomicUsize = AtomicUsize::new(0);

fn give_back(types: Vec<TypeReadState>, derived: Option<Arc<dyn Derived>>) {
    let pages: u32 = types.iter().map(TypeReadState::num_pages).fold(0, u32::saturating_add);
    if pages <= SMALL {
        return;
    }
    let Some(reclaimer) = reclaimer() else { return };
    WAITING_NOW.fetch_add(1, Ordering::Relaxed);
    if reclaimer.try_send(Message::State(types, derived)).is_err() {
        WAITING_NOW.fetch_sub(1, Ordering::Relaxed); // given back here, with the message
    }
}

/// `None` if the thread could not be started.
fn reclaimer() -> Option<&'static SyncSender<Message>> {
    static RECLAIMER: OnceLock<Option<SyncSender<Message>>> = OnceLock::new();
    let start = || {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("hollow-reclaim".to_owned());
        thread.spawn(move || run(&receiver)).ok().map(|_| sender)
    };
    RECLAIMER.get_or_init(start).as_ref()
}

fn run(receiver: &Receiver<Message>) {
    for message in receiver {
        match message {
            Message::State(types, derived) => {
                drop((types, derived));
                WAITING_NOW.fetch_sub(1, Ordering::Relaxed);
            }
            Message::Tell(done) => drop(done.send(())),
        }
    }
}

/// How many dropped states are waiting to be given back, at the moment.
pub fn states_to_release() -> usize {
    WAITING_NOW.load(Ordering::Relaxed)
}

/// Waits until the memory of all states dropped so far is given back. For measuring and tests: nobody has to.
pub fn wait_for_release() {
    if states_to_release() == 0 {
        return;
    }
    let (done, wait) = sync_channel(1);
    if reclaimer().is_some_and(|reclaimer| reclaimer.send(Message::Tell(done)).is_ok()) {
        let _ = wait.recv();
    }
}
