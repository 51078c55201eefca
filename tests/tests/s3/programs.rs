//! Programs that are told a location: `hollow`'s commands, the gatekeeper, the diff tool.

use crate::{BUCKET, item, producer};
use anyhow::{Context, Result, ensure};
use clap::Parser;
use diff_tool::cli::Cli;
use fixtures::{DatasetId, EXAMPLE_AS_OF, catalogue::tiny_jsonl};
use gatekeeper::runner::Outcome;
use gatekeeper::service::{LIVENESS, Settings, runner};
use hollow::consumer::Consumer;
use hollow::producer::Producer;
use hollow::record::json;
use hollow::schema::Dataset;
use hollow::store::Store;
use std::path::Path;
use std::process::Command;
use xtask::s3::S3Server;

/// A location in a server's bucket; the keys stand in a file.
fn location(server: &S3Server, directory: &Path, prefix: &str) -> Result<String> {
    let keys = directory.join("keys");
    let (access, secret) = S3Server::OWNER;
    std::fs::write(
        &keys,
        format!("[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"),
    )?;
    Ok(format!(
        "s3://{BUCKET}/{prefix}?endpoint={}&credentials-file={}",
        server.endpoint(),
        keys.display()
    ))
}

/// Runs `hollow`: its exit code, and what it said on both ways.
fn hollow(arguments: &[&str]) -> Result<(i32, String, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_hollow-under-test"))
        .args(arguments)
        .env_remove("HOLLOW_STORE")
        .output()?;
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(!err.contains(S3Server::OWNER.1), "a secret is shown: {err}");
    Ok((output.status.code().context("it was killed")?, out, err))
}

fn done(arguments: &[&str]) -> Result<String> {
    let (code, out, err) = hollow(arguments)?;
    ensure!(code == 0, "{arguments:?}: {code}: {err}");
    Ok(out)
}

/// Records without ordinals, whatever their order.
fn lines(store: &str) -> Result<Vec<String>> {
    let out = done(&["dump", "--store", store, "--lines"])?;
    let mut lines: Vec<String> = out.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

#[test]
fn hollow_makes_and_reads_stores_at_any_location() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("commands of hollow on a real S3 server", &[BUCKET])? else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let at = |prefix: &str| location(&server, directory.path(), prefix);
    let (schema, records) = (directory.path().join("schema"), directory.path().join("records"));
    std::fs::write(&schema, "Item @PrimaryKey(id) { long id; string text; }")?;
    let text: String = (0..40)
        .map(|id| format!("{{\"id\":{id},\"text\":\"item {id}\"}}\n"))
        .collect();
    std::fs::write(&records, text)?;
    let (schema, records) = (schema.display().to_string(), records.display().to_string());
    let load = |to: &str| hollow(&["load", "--to", to, "--schema", &schema, "--type", "Item", &records]);

    let items = at("made/items")?;
    let (code, out, err) = load(&items)?;
    ensure!(code == 0 && out.contains("40 records"), "{out}{err}");
    let all = lines(&items)?;
    ensure!(all.len() == 40, "{all:?}");
    // What is there is never changed.
    let before = done(&["checksum", "--store", &items])?;
    let (code, _, err) = load(&items)?;
    ensure!(code == 6 && err.contains("a store already"), "{code} {err}");
    ensure!(done(&["checksum", "--store", &items])? == before);

    let (parts, whole) = (at("made/parts")?, at("made/whole")?);
    done(&["split", "--store", &items, "--parts", "2", "--to", &parts])?;
    let part = |number: usize| Store::below(&parts, &format!("part-{number}"));
    let (first, second) = (lines(&part(0))?, lines(&part(1))?);
    ensure!(!first.is_empty() && !second.is_empty() && first.len() + second.len() == 40);
    let (code, _, _) = hollow(&["split", "--store", &items, "--parts", "2", "--to", &parts])?;
    ensure!(code == 6, "{code}");
    done(&["combine", "--store", &part(0), "--with", &part(1), "--to", &whole])?;
    ensure!(lines(&whole)? == all);
    // From a bucket to a directory and back.
    let (here, there) = (directory.path().join("here").display().to_string(), at("made/there")?);
    done(&["filter", "--store", &items, "--without", "Item.text", "--to", &here])?;
    done(&["copy", "--store", &here, "--to", &there, "Item:7"])?;
    let copied = lines(&there)?;
    ensure!(copied.len() == 1 && !copied[0].contains("text"), "{copied:?}");
    done(&["verify", "--store", &whole, "--deep"])?;

    // What makes files, or another's layout, needs a directory; nothing is asked, and nothing made.
    for refused in [
        &["rewrite", "--store", &items, "--to", &at("made/x")?][..],
        &[
            "copy",
            "--store",
            &items,
            "--layout",
            "java",
            "--to",
            &at("made/x")?,
            "Item:7",
        ],
        &["load", "--to", "gs://bucket/x", &records],
    ] {
        let (code, _, err) = hollow(refused)?;
        ensure!(code == 2 && err.contains("director"), "{refused:?}: {code} {err}");
    }
    ensure!(!Path::new("s3:").exists(), "a location was taken for a directory");
    Ok(())
}

#[test]
fn the_diff_tool_compares_states_of_a_bucket() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("the diff tool on a real S3 server", &[BUCKET])? else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let location = location(&server, directory.path(), "compared")?;
    let mut producer = producer(&Store::open_at(&location)?)?;
    for text in ["before", "after"] {
        producer.run_incremental_cycle(|cycle| {
            cycle.upsert("Item", &item(1, "the same"))?;
            Ok(cycle.upsert("Item", &item(2, text)).map(drop)?)
        })?;
    }
    let report = directory.path().join("report.json");
    let before = format!("{location}@~1");
    let arguments = ["diff-tool", before.as_str(), location.as_str(), "--json", "--out"];
    let compare = |arguments: &[&str]| {
        let cli = Cli::try_parse_from(arguments.iter().copied().chain([report.to_str().unwrap_or_default()]))?;
        cli.run().map_err(|failure| anyhow::anyhow!("{}", failure.message))
    };
    ensure!(compare(&arguments)? == 1, "they differ");
    let said = std::fs::read_to_string(&report)?;
    ensure!(
        said.contains("before") && said.contains("after") && !said.contains("the same"),
        "{said}"
    );
    ensure!(!said.contains(S3Server::OWNER.1), "a secret is shown");
    ensure!(compare(&["diff-tool", &location, &location, "--json", "--out"])? == 0);
    Ok(())
}

#[test]
fn the_gatekeeper_reads_from_a_bucket_and_publishes_to_it() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("the gatekeeper on a real S3 server", &[BUCKET])? else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let data = location(&server, directory.path(), "gate")?;
    for id in DatasetId::ALL {
        let input = id.dataset();
        // One of them is elsewhere, in a directory beside the file.
        let store = match id {
            DatasetId::Ratings => Store::fs(directory.path().join("ratings"))?,
            _ => Store::open_at(&Store::below(&Store::below(&data, "store"), input.name))?,
        };
        let schemas = Dataset::parse(input.schema)?;
        let mut producer = Producer::builder(schemas.clone(), store)
            .root(input.root_type)
            .build()?;
        producer.run_incremental_cycle(|cycle| {
            for line in tiny_jsonl(id)
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                cycle.upsert(input.root_type, &json::parse(&schemas, input.root_type, line)?)?;
            }
            Ok(())
        })?;
    }
    let config = directory.path().join("gatekeeper.toml");
    std::fs::write(&config, format!("data = \"{data}\"\n[stores]\nratings = \"ratings\"\n"))?;
    let settings = Settings::read(&config)?;
    let report = runner(&settings)?.cycle(EXAMPLE_AS_OF)?;
    let Outcome::Published { version, .. } = report.outcome else {
        anyhow::bail!("nothing was published: {report:?}");
    };
    // As anybody reads it.
    let consumer = Consumer::builder(settings.stores.open(LIVENESS)?).build()?;
    consumer.refresh()?;
    let state = consumer.state().context("a state")?;
    ensure!(state.version() == Some(version), "{:?}", state.version());
    ensure!(
        state.header_tags().contains_key("in.ratings"),
        "{:?}",
        state.header_tags()
    );
    let videos = state.ty("VideoLiveness").context("the root type")?.len();
    ensure!(videos > 50, "{videos} videos");
    Ok(())
}
