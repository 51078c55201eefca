//! Starts everything, watches it, stops it in the order in which data flows, and adds up.

use crate::board::Board;
use crate::broker::Broker;
use crate::directory::Directory;
use crate::gatekeepers::Gatekeepers;
use crate::options::Options;
use crate::sources::{Habits, Progress, Sources, now_ms};
use crate::summary::{self, Summary};
use crate::{page, producers, verify};
use anyhow::{Context, Result};
use fixtures::{DatasetId, SourceDb};
use gatekeeper::web::Site;
use incremental_producer::client::ClientSettings;
use incremental_producer::emit::{Delivered, Emitter, Pace};
use incremental_producer::service::{DatasetHandle, Phase};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Sources written in Rust; the others send JSON.
const COMPACT: [DatasetId; 2] = [DatasetId::Assets, DatasetId::Texts];

/// How long to wait for what is under way when stopping.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the demo.
pub fn run(options: &Options) -> Result<Summary> {
    let begun = Instant::now();
    let directory = Directory::open(&options.dir)?;
    let stop = stop_flag()?;
    say(&format!("sources: opening the catalogue ({})", options.scale));
    let as_of = SourceDb::started_as_of(&directory.source())?.unwrap_or_else(now_ms);
    let db = SourceDb::open(&directory.source(), options.scale, options.seed, as_of)?;
    let topics: HashMap<DatasetId, String> = DatasetId::ALL
        .iter()
        .map(|&id| (id, directory.topic(id.name())))
        .collect();
    let broker = Broker::open(options.kafka.as_deref(), &topics.values().cloned().collect::<Vec<_>>())?;
    say(&format!("kafka: {}", broker.describe()));

    let site = Site::new(now_ms);
    let address = page::serve(&site, options.listen)?;
    say(&format!("page: http://{address}/"));

    let board = Arc::new(Board::default());
    let pace = Arc::new(Pace::new(broker.pace_bytes()));
    let producers = producers::start(&directory, &broker, options.cadence, &pace, &board)?;
    let progress = Arc::new(Progress::default());
    let sources = Sources {
        db,
        emitter: Arc::new(emitter(&broker, &topics, &pace, &board)?),
        codecs: DatasetId::ALL
            .iter()
            .map(|&id| Ok((id, producers::codec(id)?)))
            .collect::<Result<_>>()?,
        compact: COMPACT.to_vec(),
        topics,
        progress: progress.clone(),
    };
    let emitter = sources.emitter.clone();
    let habits = Habits {
        rate: options.rate,
        sweep_every: options.sweep_every,
    };
    let sources = std::thread::Builder::new()
        .name("sources".to_owned())
        .spawn(move || sources.run(habits))?;

    let mut watch = Watch {
        options,
        board: &board,
        progress: &progress,
        begun,
        last_line: None,
    };
    let mut gatekeepers: Option<Gatekeepers> = None;
    loop {
        let is_over = options.run_for.is_some_and(|time| begun.elapsed() >= time);
        if is_over || stop.load(SeqCst) || sources.is_finished() || producers.iter().any(is_halted) {
            break;
        }
        if !progress.loaded.load(SeqCst) && progress.sweeps.load(SeqCst) > 0 && board.notes().is_caught_up() {
            progress.loaded.store(true, SeqCst);
            say(&format!(
                "loaded: the first sweep is folded after {:.1} s",
                begun.elapsed().as_secs_f64()
            ));
        }
        // An evaluation of half a catalogue helps nobody; a catalogue that was there before is whole.
        if gatekeepers.is_none() && (progress.loaded.load(SeqCst) || continues(&board)) {
            gatekeepers = Some(Gatekeepers::start(
                directory.root(),
                options.evaluate_every,
                &board,
                &site,
            )?);
        }
        watch.line();
        std::thread::sleep(Duration::from_millis(50));
    }

    say("stopping: sources first, then what they sent is folded and evaluated");
    progress.stop.store(true, SeqCst);
    let loaded = progress.loaded.load(SeqCst);
    if !loaded {
        pace.close(); // the sources may be waiting for room; what they did not send, the next sweep sends
    }
    let db = match sources.join() {
        Ok(db) => db.context("the sources failed")?,
        Err(_) => anyhow::bail!("the sources panicked"),
    };
    if let Err(error) = emitter.flush(PATIENCE) {
        board.error(error.to_string());
    }
    wait_until_settled(&board, &producers);
    producers.iter().for_each(DatasetHandle::stop);
    producers.into_iter().for_each(DatasetHandle::join);
    if let Some(gatekeepers) = gatekeepers {
        gatekeepers.finish(&board);
    }
    let mut verified = Vec::new();
    if loaded {
        for id in DatasetId::ALL {
            say(&format!("checking: {id} against its source"));
            verified.push(verify::verify(&db, id, &directory.store(id.name()))?);
        }
    }
    summary::sum_up(options, &directory, &board, &progress, verified, begun.elapsed())
}

fn emitter(
    broker: &Broker,
    topics: &HashMap<DatasetId, String>,
    pace: &Arc<Pace>,
    board: &Arc<Board>,
) -> Result<Emitter> {
    let by_topic: HashMap<String, &'static str> = topics.iter().map(|(id, topic)| (topic.clone(), id.name())).collect();
    let board = board.clone();
    let on_delivery = move |message: &Delivered| {
        if let Some(dataset) = by_topic.get(&message.topic) {
            board.delivered(dataset, message);
        }
    };
    let client = ClientSettings::default();
    Ok(Emitter::new(
        broker.servers(),
        &client,
        Some(pace.clone()),
        Some(Arc::new(on_delivery)),
    )?)
}

fn is_halted(producer: &DatasetHandle) -> bool {
    producer.status().phase == Phase::Halted || producer.is_finished()
}

/// Whether every chain was there when the demo began.
fn continues(board: &Board) -> bool {
    let notes = board.notes();
    notes.datasets.len() == DatasetId::ALL.len()
        && notes.datasets.values().all(|dataset| dataset.continued_from.is_some())
}

/// Until every dataset has come as far as its log: one that fails may come back, such as when a broker has just started.
fn wait_until_settled(board: &Board, producers: &[DatasetHandle]) {
    let deadline = Instant::now() + PATIENCE;
    while !board.notes().is_settled() {
        if Instant::now() >= deadline || producers.iter().any(is_halted) {
            if !board.notes().is_caught_up() {
                board.error("not everything that was sent was folded");
            }
            return; // what still fails, the summary says
        }
        producers.iter().for_each(DatasetHandle::cycle_now);
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Set by Ctrl-C and by SIGTERM; a second one ends the process at once.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
                return;
            };
            loop {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                if flag.swap(true, SeqCst) {
                    std::process::exit(130);
                }
            }
        });
    })?;
    Ok(stop)
}

fn say(what: &str) {
    eprintln!("{what}");
}

/// Prints what is going on: every second on a terminal, every ten elsewhere.
struct Watch<'a> {
    options: &'a Options,
    board: &'a Board,
    progress: &'a Progress,
    begun: Instant,
    last_line: Option<Instant>,
}

impl Watch<'_> {
    fn line(&mut self) {
        use std::io::IsTerminal;
        let every = Duration::from_secs(if std::io::stderr().is_terminal() { 2 } else { 10 });
        if self.last_line.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        self.last_line = Some(Instant::now());
        let notes = self.board.notes();
        let folded: u64 = notes.datasets.values().map(|dataset| dataset.messages).sum();
        let states: u64 = notes.datasets.values().map(|dataset| dataset.states).sum();
        let mut line = format!(
            "{:>4} s  sent {} + {} changes, folded {folded}, input states {states}",
            self.begun.elapsed().as_secs(),
            self.progress.swept.load(SeqCst),
            self.progress.changes.load(SeqCst),
        );
        for (name, gatekeeper) in &notes.gatekeepers {
            let last = gatekeeper.evaluate_ms.last().copied().unwrap_or_default();
            line.push_str(&format!(", {name} {} states ({last} ms)", gatekeeper.states));
        }
        if let (Some(p50), Some(p99)) = (notes.freshness.percentile_ms(0.5), notes.freshness.percentile_ms(0.99)) {
            line.push_str(&format!(", freshness p50 {p50} ms p99 {p99} ms"));
        }
        if let Some(time) = self.options.run_for {
            line.push_str(&format!("  (of {} s)", time.as_secs()));
        }
        drop(notes);
        say(&line);
    }
}
