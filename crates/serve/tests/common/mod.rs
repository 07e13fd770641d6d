//! A live service on 127.0.0.1, models for it, and a client that can misbehave.
#![allow(dead_code)] // each file of tests uses a part
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
use ferras::prelude::*;
use ferras_serve::{Event, Options, Service, Source};
use serde_json::Value as Json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A folder for one test, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("ferras-serve-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A service that answers until it is dropped.
pub struct Live {
    pub address: SocketAddr,
    pub events: Arc<Mutex<Vec<Event>>>,
    pub service: Service,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Live {
    /// A service of models as the command line names them, loaded.
    pub fn new(models: &[&str], options: Options) -> Live {
        let live = Live::unloaded(models, options);
        live.service.load().unwrap();
        live
    }

    pub fn unloaded(models: &[&str], options: Options) -> Live {
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = events.clone();
        let options = options.on_event(move |event| told.lock().unwrap().push(event.clone()));
        let sources = models.iter().map(|text| Source::parse(text).unwrap()).collect();
        let service = Service::new(sources, options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let own = service.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            let stopped = async {
                let _ = stopped.await;
            };
            runtime.block_on(own.serve(listener, stopped)).unwrap();
        });
        Live { address, events, service, stop: Some(stop), thread: Some(thread) }
    }

    /// Tells the service to stop.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until it has stopped.
    pub fn join(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.ask("POST", path, &[], body.as_ref())
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        if method == "POST" {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.raw(&[format!("{head}\r\n").as_bytes(), body].concat())
    }

    /// Sends bytes as they are and reads the answer.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A service that has seen enough answers before all is sent.
        let _ = stream.write_all(bytes);
        Answer::read(&mut stream)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Live) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads until the other end closes.
    pub fn read(stream: &mut TcpStream) -> Answer {
        let mut bytes = Vec::new();
        if let Err(e) = stream.read_to_end(&mut bytes) {
            // Reset after the answer, as what was sent was not read to its end.
            assert!(!bytes.is_empty(), "no answer: {e}");
        }
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    /// The JSON of a request that went well.
    #[track_caller]
    pub fn ok(&self) -> Json {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The error of a request that did not.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        json["error"].as_str().expect("an error").to_string()
    }
}

/// `y = x · [[1, 10], [2, 20], [3, 30]] + [0, 0.5]`, as `line.keras`.
pub fn line(folder: &Folder) -> String {
    line_times(folder, "line.keras", 1.0)
}

/// The same with other weights, under another name.
pub fn line_times(folder: &Folder, name: &str, factor: f32) -> String {
    let x = Input::named("x", [3]);
    let y = Dense::new(2).name("y").apply(&x);
    let mut model = Model::new(&x, &y).unwrap();
    let kernel = [1.0_f32, 10.0, 2.0, 20.0, 3.0, 30.0].map(|v| v * factor);
    let kernel = Tensor::new([3, 2], kernel.to_vec()).unwrap();
    let bias = Tensor::new([2], vec![0.0_f32, 0.5]).unwrap();
    model.set_weights(&[kernel, bias]).unwrap();
    let path = folder.join(name);
    model.save(&path).unwrap();
    path
}

/// Two inputs, `left` of 2 and `right` of 3 numbers; outputs `sum` of 1 and `both` of 5.
pub fn two(folder: &Folder) -> String {
    let (left, right) = (Input::named("left", [2]), Input::named("right", [3]));
    let both = Concatenate::new().name("both").apply([&left, &right]);
    let sum = Dense::new(1).kernel_initializer("ones").name("sum").apply(&both);
    let model = Model::new([&left, &right], [&sum, &both]).unwrap();
    let path = folder.join("two.keras");
    model.save(&path).unwrap();
    path
}

/// Pictures of 4 by 4 pixels in three colours, into their mean colour as probabilities.
pub fn colours(folder: &Folder) -> String {
    let x = Input::named("picture", [4, 4, 3]);
    let mean = GlobalAveragePooling2D::new().apply(&x);
    let y = Activation::new("softmax").name("colour").apply(&mean);
    let path = folder.join("colours.keras");
    Model::new(&x, &y).unwrap().save(&path).unwrap();
    path
}

/// A network that takes some milliseconds for a row.
pub fn slow(folder: &Folder) -> String {
    let x = Input::named("x", [64, 64, 8]);
    let mut y = Conv2D::new(32, 5).padding("same").activation("relu").apply(&x);
    for _ in 0..3 {
        y = Conv2D::new(32, 5).padding("same").activation("relu").apply(&y);
    }
    let y = GlobalAveragePooling2D::new().apply(&y);
    let path = folder.join("slow.keras");
    Model::new(&x, &y).unwrap().save(&path).unwrap();
    path
}

/// `words(text)`: how many different words two texts are.
pub fn words(folder: &Folder) -> String {
    let path = folder.join("words.keras");
    let lookup = StringLookup::new().vocabulary(["bad", "good"]).output_mode("multi_hot");
    Sequential::new()
        .add(Input::text([2]))
        .add(lookup)
        .add(Dense::new(1).kernel_initializer("ones").use_bias(false))
        .build()
        .unwrap()
        .save(&path)
        .unwrap();
    path
}
