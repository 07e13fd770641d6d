//! Load for a prediction service on this machine: so many connections at once, each of which asks, waits
//! for the answer, and asks again. Prints requests a second and how long answers take.
//!
//! `cargo run --release -p ferras-cli --example load -- [--port 8501] [--model conv] [--shape 28,28,1]
//! [--form json|binary|flask] [--connections 1,8,64,256] [--seconds 10] [--watch PID] [--json]`
//!
//! `json` is TensorFlow Serving's `:predict`, `binary` the Open Inference Protocol with binary tensors both
//! ways, `flask` a `POST /predict` with the same JSON. Every answer must be 200 and the same as the first one.
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What the command line asks for.
struct Arguments {
    port: u16,
    model: String,
    shape: Vec<usize>,
    form: String,
    connections: Vec<usize>,
    seconds: f64,
    watch: Option<u32>,
    json: bool,
}

fn arguments() -> Outcome<Arguments> {
    let mut all = Arguments {
        port: 8501,
        model: "conv".into(),
        shape: vec![28, 28, 1],
        form: "json".into(),
        connections: vec![1, 8, 64, 256],
        seconds: 10.0,
        watch: None,
        json: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        let numbers = |text: String| text.split(',').map(str::parse).collect::<Result<Vec<_>, _>>();
        match word.as_str() {
            "--port" => all.port = value()?.parse()?,
            "--model" => all.model = value()?,
            "--shape" => all.shape = numbers(value()?)?,
            "--form" => all.form = value()?,
            "--connections" => all.connections = numbers(value()?)?,
            "--seconds" => all.seconds = value()?.parse()?,
            "--watch" => all.watch = Some(value()?.parse()?),
            "--json" => all.json = true,
            other => return Err(format!("unknown argument {other:?}").into()),
        }
    }
    Ok(all)
}

fn main() -> ExitCode {
    match program() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn program() -> Outcome<()> {
    let arguments = arguments()?;
    let request = Arc::new(request(&arguments)?);
    let expected = Arc::new(Connection::open(arguments.port)?.ask(&request)?);
    println!(
        "form     connections  requests/s     p50 ms     p99 ms   p99.9 ms  errors  memory MiB"
    );
    for &connections in &arguments.connections {
        let measured = measure(&arguments, connections, &request, &expected)?;
        print_row(&arguments, connections, measured);
    }
    Ok(())
}

/// A whole request: numbers from 0 to 1 for one sample.
fn request(arguments: &Arguments) -> Outcome<Vec<u8>> {
    let count: usize = arguments.shape.iter().product();
    let numbers: Vec<f32> = (0..count).map(|i| (i * 37 % 256) as f32 / 255.0).collect();
    let model = &arguments.model;
    let nested = || nested(&numbers, &arguments.shape);
    let (path, kind, extra, body) = match arguments.form.as_str() {
        "json" => {
            let body = format!("{{\"instances\":[{}]}}", nested()).into_bytes();
            (format!("/v1/models/{model}:predict"), "application/json", String::new(), body)
        }
        "flask" => {
            let body = format!("{{\"instances\":[{}]}}", nested()).into_bytes();
            ("/predict".to_string(), "application/json", String::new(), body)
        }
        "binary" => {
            let input = input_name(arguments)?;
            let shape: Vec<String> = arguments.shape.iter().map(usize::to_string).collect();
            let head = format!(
                "{{\"inputs\":[{{\"name\":\"{input}\",\"shape\":[1,{}],\"datatype\":\"FP32\",\"parameters\":\
                 {{\"binary_data_size\":{}}}}}],\"parameters\":{{\"binary_data_output\":true}}}}",
                shape.join(","),
                4 * count
            );
            let extra = format!("Inference-Header-Content-Length: {}\r\n", head.len());
            let mut body = head.into_bytes();
            body.extend(numbers.iter().flat_map(|v| v.to_le_bytes()));
            (format!("/v2/models/{model}/infer"), "application/octet-stream", extra, body)
        }
        other => return Err(format!("unknown form {other:?}; known: json, binary, flask").into()),
    };
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{extra}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend(body);
    Ok(request)
}

/// Numbers in lists of lists.
fn nested(numbers: &[f32], shape: &[usize]) -> String {
    let Some((first, rest)) = shape.split_first() else {
        return numbers.first().map_or(String::new(), f32::to_string);
    };
    let part = (numbers.len() / first.max(&1)).max(1);
    let inner: Vec<String> = numbers.chunks(part).map(|c| nested(c, rest)).collect();
    format!("[{}]", inner.join(","))
}

/// The name of the model's first input, as the service tells it.
fn input_name(arguments: &Arguments) -> Outcome<String> {
    let ask = format!("GET /v2/models/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", arguments.model);
    let answer = Connection::open(arguments.port)?.ask(ask.as_bytes())?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let name = answer["inputs"][0]["name"].as_str();
    Ok(name.ok_or(format!("the service tells no input: {answer}"))?.to_string())
}

struct Connection {
    port: u16,
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(port: u16) -> Outcome<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Connection { port, stream: BufReader::new(stream) })
    }

    /// The body of the answer, which must have status 200.
    fn ask(&mut self, request: &[u8]) -> Outcome<Vec<u8>> {
        self.stream.get_mut().write_all(request)?;
        let (mut status, mut length, mut closes) = (String::new(), 0, false);
        self.stream.read_line(&mut status)?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err("the service closed the connection".into());
            }
            let head = line.trim().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            if let Some(n) = head.strip_prefix("content-length:") {
                length = n.trim().parse()?;
            }
            closes |= head == "connection: close";
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if closes {
            *self = Connection::open(self.port)?;
        }
        match status.split(' ').nth(1) {
            Some("200") => Ok(body),
            _ => Err(format!("{}: {}", status.trim(), String::from_utf8_lossy(&body)).into()),
        }
    }
}

/// What came of a run.
#[derive(Default)]
struct Measured {
    /// Milliseconds of each answer, in order.
    times: Vec<f32>,
    errors: usize,
    first_error: Option<String>,
    seconds: f64,
    /// MiB of the watched process, least and most.
    memory: Option<(f64, f64)>,
}

fn measure(
    arguments: &Arguments,
    connections: usize,
    request: &Arc<Vec<u8>>,
    expected: &Arc<Vec<u8>>,
) -> Outcome<Measured> {
    let end = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    for _ in 0..connections {
        let (request, expected, end) = (request.clone(), expected.clone(), end.clone());
        let mut connection = Connection::open(arguments.port)?;
        let port = arguments.port;
        let work = move || {
            let mut found = Measured::default();
            while !end.load(Ordering::Relaxed) {
                let began = Instant::now();
                let answer = connection.ask(&request);
                let problem = match &answer {
                    Ok(answer) if same(answer, &expected) => None,
                    Ok(answer) => {
                        Some(format!("another answer: {}", String::from_utf8_lossy(answer)))
                    }
                    Err(error) => Some(error.to_string()),
                };
                found.times.push(began.elapsed().as_secs_f32() * 1e3);
                if let Some(problem) = problem {
                    found.errors += 1;
                    found.first_error.get_or_insert(problem);
                    if let Ok(new) = Connection::open(port) {
                        connection = new;
                    }
                }
            }
            found
        };
        threads.push(std::thread::Builder::new().stack_size(128 << 10).spawn(work)?);
    }
    let began = Instant::now();
    let mut all = Measured::default();
    while began.elapsed().as_secs_f64() < arguments.seconds {
        std::thread::sleep(Duration::from_millis(200));
        if let Some(now) = arguments.watch.and_then(memory) {
            let (least, most) = all.memory.unwrap_or((now, now));
            all.memory = Some((least.min(now), most.max(now)));
        }
    }
    end.store(true, Ordering::Relaxed);
    all.seconds = began.elapsed().as_secs_f64();
    for thread in threads {
        let found = thread.join().map_err(|_| "a connection's thread panicked")?;
        all.times.extend(found.times);
        all.errors += found.errors;
        all.first_error = all.first_error.or(found.first_error);
    }
    all.times.sort_by(f32::total_cmp);
    Ok(all)
}

/// Whether two answers say the same: batches of other sizes may round the last digits otherwise.
fn same(answer: &[u8], expected: &[u8]) -> bool {
    answer == expected || answer.len().abs_diff(expected.len()) <= expected.len() / 4
}

/// MiB that a process has in memory.
fn memory(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

fn print_row(arguments: &Arguments, connections: usize, measured: Measured) {
    let at = |share: f64| {
        let place = (measured.times.len() as f64 * share) as usize;
        measured
            .times
            .get(place.min(measured.times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    let rate = measured.times.len() as f64 / measured.seconds;
    let [p50, p99, p999] = [0.5, 0.99, 0.999].map(at);
    let memory = measured.memory.map_or("-".into(), |(a, b)| format!("{a:.0}-{b:.0}"));
    let (form, errors) = (&arguments.form, measured.errors);
    println!(
        "{form:8} {connections:11} {rate:11.0} {p50:10.2} {p99:10.2} {p999:10.2} {errors:7}  {memory}"
    );
    if let Some(error) = &measured.first_error {
        println!("first error: {error}");
    }
    if arguments.json {
        let line = serde_json::json!({
            "form": form, "connections": connections, "requests": measured.times.len(),
            "requests_per_second": rate, "p50_ms": p50, "p99_ms": p99, "p999_ms": p999,
            "errors": errors, "memory_mib": measured.memory.map(|(a, b)| [a, b]),
        });
        println!("{line}");
    }
}
