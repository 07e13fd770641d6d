//! `serve`.
use crate::args::Serve;
use crate::console::{self, Console};
use crate::failure::{Failure, Outcome};
use ferras::Limits;
use ferras_serve::{Event, Options, Service, Source};
use serde_json::{Value as Json, json};
use std::net::{IpAddr, TcpListener, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

/// The largest file of labels.
const MOST_LABELS: u64 = 64 << 20;

pub(crate) fn run(args: &Serve, console: Console, limits: &Limits) -> Outcome<Json> {
    let sources = args.models.iter().map(|text| Source::parse(text).map_err(Failure::Usage));
    let sources = sources.collect::<Outcome<Vec<Source>>>()?;
    let service = Service::new(sources, options(args, console, limits)?).map_err(Failure::Usage)?;
    let listener = listen(&args.host, args.port)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::Work(format!("cannot begin: {e}")))?;
    runtime.block_on(answer(&service, listener))?;
    // What still computes is not waited for: its grace is over.
    runtime.shutdown_background();
    Ok(json!({ "requests": service.requests() }))
}

fn options(args: &Serve, console: Console, limits: &Limits) -> Outcome<Options> {
    let labels = args.labels.as_deref().map_or(Ok(Vec::new()), labels)?;
    let seconds = Duration::from_secs;
    let mut options = Options::new()
        .labels(labels)
        .max_batch(args.max_batch)
        .max_delay(Duration::from_millis(args.max_delay))
        .queue(args.queue)
        .max_body(usize::try_from(args.max_body).unwrap_or(usize::MAX))
        .connections(args.connections)
        .timeout(seconds(args.timeout))
        .grace(seconds(args.grace))
        .reload(seconds(args.reload))
        .limits(*limits)
        .on_event(move |event| tell(event, console));
    if let Some(preprocess) = args.preprocess {
        options = options.preprocess(preprocess);
    }
    let told = args.token.clone().or_else(|| std::env::var("FERRAS_TOKEN").ok());
    match told.filter(|token| !token.is_empty()) {
        Some(token) => options = options.token(token),
        None if is_open(&args.host) => console::warn(format_args!(
            "whoever reaches {} may use the models: --token TOKEN asks for one",
            args.host
        )),
        None => {}
    }
    Ok(options)
}

/// Whether other machines may reach an address.
fn is_open(host: &str) -> bool {
    let own = |address: IpAddr| address.is_loopback();
    host != "localhost" && !host.parse().is_ok_and(own)
}

fn labels(path: &Path) -> Outcome<Vec<String>> {
    let told = |problem: String| Failure::Work(format!("{}: {problem}", path.display()));
    let length = std::fs::metadata(path).map_err(|e| told(e.to_string()))?.len();
    if length > MOST_LABELS {
        return Err(told(format!("has {length} bytes: no list of labels has")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| told(e.to_string()))?;
    ferras_serve::labels(&text).map_err(told)
}

fn listen(host: &str, port: u16) -> Outcome<TcpListener> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = (bare, port).to_socket_addrs();
    let addresses = addresses.map_err(|e| Failure::Usage(format!("--host {host}: {e}")))?;
    let told = |e| Failure::Work(format!("cannot listen at {host}, port {port}: {e}"));
    TcpListener::bind(&addresses.collect::<Vec<_>>()[..]).map_err(told)
}

/// Takes connections at once, loads the models meanwhile, and goes on until it is told to stop.
async fn answer(service: &Service, listener: TcpListener) -> Outcome<()> {
    let (failed, failure) = tokio::sync::oneshot::channel();
    let loading = service.clone();
    let load = tokio::task::spawn_blocking(move || {
        if let Err(problem) = loading.load() {
            let _ = failed.send(problem);
        }
    });
    let mut problem = None;
    let stop = async {
        tokio::select! {
            () = told() => {}
            Ok(told) = failure => problem = Some(told),
        }
    };
    let served = service.serve(listener, stop).await;
    load.abort();
    served.map_err(|e| Failure::Work(format!("cannot take connections: {e}")))?;
    problem.map_or(Ok(()), |problem| Err(Failure::Work(problem)))
}

/// Waits until the service is told to stop; told once more, it ends without grace.
async fn told() {
    signalled().await;
    tokio::spawn(async {
        signalled().await;
        std::process::exit(130);
    });
}

async fn signalled() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

fn tell(event: &Event, console: Console) {
    // That nobody reads it is no reason to stop.
    let _ = match event {
        Event::Failed { .. } => {
            console::warn(event);
            Ok(())
        }
        Event::Listening { .. } => console.say(event),
        _ => console.note(event),
    };
}
