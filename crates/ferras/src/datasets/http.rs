//! Fetching a file from a web server.
use crate::http::agent;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;
use ureq::{Agent, http::header};

/// Attempts in a row that may end without a byte more than before.
const ATTEMPTS: u32 = 3;

/// Why a file did not arrive.
pub(super) enum Failure {
    /// It could not be written here.
    Disk(io::Error),
    /// The connection broke, or never came about; trying again may help.
    Broken(String),
    /// The server, or the address, says no; trying again would not help.
    Refused(String),
}

/// Fetches the file at `url` into `part`, going on behind the bytes that are in it if the server
/// can; broken connections are taken up again.
pub(super) fn fetch(url: &str, part: &mut File) -> Result<(), Failure> {
    let agent = agent(url).map_err(Failure::Refused)?;
    let mut vain = 0;
    loop {
        let before = length(part)?;
        match attempt(&agent, url, part, before) {
            Err(Failure::Broken(problem)) => {
                let progress = length(part)? > before;
                vain = if progress { 0 } else { vain + 1 };
                if vain >= ATTEMPTS {
                    return Err(Failure::Broken(problem));
                }
                std::thread::sleep(Duration::from_millis(200 << vain));
            }
            done => return done,
        }
    }
}

fn length(part: &File) -> Result<u64, Failure> {
    Ok(part.metadata().map_err(Failure::Disk)?.len())
}

fn attempt(agent: &Agent, url: &str, part: &mut File, have: u64) -> Result<(), Failure> {
    // Packed on the way, the bytes would not be those that the range counts.
    let mut request = agent.get(url).header(header::ACCEPT_ENCODING, "identity");
    if have > 0 {
        request = request.header(header::RANGE, format!("bytes={have}-"));
    }
    let response = request.call().map_err(failure)?;
    let goes_on = response.headers().get(header::CONTENT_RANGE).is_some_and(|range| {
        range.to_str().is_ok_and(|r| r.starts_with(&format!("bytes {have}-")))
    });
    let start = match response.status().as_u16() {
        206 if goes_on => have,
        200 => 0,
        206 | 416 => {
            part.set_len(0).map_err(Failure::Disk)?;
            return Err(Failure::Broken("the server sent another part than asked for".into()));
        }
        500..=599 | 429 => return Err(Failure::Broken(answer(response.status()))),
        _ => return Err(Failure::Refused(answer(response.status()))),
    };
    part.set_len(start).map_err(Failure::Disk)?;
    part.seek(SeekFrom::Start(start)).map_err(Failure::Disk)?;
    let body = response.into_body();
    let expected = body.content_length().map(|n| start.saturating_add(n));
    copy(body.into_reader(), part)?;
    let came = length(part)?;
    match expected {
        Some(total) if total != came => {
            Err(Failure::Broken(format!("the connection ended after {came} of {total} bytes")))
        }
        _ => Ok(()),
    }
}

fn answer(status: ureq::http::StatusCode) -> String {
    format!("the server answered {status}")
}

fn failure(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Refused(error.to_string()),
        ureq::Error::TooManyRedirects => Failure::Refused(error.to_string()),
        _ => Failure::Broken(error.to_string()),
    }
}

/// Copies all there is; what came before a break stays.
fn copy(mut body: impl Read, part: &mut File) -> Result<(), Failure> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return part.sync_all().map_err(Failure::Disk),
            Ok(n) => part.write_all(buffer.get(..n).unwrap_or_default()).map_err(Failure::Disk)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                part.sync_all().map_err(Failure::Disk)?;
                return Err(Failure::Broken(format!("the connection broke: {e}")));
            }
        }
    }
}
