//! How a service begins, keeps up with its files, carries load, and ends.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Answer, Folder, Live, line, line_times, slow};
use ferras_serve::{Event, Options, Service, Source};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const PREDICT: &str = "/v1/models/line:predict";
const BODY: &str = r#"{"instances":[[1,0,0]]}"#;

fn first(live: &Live, path: &str) -> f64 {
    live.post(path, BODY).ok()["predictions"][0][0].as_f64().unwrap()
}

fn often() -> Options {
    Options::new().reload(Duration::from_millis(30))
}

#[test]
fn it_is_live_before_it_is_ready() {
    let folder = Folder::new("ready");
    let live = Live::unloaded(&[&line(&folder)], Options::new());
    assert_eq!(live.get("/v2/health/live").status, 200);
    assert_eq!(live.get("/v2/health/ready").status, 503);
    assert_eq!(live.get("/v2/models/line/ready").status, 503);
    let state = live.get("/v1/models/line").ok();
    assert_eq!(state["model_version_status"][0]["state"], "LOADING");
    let refused = live.post(PREDICT, BODY);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.error(503).contains("being loaded"));
    live.service.load().unwrap();
    assert_eq!(live.get("/v2/health/ready").status, 200);
    assert_eq!(first(&live, PREDICT), 1.0);
    let events = live.events.lock().unwrap();
    assert!(matches!(events[0], Event::Listening { .. }));
    assert!(matches!(&events[1], Event::Ready { model, version: 1, .. } if model == "line"));
}

#[test]
fn what_cannot_be_served_is_told_at_the_start() {
    let folder = Folder::new("start");
    let path = line(&folder);
    let wrong = |models: &[&str], words: &str| {
        let sources = models.iter().map(|text| Source::parse(text).unwrap()).collect();
        let service = Service::new(sources, Options::new());
        let error = service.and_then(|service| service.load()).unwrap_err();
        assert!(error.contains(words), "{error}");
    };
    wrong(&[], "no model");
    wrong(&[&path, &path], "two models are named \"line\"");
    wrong(&["a=/none/such.keras"], "a: there is no file");
    std::fs::write(folder.join("text.keras"), "no model").unwrap();
    wrong(&[&folder.join("text.keras")], "text: ");
    std::fs::create_dir(folder.join("empty")).unwrap();
    wrong(&[&folder.join("empty")], "no versions");
    assert!(Source::parse("..").is_err());
    assert!(Source::parse("a b.keras").is_err());
}

#[test]
fn a_changed_file_is_loaded_without_losing_a_request() {
    let folder = Folder::new("reload");
    let live = Live::new(&[&line(&folder)], often());
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    let value = first(&live, PREDICT);
                    assert!([1.0, 2.0, 3.0].contains(&value), "{value}");
                    asked.fetch_add(1, Relaxed);
                }
            });
        }
        for factor in [2.0_f32, 3.0] {
            line_times(&folder, "line.keras", factor);
            live.until("the new file is served", |live| first(live, PREDICT) == f64::from(factor));
        }
        // Damaged, it is told, and what was there goes on.
        std::fs::write(folder.join("line.keras"), b"PK damaged").unwrap();
        let failed = |e: &Event| matches!(e, Event::Failed { .. });
        live.until("it is told", |live| live.events.lock().unwrap().iter().any(failed));
        assert_eq!(first(&live, PREDICT), 3.0);
        // Gone, too.
        std::fs::remove_file(folder.join("line.keras")).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(first(&live, PREDICT), 3.0);
        line(&folder);
        live.until("it is back", |live| first(live, PREDICT) == 1.0);
        done.store(true, Relaxed);
    });
    assert!(asked.load(Relaxed) > 10);
}

#[test]
fn versions_come_and_go() {
    let folder = Folder::new("versions");
    std::fs::create_dir_all(folder.join("line/7")).unwrap();
    line_times(&folder, "line/2.keras", 2.0);
    line_times(&folder, "line/7/any.keras", 7.0);
    std::fs::write(folder.join("line/notes.txt"), "").unwrap();
    let live = Live::new(&[&folder.join("line")], often());
    assert_eq!(first(&live, PREDICT), 7.0);
    assert_eq!(first(&live, "/v1/models/line/versions/2:predict"), 2.0);
    let state = live.get("/v1/models/line").ok();
    let versions = state["model_version_status"].as_array().unwrap();
    assert_eq!((&versions[0]["version"], &versions[1]["version"]), (&"7".into(), &"2".into()));
    assert_eq!(live.get("/v2/models/line").ok()["versions"], serde_json::json!(["2", "7"]));
    line_times(&folder, "line/11.keras", 11.0);
    live.until("version 11 is served", |live| first(live, PREDICT) == 11.0);
    std::fs::remove_file(folder.join("line/11.keras")).unwrap();
    live.until("version 11 is gone", |live| first(live, PREDICT) == 7.0);
    assert_eq!(live.get("/v1/models/line/versions/11").status, 404);
    assert_eq!(first(&live, "/v1/models/line/versions/2:predict"), 2.0);
    let gone = Event::Removed { model: "line".into(), version: 11 };
    assert!(live.events.lock().unwrap().contains(&gone));
}

#[test]
fn too_much_at_once_is_refused_and_the_rest_is_right() {
    let folder = Folder::new("load");
    let live = Live::new(&[&slow(&folder)], Options::new().queue(3));
    let body = vec![0_u8; 64 * 64 * 8 * 4];
    let headers = [("Inference-Header-Content-Length", "0")];
    let ask = || live.ask("POST", "/v2/models/slow/infer", &headers, &body);
    let expected = ask().body;
    let (fine, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let answer = ask();
                    match answer.status {
                        200 => {
                            assert_eq!(answer.body, expected);
                            fine.fetch_add(1, Relaxed);
                        }
                        429 => {
                            assert!(answer.error(429).contains("try again later"));
                            assert_eq!(answer.header("retry-after"), Some("1"));
                            refused.fetch_add(1, Relaxed);
                        }
                        other => panic!("status {other}"),
                    }
                }
            });
        }
    });
    assert!(fine.load(Relaxed) > 0 && refused.load(Relaxed) > 0, "{fine:?} {refused:?}");
    // Nothing is left behind.
    let metrics = String::from_utf8(live.get("/metrics").body).unwrap();
    assert!(metrics.contains("ferras_waiting_rows{model=\"slow\"} 0\n"), "{metrics}");
    assert_eq!(ask().status, 200);
}

#[test]
fn requests_that_wait_for_each_other_are_computed_together() {
    let folder = Folder::new("together");
    let options = Options::new().max_delay(Duration::from_millis(150)).max_batch(4);
    let live = Live::new(&[&line(&folder)], options);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(first(&live, PREDICT), 1.0));
        }
    });
    let metrics = String::from_utf8(live.get("/metrics").body).unwrap();
    let count =
        metrics.lines().find_map(|l| l.strip_prefix("ferras_batch_rows_count{model=\"line\"} "));
    let batches: usize = count.unwrap().parse().unwrap();
    assert!(batches < 4, "{metrics}");
}

#[test]
fn a_request_that_takes_too_long_is_told() {
    let folder = Folder::new("late");
    let live = Live::new(&[&slow(&folder)], Options::new().timeout(Duration::from_millis(4)));
    let body = vec![0_u8; 64 * 64 * 8 * 4 * 8];
    let headers = [("Inference-Header-Content-Length", "0")];
    // The body itself may be late already.
    let statuses =
        (0..20).map(|_| live.ask("POST", "/v2/models/slow/infer", &headers, &body).status);
    assert!(statuses.into_iter().all(|status| matches!(status, 408 | 504)));
}

#[test]
fn it_ends_when_its_requests_have() {
    let folder = Folder::new("end");
    let mut live = Live::new(&[&line(&folder)], Options::new().grace(Duration::from_secs(20)));
    let mut idle = live.connect();
    idle.write_all(b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    // Half a request is under way.
    let mut late = live.connect();
    let head =
        format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", BODY.len());
    late.write_all(head.as_bytes()).unwrap();
    live.until("both are seen", |live| {
        String::from_utf8(live.get("/metrics").body).unwrap().contains("ferras_connections 3")
    });
    live.stop();
    live.until("it stops", |live| live.events.lock().unwrap().contains(&Event::Stopping));
    assert!(std::net::TcpStream::connect(live.address).is_err(), "no further connections");
    late.write_all(BODY.as_bytes()).unwrap();
    let answer = Answer::read(&mut late);
    assert_eq!(answer.ok()["predictions"][0][0], 1.0);
    assert_eq!(answer.header("connection"), Some("close"));
    live.join();
}

#[test]
fn grace_ends() {
    let folder = Folder::new("grace");
    let mut live = Live::new(&[&line(&folder)], Options::new().grace(Duration::from_millis(100)));
    let mut never = live.connect();
    never.write_all(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").unwrap();
    live.until("it is seen", |live| {
        String::from_utf8(live.get("/metrics").body).unwrap().contains("ferras_connections 2")
    });
    let start = std::time::Instant::now();
    live.join();
    assert!(start.elapsed() < Duration::from_secs(10));
}
