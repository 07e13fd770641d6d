//! `RemoteMonitor`: the numbers of each epoch to a web server.
use crate::http::agent;
use crate::trainer::number::repr;
use crate::{Callback, Error, Logs, Result, Run, console};
use ferras_derive::Config;
use std::fmt::Write;

/// Posts the numbers of each epoch to `root + path` as JSON, `{"epoch": 0, "loss": 0.5}`: inside
/// the field of a form, or with `send_as_json` as the body.
///
/// A server that does not answer is warned of, and training goes on; one that answers with an error
/// is not noticed. It is there with the feature `download`.
///
/// - **Errors** at the end of the first epoch: an address or header that is none.
/// - **Source** Keras 3 `callbacks.RemoteMonitor`.
///
/// ```no_run
/// use ferras::prelude::*;
/// let mut model = Sequential::new().add(Dense::new(1).input_dim(1));
/// model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
/// let monitor = RemoteMonitor::new().root("http://localhost:9000").send_as_json(true);
/// model.fit([[1.0_f32]], [[1.0_f32]], Fit::new().epochs(3).callback(monitor))?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.callbacks")]
pub struct RemoteMonitor {
    /// The server; `"http://localhost:9000"` by default.
    #[config(default = "http://localhost:9000")]
    root: String,
    /// What stands behind it in the address; `"/publish/epoch/end/"` by default.
    #[config(default = "/publish/epoch/end/")]
    path: String,
    /// The field of the form; `"data"` by default.
    #[config(default = "data")]
    field: String,
    /// Whether the JSON is the body, in place of a form; false by default.
    #[config(default = false)]
    send_as_json: bool,
    #[config(state)]
    headers: Vec<(String, String)>,
}

impl RemoteMonitor {
    /// Lines at the head of each message, by name.
    pub fn headers(
        mut self,
        headers: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> RemoteMonitor {
        self.headers = headers.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self
    }

    /// The kind of a message, and the message.
    fn message(&self, epoch: usize, logs: &Logs) -> (&'static str, String) {
        let mut json = format!("{{\"epoch\": {epoch}");
        for (name, value) in logs.iter() {
            let _ = write!(json, ", {}: {}", serde_json::Value::from(name), number(value));
        }
        json.push('}');
        match self.send_as_json {
            true => ("application/json", json),
            false => {
                let form = format!("{}={}", form_text(&self.field), form_text(&json));
                ("application/x-www-form-urlencoded", form)
            }
        }
    }
}

/// A number as Python's `json` writes it.
fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        v => repr(v),
    }
}

/// Text as forms hold it: blanks as `+`, all but letters, digits and `-._~` as `%` and two digits.
fn form_text(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => out.push(char::from(b)),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}

impl Callback for RemoteMonitor {
    fn on_epoch_end(&mut self, epoch: usize, logs: &Logs, _: &mut Run) -> Result<()> {
        let address = format!("{}{}", self.root, self.path);
        let (kind, body) = self.message(epoch, logs);
        let wrong = |problem: String| Error::argument("root", format!("{address:?}: {problem}"));
        let agent = agent(&address).map_err(wrong)?;
        let mut request = agent.post(&address).header("Content-Type", kind);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match request.send(&body) {
            Ok(_) => Ok(()),
            Err(e @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => Err(wrong(e.to_string())),
            Err(_) => {
                let text = "Could not reach RemoteMonitor root server at";
                console::warn(&format!("{text} {}", self.root));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::captured;
    use crate::prelude::*;
    use std::io::{BufRead, BufReader, Read, Write as _};
    use std::net::TcpListener;

    /// What a server is sent in a run of one epoch.
    fn sent(monitor: impl FnOnce(String) -> RemoteMonitor) -> (Vec<String>, String) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}", server.local_addr().unwrap());
        let listener = std::thread::spawn(move || {
            let (stream, _) = server.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim_end() {
                    "" => break,
                    line => head.push(line.to_ascii_lowercase()),
                }
            }
            let length = head.iter().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let mut stream = stream;
            stream.write_all(b"HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n").unwrap();
            (head, String::from_utf8(body).unwrap())
        });
        fit(monitor(root)).unwrap();
        listener.join().unwrap()
    }

    fn fit(monitor: RemoteMonitor) -> Result<()> {
        let zeros = Dense::new(1).kernel_initializer("zeros").input_dim(1);
        let mut model = Sequential::new().add(zeros);
        model.compile(Compile::new().optimizer("sgd").loss("mse"))?;
        let fit = Fit::new().verbose(0).callback(monitor);
        model.fit([[1.0_f32]], [[0.5_f32]], fit).map(|_| ())
    }

    #[test]
    fn the_server_gets_a_form_or_json() {
        let (head, body) = sent(|root| RemoteMonitor::new().root(root));
        assert_eq!(head[0], "post /publish/epoch/end/ http/1.1");
        assert!(head.contains(&"content-type: application/x-www-form-urlencoded".to_string()));
        assert_eq!(body, "data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.25%7D");
        let (head, body) = sent(|root| {
            let monitor = RemoteMonitor::new().root(root).path("/here").send_as_json(true);
            monitor.headers([("X-Run", "seven")])
        });
        assert_eq!(head[0], "post /here http/1.1");
        assert!(head.contains(&"content-type: application/json".to_string()));
        assert!(head.contains(&"x-run: seven".to_string()));
        assert_eq!(body, "{\"epoch\": 0, \"loss\": 0.25}");
    }

    #[test]
    fn a_server_that_is_not_there_is_warned_of() {
        // The port was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = format!("http://127.0.0.1:{port}");
        let (result, _, warned) = captured(|| fit(RemoteMonitor::new().root(&root[..])));
        result.unwrap();
        assert_eq!(warned, format!("Could not reach RemoteMonitor root server at {root}"));
        let error = fit(RemoteMonitor::new().root("no address")).unwrap_err().to_string();
        assert!(error.contains("root"), "{error}");
    }
}
