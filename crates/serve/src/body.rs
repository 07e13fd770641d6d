//! Bodies of requests, read within limits.
use crate::failure::{Failure, Outcome};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The memory that the bodies of all requests share.
#[derive(Debug)]
pub(crate) struct Room {
    left: AtomicUsize,
}

impl Room {
    pub(crate) fn new(bytes: usize) -> Room {
        Room { left: AtomicUsize::new(bytes) }
    }

    /// Takes so many bytes; they are given back when the share is dropped.
    fn take(&self, share: &mut Share<'_>, bytes: usize) -> Outcome<()> {
        let taken = self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes));
        match taken {
            Ok(_) => {
                share.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(Failure::unavailable(
                "the bodies of other requests take all the memory there is for them; try again later",
            )),
        }
    }
}

/// The part of the room that one request has.
#[derive(Debug)]
struct Share<'r> {
    room: &'r Room,
    bytes: usize,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.room.left.fetch_add(self.bytes, Relaxed);
    }
}

/// A body that was read as a whole.
#[derive(Debug)]
pub(crate) struct Whole<'r> {
    pub(crate) bytes: Bytes,
    _share: Share<'r>,
}

/// What bodies may cost.
#[derive(Debug)]
pub(crate) struct Bodies {
    pub(crate) room: Room,
    pub(crate) most: usize,
    pub(crate) timeout: Duration,
}

impl Bodies {
    /// Reads a body, and unpacks it if it is packed.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Outcome<Whole<'_>> {
        let packed = match headers.get(header::CONTENT_ENCODING).map(|v| v.as_bytes()) {
            None | Some(b"identity") => false,
            Some(b"gzip" | b"x-gzip") => true,
            Some(_) => {
                let message = "the body is packed in an unknown way: send it plain or with gzip";
                return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
            }
        };
        let whole = match tokio::time::timeout(self.timeout, self.collect(headers, body)).await {
            Ok(whole) => whole?,
            Err(_) => {
                let message = format!("the body did not come within {:?}", self.timeout);
                return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, message));
            }
        };
        match packed {
            false => Ok(whole),
            true => tokio::task::block_in_place(|| self.unpack(&whole)),
        }
    }

    fn too_large(&self) -> Failure {
        Failure::too_large(format!("the body is larger than {} bytes", self.most))
    }

    async fn collect(&self, headers: &HeaderMap, mut body: Body) -> Outcome<Whole<'_>> {
        let announced = headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > self.most) {
            return Err(self.too_large());
        }
        let mut share = Share { room: &self.room, bytes: 0 };
        let mut first = Bytes::new();
        let mut all = Vec::new();
        while let Some(frame) = body.frame().await {
            let broken = |e: axum::Error| Failure::bad(format!("the body broke off: {e}"));
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if share.bytes + data.len() > self.most {
                return Err(self.too_large());
            }
            self.room.take(&mut share, data.len())?;
            // A small body comes in one piece and stays where it is.
            match (first.is_empty(), all.is_empty()) {
                (true, true) => first = data,
                (false, true) => {
                    all.extend(std::mem::take(&mut first));
                    all.extend(data);
                }
                _ => all.extend(data),
            }
        }
        let bytes = if all.is_empty() { first } else { all.into() };
        Ok(Whole { bytes, _share: share })
    }

    fn unpack(&self, packed: &Whole<'_>) -> Outcome<Whole<'_>> {
        let mut share = Share { room: &self.room, bytes: 0 };
        let mut decoder = MultiGzDecoder::new(&packed.bytes[..]);
        let (mut all, mut piece) = (Vec::new(), [0; 16 << 10]);
        loop {
            let read = decoder.read(&mut piece);
            let read = read.map_err(|e| Failure::bad(format!("the body is no sound gzip: {e}")))?;
            if read == 0 {
                return Ok(Whole { bytes: all.into(), _share: share });
            }
            if all.len() + read > self.most {
                return Err(Failure::too_large(format!(
                    "the body unpacks to more than {} bytes",
                    self.most
                )));
            }
            self.room.take(&mut share, read)?;
            all.extend(piece.get(..read).unwrap_or_default());
        }
    }
}
