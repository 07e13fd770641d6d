//! The service: models, and who answers for them.
use crate::connection;
use crate::events::Event;
use crate::options::Options;
use crate::registry::{Registry, Source};
use crate::router::router;
use crate::state::State;
use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;

/// Models with everything that answers for them.
///
/// ```
/// use ferras::prelude::*;
/// use ferras_serve::{Options, Service, Source};
/// # let path = std::env::temp_dir().join(format!("ferras-doc-serve-{}.keras", std::process::id()));
/// Sequential::new().add(Dense::new(1).input_dim(2)).build()?.save(&path)?;
///
/// let source = Source::parse(&format!("line={}", path.display()))?;
/// let service = Service::new(vec![source], Options::new())?;
/// service.load()?;
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
/// // A program would wait for a signal here.
/// runtime.block_on(service.serve(listener, async {}))?;
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Service {
    state: Arc<State>,
}

impl Service {
    /// The service of these models, none of which is loaded yet. An error for two of one name, or
    /// none.
    pub fn new(sources: Vec<Source>, options: Options) -> Result<Service, String> {
        let registry = Registry::new(sources)?;
        Ok(Service { state: Arc::new(State::new(registry, options)) })
    }

    /// Loads and warms all models; an error for the first that cannot be. Meanwhile, and before,
    /// the service may answer already: `/v2/health/ready` and the models' addresses with status
    /// 503.
    pub fn load(&self) -> Result<(), String> {
        self.state.registry.refresh(&self.state.options, true)
    }

    /// Everything that the service answers, for a server of one's own: limits on connections and
    /// headers are then its business. It needs tokio's runtime of several threads.
    pub fn router(&self) -> axum::Router {
        router(self.state.clone())
    }

    /// Requests that were answered so far.
    pub fn requests(&self) -> u64 {
        self.state.metrics.total()
    }

    /// Answers on `listener` until `stop` is done, and lets requests that are under way end. Looks
    /// at the models' files meanwhile, and loads those that change. It needs tokio's runtime of
    /// several threads.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        (self.state.options.on_event)(&Event::Listening { address });
        let watch = tokio::spawn(watch(self.state.clone()));
        connection::serve(listener, self.router(), self.state.clone(), stop).await;
        watch.abort();
        Ok(())
    }
}

/// Looks at the models' files again and again.
async fn watch(state: Arc<State>) {
    let every = state.options.reload;
    if every.is_zero() {
        return;
    }
    loop {
        tokio::time::sleep(every).await;
        let state = state.clone();
        let look = move || {
            if state.registry.ready() {
                // Later than at the start, problems are told as events.
                let _ = state.registry.refresh(&state.options, false);
            }
        };
        let _ = tokio::task::spawn_blocking(look).await;
    }
}
