//! The listener and the gate of a ledger before the routes of something else, as of a witness: the same
//! limits, the same figures.

use std::sync::Arc;

use axum::{
    Router,
    http::header,
    response::{IntoResponse as _, Response},
};
use prometheus_client::{encoding::text, registry::Registry};
use tokio::{net::TcpListener, sync::oneshot, time};

use super::{
    NEVER, Tls, delivery,
    gate::Gate,
    limits::Limits,
    listener::{Listener, Routes},
    metrics::{Figures, OPEN_METRICS},
    problem,
};
use crate::clock::SharedClock;

/// What a service has between itself and strangers.
pub struct Door {
    gate: Arc<Gate>,
    limits: Limits,
    figures: Figures,
}

impl Door {
    /// One that nobody knocks at yet; its figures are told by `registry`.
    pub fn new(limits: Limits, clock: &SharedClock, registry: &mut Registry) -> Self {
        let figures = Figures::default();
        figures.register(registry);
        Self { gate: Arc::new(Gate::new(&limits, clock, figures.clone())), limits, figures }
    }

    /// Answers until `stop` is ready; whoever has not read its answer by then is waited for a while.
    pub async fn serve(
        self,
        routes: Router,
        (socket, tls): (TcpListener, Option<Tls>),
        stop: impl Future<Output = ()>,
    ) {
        let routes = routes
            .fallback(problem::not_found)
            .method_not_allowed_fallback(problem::method_not_allowed);
        let routes = Arc::new(Routes::new(delivery::delivered(routes, &self.gate)));
        let listener = Listener::new(routes, tls, &self.limits, self.figures);
        let (end, ended) = oneshot::channel();
        let ended = async move {
            // An error says that nobody is left to end it.
            let _ = ended.await;
        };
        let listening = tokio::spawn(listener.run(socket, ended));
        stop.await;
        self.gate.stop();
        // Fails only where the listener has ended before.
        let _ = end.send(());
        if time::timeout(self.limits.stop, listening).await.is_err() {
            tracing::warn!("stopping although some clients have not ended");
        }
    }
}

/// What a registry of figures has to tell, as `OpenMetrics` text.
pub fn told(registry: &Registry) -> Response {
    let mut told = String::new();
    text::encode(&mut told, registry).expect("a string takes all text");
    ([(header::CONTENT_TYPE, OPEN_METRICS), (header::CACHE_CONTROL, NEVER)], told).into_response()
}
