//! What can be said on the command line.

use clap::Parser;
use fixtures::Scale;
use std::path::PathBuf;
use std::time::Duration;

/// The whole pipeline in one process: real titles from source applications through Kafka and incremental producers to two
/// gatekeepers and a web page.
///
/// Stop it at any moment (Ctrl-C, kill -9) and start it again: everything goes on where it stood.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "demo",
    version,
    after_help = "\
EXAMPLES
  demo                                  real titles, until Ctrl-C
  demo --scale tiny --for 20s --json    a short run; the summary as JSON on standard output
  demo --kafka 127.0.0.1:19092          on a real Kafka (cargo xtask kafka start)

EXIT CODES
  0 all went well   1 it ran, but something is not as it should be   2 usage   5 store, Kafka or network"
)]
pub struct Options {
    /// How many titles: tiny (80 videos, 12 countries), real (10,613 videos, 249 countries), full (73,290 videos).
    #[arg(long, default_value = "real")]
    pub scale: Scale,

    /// Stop by itself after this time, and print a summary: 60s, 5m, 1h.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub run_for: Option<Duration>,

    /// Where everything is kept. One directory belongs to one scale and seed.
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub dir: PathBuf,

    /// A real Kafka to use instead of the one inside this process.
    #[arg(long, value_name = "HOST:PORT")]
    pub kafka: Option<String>,

    /// Where the web page is served; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    pub listen: std::net::SocketAddr,

    /// Changes the sources make, per second.
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = rate)]
    pub rate: f64,

    /// Time between the cycles of an incremental producer.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration)]
    pub cadence: Duration,

    /// Time between the cycles of a gatekeeper.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub evaluate_every: Duration,

    /// Time between the sweeps of the sources, beside the one at the start.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub sweep_every: Duration,

    /// What the catalogue and its changes are drawn from.
    #[arg(long, value_name = "N", default_value_t = fixtures::EXAMPLE_SEED)]
    pub seed: u64,

    /// The summary as JSON on standard output.
    #[arg(long)]
    pub json: bool,
}

/// Parses `500ms`, `60s`, `5m`, `2h`, `1d`.
fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit_ms = match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return Err("write a number and ms, s, m, h or d, such as 60s".to_owned()),
    };
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() && number * unit_ms >= 1.0 && number * unit_ms <= 1e12 => {
            Ok(Duration::from_millis((number * unit_ms) as u64))
        }
        _ => Err("write a number and ms, s, m, h or d, such as 60s; at least 1ms".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0 to 100000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert!(
            ["", "60", "s", "-1s", "0s", "1e99d", "NaNs"]
                .into_iter()
                .all(|text| duration(text).is_err())
        );
    }
}
