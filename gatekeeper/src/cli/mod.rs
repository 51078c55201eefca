//! Commands and what they answer.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 done and the answer is no, 2 usage,
//! 3 not found, 4 data invalid, 5 store or network, 6 refused.

mod commands;
mod failure;

pub(crate) use failure::Failure;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gatekeeper::policy::Policy;
use gatekeeper::service::settings::read_policy;
use gatekeeper::service::{LIVENESS, LIVENESS_PREPROD, RoleName, Stores};
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Decides which video may be shown in which country, and says what is missing where it may not.
#[derive(Parser, Debug)]
#[command(
    version,
    about,
    after_help = "Examples:\n  gatekeeper run --config gatekeeper.toml\n  gatekeeper report title 40560 --data demo\n  \
                  gatekeeper replay --version 20261122184500123 --data demo"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Say more; RUST_LOG wins.
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Evaluate again and again, publish what changed, and serve the pages.
    Run(RunArguments),
    /// Evaluate once, now, without publishing.
    Evaluate(EvaluateArguments),
    /// Print a report from a stored state.
    #[command(subcommand)]
    Report(ReportKind),
    /// Make a stored output again from its inputs and compare the digests.
    Replay(ReplayArguments),
    /// Check a policy and print its id.
    Policy(PolicyArguments),
}

#[derive(Args, Debug)]
struct RunArguments {
    /// Configuration file; without it, --data is enough.
    #[arg(long, env = "GATEKEEPER_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory, or s3://bucket/prefix?options, with store/<dataset>.
    #[arg(long, env = "GATEKEEPER_DATA", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// Lead (PROD) or follow (PREPROD), with --data.
    #[arg(long, value_enum, default_value = "lead", conflicts_with = "config")]
    role: RoleArgument,
    /// Where to serve the pages.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Do one cycle and end.
    #[arg(long)]
    once: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArgument {
    Lead,
    Follow,
}

impl From<RoleArgument> for RoleName {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Lead => RoleName::Lead,
            RoleArgument::Follow => RoleName::Follow,
        }
    }
}

#[derive(Args, Debug)]
struct Data {
    /// Data directory, or s3://bucket/prefix?options, with store/<dataset>.
    #[arg(long, env = "GATEKEEPER_DATA", default_value = ".")]
    data: PathBuf,
    /// The store of the liveness dataset, if it is elsewhere.
    #[arg(long, env = "HOLLOW_STORE")]
    store: Option<PathBuf>,
    /// The environment.
    #[arg(long, value_enum, default_value = "prod")]
    env: EnvArgument,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EnvArgument {
    Prod,
    Preprod,
}

impl Data {
    fn dataset(&self) -> &'static str {
        match self.env {
            EnvArgument::Prod => LIVENESS,
            EnvArgument::Preprod => LIVENESS_PREPROD,
        }
    }

    fn stores(&self) -> Stores {
        let stores = Stores::in_data(&self.data);
        match &self.store {
            Some(store) => stores.with(self.dataset(), store),
            None => stores,
        }
    }
}

#[derive(Args, Debug)]
struct EvaluateArguments {
    #[command(flatten)]
    data: Data,
    /// Only this title: an id or an exact name.
    title: Option<String>,
    /// The policy: a file, `prod` or `candidate`.
    #[arg(long, default_value = "prod")]
    policy: String,
    /// The instant: epoch milliseconds or RFC 3339. Default: now.
    #[arg(long)]
    at: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct ReportOptions {
    #[command(flatten)]
    data: Data,
    /// The version. Default: the announced one.
    #[arg(long)]
    at: Option<i64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum ReportKind {
    /// Everything in figures.
    Overview {
        #[command(flatten)]
        options: ReportOptions,
    },
    /// One title in every country. Exit code 1 if it is live nowhere.
    Title {
        /// Its id or exact name.
        title: String,
        #[command(flatten)]
        options: ReportOptions,
    },
    /// What is blocked or at risk in a country.
    Country {
        /// Its code, such as KR.
        code: String,
        #[command(flatten)]
        options: ReportOptions,
    },
    /// What opens within seven days.
    Launches {
        #[command(flatten)]
        options: ReportOptions,
    },
}

#[derive(Args, Debug)]
struct ReplayArguments {
    #[command(flatten)]
    data: Data,
    /// The version of the output.
    #[arg(long)]
    version: i64,
    /// The policy it was made with: a file, `prod` or `candidate`. Default: the built-in one that it names.
    #[arg(long)]
    policy: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct PolicyArguments {
    /// A file, `prod` or `candidate`.
    policy: String,
}

/// A policy by name or file.
fn policy(name: &str) -> Result<Policy, Failure> {
    match name {
        "prod" => Ok(Policy::default_policy()),
        "candidate" => Ok(Policy::candidate_policy()),
        path => Ok(read_policy(&PathBuf::from(path))?),
    }
}

/// Does what the arguments ask for.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let level = if arguments.verbose { "debug" } else { "info" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr)
        .init();
    match arguments.command {
        Command::Run(arguments) => commands::run(&arguments),
        Command::Evaluate(arguments) => commands::evaluate(&arguments),
        Command::Report(kind) => commands::report(&kind),
        Command::Replay(arguments) => commands::replay(&arguments),
        Command::Policy(arguments) => {
            println!("{}", policy(&arguments.policy)?.id());
            Ok(ExitCode::SUCCESS)
        }
    }
}
