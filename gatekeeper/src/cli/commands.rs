//! What each command does.

use super::{Data, EvaluateArguments, Failure, ReplayArguments, ReportKind, ReportOptions, RunArguments, policy};
use gatekeeper::inputs::{DATASETS, InputStates};
use gatekeeper::liveness::{self, Liveness};
use gatekeeper::policy::Policy;
use gatekeeper::report;
use gatekeeper::runner::replay;
use gatekeeper::runner::{InputSet, Outcome};
use gatekeeper::service::{self, Cycles, Service, Settings, Stores, now_ms};
use gatekeeper::status::Status;
use gatekeeper::view::{LivenessView, Summary};
use gatekeeper::web::{Names, Site, router};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::producer::Producer;
use hollow::store::Store;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let mut settings = match (&arguments.config, &arguments.data) {
        (Some(config), _) => Settings::read(config)?,
        (None, Some(data)) => Settings::in_data(data, arguments.role.into()),
        (None, None) => return Err(Failure::usage("give --config FILE or --data DIR")),
    };
    settings.listen = arguments.listen.or(settings.listen);
    let site = Site::new(now_ms);
    if arguments.once {
        let report = Cycles::new(&settings, site, false)?.run(now_ms())?;
        return match report.outcome {
            Outcome::Published { version, .. } => {
                println!("published {version}");
                Ok(ExitCode::SUCCESS)
            }
            Outcome::Unchanged => {
                println!("unchanged");
                Ok(ExitCode::SUCCESS)
            }
            Outcome::Waiting(missing) => Err(Failure::not_found(format!("no state yet of {}", missing.join(", ")))),
        };
    }
    let service = Service::start(&settings, site.clone(), true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let Some(listen) = settings.listen else {
            return tokio::signal::ctrl_c().await;
        };
        let listener = tokio::net::TcpListener::bind(listen).await?;
        tracing::info!(address = %listener.local_addr()?, "serving pages");
        let stop = async {
            // Without a signal handler the pages are served until the process is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        axum::serve(listener, router(site)).with_graceful_shutdown(stop).await
    })?;
    service.stop();
    Ok(ExitCode::SUCCESS)
}

pub(super) fn evaluate(arguments: &EvaluateArguments) -> Result<ExitCode, Failure> {
    let at = arguments.at.as_deref().map_or(Ok(now_ms()), instant)?;
    let mut inputs = service::inputs(&arguments.data.stores());
    inputs.refresh(at);
    let states = ready(&inputs)?;
    let mut liveness = Liveness::new(policy(&arguments.policy)?);
    let start = std::time::Instant::now();
    let states = InputStates::from_list(&states).ok_or_else(|| Failure::usage("six inputs are needed"))?;
    let (prepared, verdicts) = liveness.verdicts(&states, at)?;
    let took = start.elapsed();
    // The reports read states, so the records become one, in memory.
    let records = liveness::records(&prepared, &verdicts).map_err(|error| Failure::usage(error.to_string()))?;
    let digest = records.digest();
    let producer = Producer::builder(liveness::dataset(), Store::memory())
        .root(liveness::ROOT)
        .build();
    let mut producer = producer.map_err(service::ServiceError::Producer)?;
    let published = producer.run_cycle(|cycle| {
        cycle.tag(gatekeeper::runner::tag_names::INSTANT, &at.to_string());
        cycle.tag(gatekeeper::runner::tag_names::POLICY, &liveness.policy().id());
        Ok(records.write(cycle.engine())?)
    });
    published.map_err(service::ServiceError::Producer)?;
    let state = producer.state().ok_or_else(|| Failure::not_found("no output"))?;
    let view = LivenessView::bind(state)?;
    let names = Names::read(&states.titles, &states.countries)
        .map_err(|error| Failure::from(gatekeeper::inputs::InputError::from(error)))?;
    eprintln!("evaluated in {} ms, digest {digest}", took.as_millis());
    match &arguments.title {
        None => print(&report::overview(&view, &Summary::of(&view)), arguments.json),
        Some(title) => title_report(&view, &names, title, arguments.json),
    }
}

/// Epoch milliseconds, or an instant by RFC 3339.
fn instant(text: &str) -> Result<i64, Failure> {
    if let Ok(milliseconds) = text.parse() {
        return Ok(milliseconds);
    }
    let timestamp: Result<jiff::Timestamp, _> = text.parse();
    timestamp.map(|timestamp| timestamp.as_millisecond()).map_err(|_| {
        Failure::usage(format!(
            "--at takes epoch milliseconds or an instant like 2026-11-22T18:00:00Z, found={text}"
        ))
    })
}

fn ready(inputs: &InputSet) -> Result<Vec<std::sync::Arc<hollow::read::ReadState>>, Failure> {
    inputs.states().map_err(|missing| {
        let why = |name: &String| {
            let status = inputs.status().into_iter().find(|input| input.name == *name);
            let error = status.and_then(|input| input.error);
            format!(
                "{name}: {}",
                error.unwrap_or_else(|| "nothing is announced yet".to_owned())
            )
        };
        let all: Vec<String> = missing.iter().map(why).collect();
        Failure::not_found(format!("inputs without a state: {}; see --data", all.join("; ")))
    })
}

/// The state of a report, with its figures and names.
struct Loaded {
    view: LivenessView,
    summary: Summary,
    names: Names,
}

fn load(options: &ReportOptions) -> Result<Loaded, Failure> {
    let stores = options.data.stores();
    let consumer = output(&options.data, &stores)?;
    match options.at {
        Some(version) => drop(consumer.refresh_to(Version(version))?),
        None => drop(consumer.refresh()?),
    }
    let state = consumer.state();
    let state =
        state.ok_or_else(|| Failure::not_found(format!("nothing is announced in {}", options.data.dataset())))?;
    let view = LivenessView::bind(state)?;
    Ok(Loaded {
        summary: Summary::of(&view),
        names: names(&stores, &view),
        view,
    })
}

fn output(data: &Data, stores: &Stores) -> Result<Consumer, Failure> {
    Ok(Consumer::builder(stores.open(data.dataset())?).build()?)
}

/// Names as they were in the inputs of the state, or as they are now; without them videos are shown by id.
fn names(stores: &Stores, view: &LivenessView) -> Names {
    let versions = view.inputs();
    let read = |dataset: &str| {
        let consumer = Consumer::builder(stores.open(dataset).ok()?).build().ok()?;
        let version = versions.get(dataset).copied();
        let moved = version.and_then(|version| consumer.refresh_to(Version(version)).ok());
        if moved.is_none() {
            consumer.refresh().ok()?;
        }
        consumer.state()
    };
    let states = read("titles").zip(read("countries"));
    states
        .and_then(|(titles, countries)| Names::read(&titles, &countries).ok())
        .unwrap_or_default()
}

pub(super) fn report(kind: &ReportKind) -> Result<ExitCode, Failure> {
    match kind {
        ReportKind::Overview { options } => {
            let loaded = load(options)?;
            print(&report::overview(&loaded.view, &loaded.summary), options.json)
        }
        ReportKind::Title { title, options } => {
            let loaded = load(options)?;
            title_report(&loaded.view, &loaded.names, title, options.json)
        }
        ReportKind::Country { code, options } => {
            let loaded = load(options)?;
            let report = report::country(&loaded.view, &loaded.summary, &loaded.names, &code.to_ascii_uppercase());
            let report = report.ok_or_else(|| Failure::not_found(format!("no such country in this state: {code}")))?;
            print(&report, options.json)
        }
        ReportKind::Launches { options } => {
            let loaded = load(options)?;
            print(
                &report::launches(&loaded.view, &loaded.summary, &loaded.names),
                options.json,
            )
        }
    }
}

fn title_report(view: &LivenessView, names: &Names, title: &str, json: bool) -> Result<ExitCode, Failure> {
    let by_id = title.parse().ok().filter(|video| view.find(*video).is_some());
    let video = match (by_id, names.exactly(title).as_slice()) {
        (Some(video), _) => video,
        (None, [video]) => *video,
        (None, []) => {
            return Err(Failure::not_found(format!(
                "no video has this id or exact name: {title}"
            )));
        }
        (None, several) => {
            let ids: Vec<String> = several.iter().map(i64::to_string).collect();
            return Err(Failure::usage(format!(
                "several videos are called {title}; give an id: {}",
                ids.join(", ")
            )));
        }
    };
    let report = report::title(view, names, video);
    let report = report.ok_or_else(|| Failure::not_found(format!("this state does not have video {video}")))?;
    let live = [Status::Live, Status::LiveWithGaps]
        .iter()
        .any(|status| report.cells.get(status.name()) > Some(&0));
    print(&report, json)?;
    Ok(if live { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(super) fn replay(arguments: &ReplayArguments) -> Result<ExitCode, Failure> {
    let stores = arguments.data.stores();
    let consumer = output(&arguments.data, &stores)?;
    let version = Version(arguments.version);
    let policy = match &arguments.policy {
        Some(name) => policy(name)?,
        None => {
            let named = replay::policy_of(&consumer, version)?;
            let built_in = [Policy::default_policy(), Policy::candidate_policy()];
            let found = built_in.into_iter().find(|policy| Some(policy.id()) == named);
            found.ok_or_else(|| {
                let named = named.unwrap_or_else(|| "none".to_owned());
                Failure::usage(format!(
                    "version {version} was made with policy {named}; give its file with --policy"
                ))
            })?
        }
    };
    let mut inputs = service::inputs(&stores);
    let mut liveness = Liveness::new(policy);
    let replay = replay::replay(&consumer, version, liveness::ROOT, &mut inputs, &mut liveness, now_ms())?;
    print(&replay_text(&replay), arguments.json)?;
    Ok(if replay.is_equal() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

#[derive(Serialize)]
struct ReplayText<'r> {
    schema: u32,
    equal: bool,
    #[serde(flatten)]
    replay: &'r replay::Replay,
}

fn replay_text(replay: &replay::Replay) -> ReplayText<'_> {
    ReplayText {
        schema: 1,
        equal: replay.is_equal(),
        replay,
    }
}

impl Display for ReplayText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let replay = self.replay;
        let word = if self.equal { "equal" } else { "DIFFERENT" };
        writeln!(
            f,
            "version {} made again from {} inputs: {word}",
            replay.version,
            DATASETS.len()
        )?;
        for (name, version) in &replay.inputs {
            writeln!(f, "  in.{name:<10} {version}")?;
        }
        writeln!(f, "  instant      {}", replay.instant)?;
        writeln!(f, "  policy       {}", replay.policy[0])?;
        let [named, at_hand] = &replay.logic;
        let note = if named == at_hand {
            String::new()
        } else {
            format!(" (this program: {at_hand})")
        };
        writeln!(f, "  logic        {named}{note}")?;
        writeln!(f, "  named        {}", replay.named)?;
        writeln!(f, "  stored       {}", replay.stored)?;
        writeln!(f, "  made again   {}", replay.replayed)
    }
}

/// Prints a report. A reader that goes away is no failure.
fn print<R: Serialize + Display>(report: &R, json: bool) -> Result<ExitCode, Failure> {
    let text = if json {
        format!("{}\n", serde_json::to_string_pretty(report)?)
    } else {
        report.to_string()
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
