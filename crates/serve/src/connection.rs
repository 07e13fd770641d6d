//! Connections: taken up to a limit, read within times, and ended in peace.
use crate::events::Event;
use crate::state::State;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

/// The head of a request, and what is read at once.
const HEAD: usize = 64 << 10;

/// What those get that come when there are too many.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
Retry-After: 1\r\nConnection: close\r\nContent-Length: 36\r\n\r\n{\"error\":\"too many connections now\"}";

/// Answers connections until `stop` is done; then those that are there may end in peace.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    state: Arc<State>,
    stop: impl Future<Output = ()>,
) {
    let ending = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = &mut stop => break,
        };
        match taken {
            Ok((stream, _)) => take(stream, &router, &state, &ending),
            // Gone again, or out of handles: a moment later there may be some.
            Err(e) if is_of_one(&e) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    drop(listener);
    state.stop();
    (state.options.on_event)(&Event::Stopping);
    let _ = tokio::time::timeout(state.options.grace, ending.shutdown()).await;
}

/// Whether an error is that of one connection and not of all.
fn is_of_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// An open connection, counted.
struct Counted(Arc<State>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics.connections.fetch_sub(1, Relaxed);
    }
}

fn take(stream: TcpStream, router: &Router, state: &Arc<State>, ending: &GracefulShutdown) {
    let open = state.metrics.connections.fetch_add(1, Relaxed);
    let counted = Counted(state.clone());
    if open >= state.options.connections {
        state.metrics.refused();
        // What fits into the system's buffer goes out; nobody waits for it.
        let _ = stream.try_write(TOO_MANY);
        return;
    }
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(state.options.timeout));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(state.options.timeout)
        .max_headers(state.options.headers)
        .max_buf_size(HEAD)
        // Whoever has said everything may still listen.
        .half_close(true);
    let service = TowerToHyperService::new(router.clone());
    let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let connection = ending.watch(connection);
    tokio::spawn(async move {
        // How a connection ended is of interest to its other end only.
        let _ = connection.await;
        drop(counted);
    });
}
