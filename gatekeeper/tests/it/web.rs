//! The pages: what they show, what they refuse, and that nobody's text becomes markup.

use crate::support::{Data, Stores};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use fixtures::EXAMPLE_AS_OF;
use fixtures::records::Record;
use gatekeeper::liveness::Liveness;
use gatekeeper::policy::Policy;
use gatekeeper::runner::{InputStatus, Runner};
use gatekeeper::web::{Env, ServiceStatus, Site, router};
use serde_json::Value;
use std::collections::BTreeSet;
use tower::ServiceExt;

const NOW: i64 = EXAMPLE_AS_OF;
const PAYLOADS: [&str; 4] = [
    "\"><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "\u{202e}</title><svg/onload=alert(1)>\u{0}",
];

fn show(site: &Site, env: Env, runner: &mut Runner<Liveness>) {
    runner.cycle(NOW).expect("a cycle");
    site.show(env, runner.output().expect("an output"))
        .expect("a liveness dataset");
    let names = (runner.inputs().state("titles"), runner.inputs().state("countries"));
    site.name(&names.0.expect("titles"), &names.1.expect("countries"))
        .expect("names");
    let status = ServiceStatus {
        inputs: runner.inputs().status(),
        cycle_at: Some(NOW),
        evaluate_ms: Some(12),
        ..ServiceStatus::default()
    };
    site.report(env, status);
}

/// A site with both environments of some data.
fn site(data: &Data) -> Site {
    let stores = Stores::of(data);
    let site = Site::new(|| NOW + 14_000);
    show(&site, Env::Prod, &mut stores.lead(Policy::default_policy()));
    show(&site, Env::Preprod, &mut stores.follow(Policy::candidate_policy()));
    site
}

fn tiny() -> Router {
    router(site(Data::tiny()))
}

async fn get(router: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    get_with(router, path, None).await
}

async fn get_with(router: &Router, path: &str, etag: Option<&str>) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(path);
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 10 << 20).await.expect("a body");
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).expect("text"),
    )
}

async fn json(router: &Router, path: &str) -> Value {
    let (status, headers, body) = get(router, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    serde_json::from_str(&body).expect("JSON")
}

/// The values of `href` and `action` in a page, unescaped as far as our own links need it.
fn links(body: &str) -> BTreeSet<String> {
    let mut links = BTreeSet::new();
    for attribute in ["href=\"", "action=\"", "src=\""] {
        for part in body.split(attribute).skip(1) {
            let link = part.split('"').next().unwrap_or_default();
            let link = link.split('#').next().unwrap_or_default();
            links.insert(link.replace("&#38;", "&").replace("&amp;", "&"));
        }
    }
    links.remove("");
    links
}

#[tokio::test]
async fn every_link_leads_to_a_page() {
    let router = tiny();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> = vec!["/prod/".to_owned(), "/preprod/titles/40560?country=DE".to_owned()];
    while let Some(link) = open.pop() {
        if !seen.insert(link.clone()) || seen.len() > 700 {
            continue;
        }
        assert!(
            link.starts_with('/') && !link.starts_with("//"),
            "{link} leads elsewhere"
        );
        let (status, headers, body) = get(&router, &link).await;
        assert_eq!(status, StatusCode::OK, "{link}: {body}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        if headers[header::CONTENT_TYPE]
            .to_str()
            .is_ok_and(|ty| ty.starts_with("text/html"))
        {
            for forbidden in ["<script", "style=", "<style", " onclick", "javascript:"] {
                assert!(!body.contains(forbidden), "{forbidden} on {link}");
            }
            assert_eq!(body.matches("<h1").count(), 1, "{link}");
            assert_eq!(body.matches("<main").count(), 1, "{link}");
            assert!(body.len() < 250_000, "{link} has {} bytes", body.len());
            open.extend(links(&body));
        }
    }
    assert!(seen.len() > 200, "only {} pages", seen.len());
}

#[tokio::test]
async fn figures_agree_between_screens() {
    let router = tiny();
    let overview = json(&router, "/prod/?format=json").await;
    let statuses = overview["statuses"].as_array().expect("a list");
    let cells = |status: &str| {
        let line = statuses.iter().find(|line| line["status"] == status);
        line.and_then(|line| line["cells"].as_u64()).unwrap_or(0)
    };
    assert_eq!(
        statuses.iter().filter_map(|line| line["cells"].as_u64()).sum::<u64>(),
        960
    );
    for status in ["BLOCKED", "LIVE", "NOT_LICENSED"] {
        let titles = json(&router, &format!("/prod/titles?status={status}&format=json")).await;
        assert_eq!(titles["cells"].as_u64(), Some(cells(status)), "{status}");
        let mut by_country = 0;
        for code in ["BR", "CH", "DE", "ES", "FR", "GB", "IN", "JP", "KR", "MX", "TW", "US"] {
            let page = json(
                &router,
                &format!("/prod/titles?status={status}&country={code}&format=json"),
            )
            .await;
            by_country += page["cells"].as_u64().expect("a number");
        }
        assert_eq!(by_country, cells(status), "{status}");
    }
    let title = json(&router, "/prod/titles/40560?format=json").await;
    let regions = title["regions"].as_array().expect("a list");
    let tiles: usize = regions
        .iter()
        .map(|region| region["tiles"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!((tiles, &title["name"]), (12, &Value::from("Sintel")));
}

#[tokio::test]
async fn a_page_says_which_state_it_shows() {
    let router = tiny();
    let (_, headers, body) = get(&router, "/prod/").await;
    let version = headers["x-state-version"].to_str().expect("text");
    assert!(body.contains(version));
    assert!(body.contains("18:00:00 UTC"), "the instant of evaluation");
    assert!(body.contains("14 s ago"), "the age");
    let state = json(&router, "/prod/?format=json").await;
    assert_eq!(state["state"]["version"].to_string(), version);
    assert_eq!(state["state"]["policy"], Policy::default_policy().id());
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again() {
    let site = site(Data::tiny());
    let router = router(site.clone());
    let (_, headers, _) = get(&router, "/prod/titles?status=LIVE").await;
    let etag = headers[header::ETAG].to_str().expect("text").to_owned();
    let (status, _, body) = get_with(&router, "/prod/titles?status=LIVE", Some(&etag)).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let (status, _, _) = get_with(&router, "/prod/titles?status=BLOCKED", Some(&etag)).await;
    assert_eq!(status, StatusCode::OK, "another page");
    site.report(Env::Prod, ServiceStatus::default());
    let (status, _, _) = get_with(&router, "/prod/titles?status=LIVE", Some(&etag)).await;
    assert_eq!(status, StatusCode::OK, "something happened");
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    let router = tiny();
    for (path, name) in [
        ("/prod/?colour=red", "colour"),
        ("/prod/titles?status=broken", "status"),
        ("/prod/titles?country=XX", "country"),
        ("/prod/titles?reason=WHY", "reason"),
        ("/prod/titles?page=0", "page"),
        ("/prod/titles?page=77", "page"),
        ("/prod/titles?q=a&q=b", "q"),
        ("/prod/titles/40560?country=XX", "country"),
        ("/prod/?format=xml", "format"),
        ("/prod/?%ff=1", "parameter"),
    ] {
        let (status, _, body) = get(&router, path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(body.contains(name), "{path}: {body}");
    }
    let (status, headers, body) = get(&router, "/prod/titles?page=77&format=json").await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::BAD_REQUEST, &"application/json".parse().expect("a value"))
    );
    assert!(serde_json::from_str::<Value>(&body).expect("JSON")["error"]["message"].is_string());
    for path in [
        "/prod/titles/17",
        "/prod/titles/abc",
        "/prod/countries/ZZ",
        "/staging/",
        "/prod/nothing",
        "/prod",
    ] {
        let (status, _, body) = get(&router, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body.contains("Go to the overview"), "a way on from {path}");
    }
}

#[tokio::test]
async fn titles_are_found_by_name_and_id() {
    let router = tiny();
    let found = json(&router, "/prod/titles?q=sINTEL&format=json").await;
    assert_eq!(found["titles"][0]["video_id"], 40_560);
    let (status, headers, _) = get(&router, "/prod/titles?q=40560").await;
    assert_eq!(
        (status, headers[header::LOCATION].to_str().ok()),
        (StatusCode::TEMPORARY_REDIRECT, Some("/prod/titles/40560"))
    );
    let nothing = json(&router, "/prod/titles?q=%3Cscript%3E&format=json").await;
    assert_eq!(nothing["titles"], Value::Array(Vec::new()));
    let (_, _, body) = get(&router, "/prod/titles?q=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!body.contains("<script"), "the search text is escaped");
}

#[tokio::test]
async fn the_environments_are_compared_on_the_overview() {
    let router = tiny();
    let overview = json(&router, "/prod/?format=json").await;
    let pairing = &overview["pairing"];
    assert_eq!(pairing["same_inputs"], true);
    assert!(pairing["changed"].as_u64().expect("a number") > 0);
    let transitions = pairing["transitions"].as_array().expect("a list");
    let sum: u64 = transitions.iter().filter_map(|line| line["cells"].as_u64()).sum();
    assert_eq!(Some(sum), pairing["changed"].as_u64());
    let preprod = json(&router, "/preprod/?format=json").await;
    assert_eq!(preprod["state"]["policy"], Policy::candidate_policy().id());
    assert_eq!(&preprod["pairing"], pairing);
}

#[tokio::test]
async fn without_a_state_the_page_says_what_is_waited_for() {
    let site = Site::new(|| NOW);
    let router = router(site.clone());
    assert_eq!(get(&router, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (status, _, body) = get(&router, "/").await;
    assert_eq!((status, body.as_str()), (StatusCode::TEMPORARY_REDIRECT, ""));
    site.report(
        Env::Prod,
        ServiceStatus {
            waiting_for: vec!["ratings".to_owned()],
            ..ServiceStatus::default()
        },
    );
    let (status, _, body) = get(&router, "/prod/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("waits for ratings"), "{body}");
}

#[tokio::test]
async fn trouble_of_the_service_shows() {
    let site = site(Data::tiny());
    let router = router(site.clone());
    let inputs = vec![InputStatus {
        name: "texts".to_owned(),
        version: None,
        made_at: None,
        checked_at: Some(NOW - 900_000),
        error: Some("the disk <is> gone".to_owned()),
    }];
    site.report(
        Env::Prod,
        ServiceStatus {
            inputs,
            error: Some("no <evaluation>".to_owned()),
            cycle_at: Some(NOW),
            ..ServiceStatus::default()
        },
    );
    let (_, _, body) = get(&router, "/prod/").await;
    assert!(body.contains("The last evaluation failed") && body.contains("Failing, last good used"));
    assert!(!body.contains("<is>") && !body.contains("<evaluation>"));
}

#[tokio::test]
async fn nobodys_text_becomes_markup() {
    for payload in PAYLOADS {
        let mut data = Data::tiny().clone();
        for record in &mut data.records {
            match record {
                Record::Title(title) => title.original_title = payload.into(),
                Record::Window(window) => window.contract_id = payload.into(),
                Record::Country(country) => {
                    country.name = payload.into();
                    country.region = payload.into();
                }
                Record::Rating(rating) => rating.value = payload.into(),
                _ => {}
            }
        }
        let router = router(site(&data));
        let title = Data::tiny().records.iter().find_map(|record| match record {
            Record::Title(title) if title.parent_id.is_some() => Some(title.video_id),
            _ => None,
        });
        let episode = format!("/prod/titles/{}", title.expect("an episode"));
        for path in [
            "/prod/",
            "/preprod/",
            "/prod/titles",
            "/prod/titles/40560?country=DE",
            "/prod/countries",
            "/prod/countries/DE",
            &episode,
        ] {
            let (status, _, body) = get(&router, path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(!body.contains(payload), "{payload} on {path}");
            for forbidden in ["<script", "<img src=x", "onload=alert(1)>", "<svg/", "' onmouseover='"] {
                assert!(!body.contains(forbidden), "{forbidden} on {path}");
            }
        }
    }
}

/// askama escapes unless told otherwise; only the module of bars may make markup.
#[test]
fn no_template_switches_escaping_off() {
    let templates = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).expect("templates");
    for template in templates {
        let path = template.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(
            !text.contains("|safe") && !text.contains("| safe") && !text.contains("escape"),
            "{}",
            path.display()
        );
    }
}
