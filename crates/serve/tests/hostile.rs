//! Requests made to harm: each gets a clear status, and the service stays up for the others.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Answer, Folder, Live, colours, line, two};
use ferras_serve::Options;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

const PREDICT: &str = "/v1/models/line:predict";
const GOOD: &[u8] = br#"{"instances":[[1,0,0]]}"#;

fn live(name: &str, options: Options) -> (Folder, Live) {
    let folder = Folder::new(name);
    let models = [line(&folder), two(&folder), colours(&folder)];
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    let live = Live::new(&models, options);
    (folder, live)
}

#[track_caller]
fn still_answers(live: &Live) {
    assert_eq!(live.post(PREDICT, GOOD).ok()["predictions"][0][0], 1.0);
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn deep_json() {
    let (_folder, live) = live("deep", Options::new());
    let deep = "[".repeat(50_000);
    let objects = "{\"a\":".repeat(50_000);
    for body in [
        deep.clone(),
        format!("{{\"instances\":{deep}"),
        format!("{{\"inputs\":{deep}{}}}", "]".repeat(50_000)),
        format!("{{\"inputs\":{{\"x\":{deep}"),
        objects.clone(),
        format!("{{\"instances\":[{objects}"),
        format!("{{\"signature_name\":{deep}"),
    ] {
        live.post(PREDICT, &body).error(400);
        live.post("/predict?model=line", &body).error(400);
        still_answers(&live);
    }
    for member in ["inputs", "outputs", "parameters", "id", "other"] {
        let body = format!("{{\"{member}\":{deep}");
        live.post("/v2/models/line/infer", &body).error(400);
        let body = format!("{{\"inputs\":[{{\"{member}\":{objects}");
        live.post("/v2/models/line/infer", &body).error(400);
    }
    still_answers(&live);
}

#[test]
fn packed_bodies() {
    let (_folder, live) = live("packed", Options::new().max_body(1 << 20).memory(8 << 20));
    let gzip = [("Content-Encoding", "gzip")];
    let answer = live.ask("POST", PREDICT, &gzip, &packed(GOOD));
    assert_eq!(answer.ok()["predictions"][0][1], 10.5);
    // A gigabyte in a megabyte.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    (0..1000).for_each(|_| bomb.write_all(&zeros).unwrap());
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let start = Instant::now();
    assert!(live.ask("POST", PREDICT, &gzip, &bomb).error(413).contains("unpacks"));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(live.ask("POST", PREDICT, &gzip, b"no gzip at all").error(400).contains("gzip"));
    let short = packed(GOOD);
    live.ask("POST", PREDICT, &gzip, &short[..short.len() / 2]).error(400);
    live.ask("POST", PREDICT, &[("Content-Encoding", "br")], b"x").error(415);
    live.ask("POST", PREDICT, &[("Content-Encoding", "gzip, gzip")], b"x").error(415);
    still_answers(&live);
}

#[test]
fn large_bodies() {
    let (_folder, live) = live("large", Options::new().max_body(100_000).memory(150_000));
    // Told at once, before anything is sent.
    let head = format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    assert!(live.raw(head.as_bytes()).error(413).contains("100000 bytes"));
    live.post(PREDICT, vec![b' '; 100_001]).error(413);
    let mut chunked =
        format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..20 {
        chunked += &format!("2000\r\n{}\r\n", " ".repeat(0x2000));
    }
    live.raw(chunked.as_bytes()).error(413);
    // A small request for a huge answer.
    let rows = format!("[{}[1,2,3]]", "[1,2,3],".repeat(12_499));
    assert!(live.post("/predict?model=line", &rows[..]).error(413).contains("bytes"));
    let many = "0 0 0\n".repeat(13_000);
    assert!(live.post("/predict?model=line", many).error(413).contains("at most 12500"));
    // The memory that all bodies share: one that is on its way takes most of it.
    let mut slow = live.connect();
    let head = format!(
        "POST {PREDICT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).unwrap();
    slow.write_all(&[b' '; 80_000]).unwrap();
    let large = [&vec![b' '; 90_000][..], GOOD].concat();
    live.until("the memory is taken", |live| live.post(PREDICT, &large).status == 503);
    still_answers(&live);
    slow.write_all(&[&vec![b' '; 10_000 - GOOD.len()][..], GOOD].concat()).unwrap();
    Answer::read(&mut slow).ok();
    live.until("the memory is free again", |live| live.post(PREDICT, &large).status == 200);
}

#[test]
fn heads_made_to_harm() {
    let (_folder, live) = live("heads", Options::new().headers(20));
    let head =
        |lines: &str| format!("GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n");
    let many: String = (0..30).map(|i| format!("x-{i}: 1\r\n")).collect();
    assert_eq!(live.raw(head(&many).as_bytes()).status, 431);
    let huge = format!("x: {}\r\n", "y".repeat(300_000));
    assert_eq!(live.raw(head(&huge).as_bytes()).status, 431);
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    assert!(matches!(live.raw(path.as_bytes()).status, 414 | 431));
    for broken in [
        "GET\r\n\r\n".to_string(),
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}".repeat(9),
        head("no colon\r\n"),
        head("Content-Length: -1\r\n"),
        head("Content-Length: 1\r\nContent-Length: 2\r\n"),
    ] {
        assert_eq!(live.raw(broken.as_bytes()).status, 400, "{broken:?}");
    }
    // HTTP/2, which is not spoken, is closed without a word.
    let mut other = live.connect();
    other.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let mut end = Vec::new();
    let _ = other.read_to_end(&mut end);
    assert!(end.is_empty() || end.starts_with(b"HTTP/1.1 4"), "{end:?}");
    // Both lengths: an attempt to smuggle a request.
    let both = format!(
        "POST {PREDICT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\
                        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2 HTTP/1.1\r\n\r\n"
    );
    let answer = live.raw(both.as_bytes());
    assert_eq!(answer.status, 400);
    assert!(!String::from_utf8_lossy(&answer.body).contains("HTTP/1.1"), "one answer only");
    for path in
        ["/v1/models/%00", "/v1/models/%ff", "//etc/passwd", "/../../etc/passwd", "/v1/models/../x"]
    {
        let status = live.get(path).status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    let status = live.post("/predict?model=%2e%2e%2fline.keras", "1,2,3").status;
    assert_eq!(status, 404);
    still_answers(&live);
}

#[test]
fn slow_senders_and_readers() {
    let timeout = Duration::from_millis(600);
    let (_folder, live) = live("slow", Options::new().timeout(timeout));
    // Nothing, half a head, half a body: each is given up.
    let parts = [
        "".to_string(),
        "GET /v2 HTT".into(),
        format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{"),
    ];
    let start = Instant::now();
    let mut waiting: Vec<_> = parts
        .iter()
        .map(|part| {
            let mut stream = live.connect();
            stream.write_all(part.as_bytes()).unwrap();
            stream
        })
        .collect();
    // One byte now and then keeps nothing alive.
    let mut drip = live.connect();
    let head = format!(
        "POST {PREDICT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 500\r\n\r\n"
    );
    drip.write_all(head.as_bytes()).unwrap();
    while start.elapsed() < 2 * timeout {
        let _ = drip.write_all(b" ");
        std::thread::sleep(Duration::from_millis(50));
        still_answers(&live);
    }
    assert_eq!(Answer::read(&mut drip).status, 408);
    let mut ends = Vec::new();
    for stream in &mut waiting {
        let mut end = Vec::new();
        let _ = stream.read_to_end(&mut end);
        ends.push(String::from_utf8_lossy(&end).lines().next().unwrap_or_default().to_string());
    }
    assert_eq!(ends[0], "", "a connection without a request is closed");
    assert!(ends[1].is_empty() || ends[1].contains("408"), "{ends:?}");
    assert!(ends[2].contains("408"), "{ends:?}");
    // Answers that nobody reads.
    let body = br#"{"instances":[[1,0,0]]}"#;
    let one =
        format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut deaf = live.connect();
    deaf.set_write_timeout(Some(timeout * 4)).unwrap();
    let many = [one.as_bytes(), body].concat().repeat(2000);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) && deaf.write_all(&many).is_ok() {}
    still_answers(&live);
    live.until("the deaf are given up", |live| open(live) <= 1);
}

/// Connections that are open, the asking one included.
fn open(live: &Live) -> usize {
    let text = String::from_utf8(live.get("/metrics").body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("ferras_connections "));
    line.unwrap().parse().unwrap()
}

#[test]
fn half_closed_and_broken_connections() {
    let (_folder, live) = live("half", Options::new());
    let request =
        format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", GOOD.len());
    // Whoever has said everything and still listens is answered.
    let mut stream = live.connect();
    stream.write_all(&[request.as_bytes(), GOOD].concat()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    Answer::read(&mut stream).ok();
    // Whoever breaks off is let go.
    for part in 0..request.len() + GOOD.len() {
        let mut stream = live.connect();
        let all = [request.as_bytes(), GOOD].concat();
        stream.write_all(&all[..part]).unwrap();
        if part % 2 == 0 {
            stream.shutdown(Shutdown::Write).unwrap();
        }
    }
    still_answers(&live);
    live.until("all are let go", |live| open(live) <= 1);
}

#[test]
fn too_many_connections() {
    let (_folder, live) = live("many", Options::new().connections(8));
    let idle: Vec<_> = (0..8).map(|_| live.connect()).collect();
    live.until("the limit is reached", |live| {
        let answer = live.get("/v2/health/live");
        answer.status == 503 && answer.error(503).contains("too many connections")
    });
    drop(idle);
    live.until("it is reached no more", |live| live.get("/v2/health/live").status == 200);
    still_answers(&live);
}

#[test]
fn many_in_one_connection() {
    let (_folder, live) = live("pipelined", Options::new());
    let one =
        format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", GOOD.len());
    let mut stream = live.connect();
    stream.write_all(&[one.as_bytes(), GOOD].concat().repeat(50)).unwrap();
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    while seen.windows(15).filter(|w| w == b"HTTP/1.1 200 OK").count() < 50 {
        let n = stream.read(&mut piece).unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend(&piece[..n]);
    }
}

#[test]
fn pictures_made_to_harm() {
    let (_folder, live) = live("bombs", Options::new());
    // A PNG that says 60,000 by 60,000 pixels, and one of many pixels in few bytes.
    let mut header =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0".to_vec();
    header.extend(b"\0\0\0\0\0\0\0\0IDAT");
    let status = live.post("/predict?model=colours", &header).status;
    assert!(matches!(status, 400 | 413), "{status}");
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(12_000, 12_000).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let bomb = bytes.into_inner();
    assert!(bomb.len() < 4 << 20);
    assert!(live.post("/predict?model=colours", &bomb).error(413).contains("too large"));
    for (i, _) in header.iter().enumerate() {
        live.post("/predict?model=colours", &header[..i]).error(400);
    }
    still_answers(&live);
}

/// Every prefix of good requests, and every one with a byte changed, is answered.
#[test]
fn damaged_bodies() {
    let (_folder, live) = live("damaged", Options::new());
    let infer = br#"{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}"#;
    let npy =
        ferras::datasets::npy::to_bytes(&ferras::Tensor::new([1, 3], vec![1_u8, 2, 3]).unwrap());
    let bodies: [(&str, &[u8]); 3] =
        [(PREDICT, GOOD), ("/v2/models/line/infer", infer), ("/predict?model=line", &npy)];
    for (path, body) in bodies {
        for i in 0..body.len() {
            let status = live.post(path, &body[..i]).status;
            assert_eq!(status, 400, "{path} {:?}", String::from_utf8_lossy(&body[..i]));
            for byte in [0, b'9', b'[', b'"', 0xff] {
                let mut bad = body.to_vec();
                bad[i] = byte;
                let status = live.post(path, &bad).status;
                assert!(
                    matches!(status, 200 | 400),
                    "{path} {status} {:?}",
                    String::from_utf8_lossy(&bad)
                );
            }
        }
    }
    still_answers(&live);
}
