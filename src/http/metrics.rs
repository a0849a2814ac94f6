//! `GET /metrics`: what Prometheus asks for (`OpenMetrics` text). Requests are counted here, everything
//! else where it happens.

use std::time::Duration;

use axum::{Router, extract::State, http::Method, response::Response, routing::get};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{Service, door};
use crate::{
    ledger::Ledger,
    witnesses::{Standing, Witnesses},
};

pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// From half a millisecond to ten seconds.
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// One label with its value.
type Label<V> = [(&'static str, V); 1];

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

/// Counters of the web service.
#[derive(Clone)]
pub struct Figures {
    answered: Family<Answered, Counter>,
    seconds: Family<Label<String>, Histogram, fn() -> Histogram>,
    rate_limited: Family<Label<&'static str>, Counter>,
    pub connections: Gauge,
    pub connections_refused: Counter,
    pub accept_errors: Counter,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            rate_limited: Family::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            accept_errors: Counter::default(),
        }
    }
}

impl Figures {
    /// Counts an answer, by the template of the route.
    pub fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let (method, route) = (known(method), route.to_owned());
        self.seconds.get_or_create(&[("route", route.clone())]).observe(took.as_secs_f64());
        self.answered.get_or_create(&Answered { method, route, status }).inc();
    }

    pub fn rate_limited(&self, of: &'static str) {
        self.rate_limited.get_or_create(&[("of", of)]).inc();
    }

    pub fn register(&self, registry: &mut Registry) {
        let all = registry.sub_registry_with_prefix("http");
        all.register("requests", "Answers, by route and status", self.answered.clone());
        let help = "Time until the head of an answer";
        all.register_with_unit("request", help, Unit::Seconds, self.seconds.clone());
        let help = "Requests of clients that were over their rate";
        all.register("rate_limited", help, self.rate_limited.clone());
        all.register("connections", "Open connections", self.connections.clone());
        let help = "Connections that were turned away: all were taken";
        all.register("connections_refused", help, self.connections_refused.clone());
        let help = "Connections that could not be taken: see the log";
        all.register("accept_errors", help, self.accept_errors.clone());
    }
}

/// A method of HTTP: a client may make up others.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Everything that is told, of one ledger.
pub struct Metrics {
    registry: Registry,
    now: Now,
}

/// What is read when it is asked for.
#[derive(Default)]
struct Now {
    ready: Gauge,
    height: Gauge,
    entries: Gauge,
    documents: Gauge,
    block_time: Gauge,
    lag: Gauge,
    pool: Gauge,
    pool_bytes: Gauge,
    cosigned_height: Gauge,
    cosigned_time: Gauge,
    cosigned_waiting: Gauge,
    witness_cosigns: Family<Label<String>, Gauge>,
    witness_contradicts: Family<Label<String>, Gauge>,
    witness_entries: Family<Label<String>, Gauge>,
}

impl Metrics {
    pub fn new(ledger: &Ledger, http: &Figures, witnesses: Option<&Witnesses>) -> Self {
        let (mut registry, now) = (Registry::default(), Now::default());
        let started = Gauge::default();
        set(&started, ledger.clock().now_ms() / 1000);
        let help = "When this process began, since 1970";
        registry.register_with_unit("process_start_time", help, Unit::Seconds, started);
        let ours = registry.sub_registry_with_prefix("probant");
        http.register(ours);
        now.register(ours);
        if witnesses.is_some() {
            now.register_witnesses(ours);
        }
        let figures = ledger.figures();
        ours.register("submissions", "Submissions, by outcome", figures.submissions.clone());
        ours.register("refusals", "Refused submissions, by code", figures.refusals.clone());
        let help = "Time to make a block, its sync included";
        ours.register_with_unit("seal", help, Unit::Seconds, figures.seal.clone());
        let help = "Time to check, write and sync a block";
        ours.register_with_unit("append", help, Unit::Seconds, figures.append.clone());
        Self { registry, now }
    }
}

impl Now {
    fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("ready", "1 while /readyz says so", &self.ready),
            ("head_height", "Height of the newest block", &self.height),
            ("head_entries", "Entries up to it", &self.entries),
            ("head_documents", "Certified documents up to it", &self.documents),
            ("lookup_lag_blocks", "Blocks that look-ups have not reached", &self.lag),
            ("pool_statements", "Statements that wait for their block", &self.pool),
        ] {
            registry.register(name, help, gauge.clone());
        }
        let help = "Time of the newest block, since 1970";
        registry.register_with_unit("head_time", help, Unit::Seconds, self.block_time.clone());
        let help = "Bytes of what waits for its block";
        registry.register_with_unit("pool", help, Unit::Bytes, self.pool_bytes.clone());
    }

    fn register_witnesses(&self, registry: &mut Registry) {
        let help = "Height of the newest block that a quorum of witnesses has cosigned";
        registry.register("cosigned_height", help, self.cosigned_height.clone());
        let help = "Time of that block, since 1970";
        registry.register_with_unit(
            "cosigned_time",
            help,
            Unit::Seconds,
            self.cosigned_time.clone(),
        );
        let help = "How long there has been a newer checkpoint without a quorum; 0 without one";
        let waiting = self.cosigned_waiting.clone();
        registry.register_with_unit("cosigned_waiting", help, Unit::Seconds, waiting);
        let help = "1 while a witness cosigns what it is shown";
        registry.register("witness_cosigns", help, self.witness_cosigns.clone());
        let help = "1 while a witness has seen more than this ledger, or another history";
        registry.register("witness_contradicts", help, self.witness_contradicts.clone());
        let help = "Entries up to the checkpoint that a witness cosigned last, as far as is known";
        registry.register("witness_entries", help, self.witness_entries.clone());
    }

    fn read_witnesses(&self, service: &Service, witnesses: &Witnesses) {
        let report = witnesses.report();
        if let Some(published) = service.0.prover.cosigned() {
            set(&self.cosigned_height, published.block.height);
            set(&self.cosigned_time, published.block.time_ms / 1000);
        }
        set(&self.cosigned_waiting, report.waiting.unwrap_or_default().as_secs());
        for (url, standing, size) in report.witnesses {
            let label = [("witness", url)];
            self.witness_cosigns.get_or_create(&label).set((standing == Standing::Cosigns).into());
            self.witness_contradicts.get_or_create(&label).set(standing.is_fork().into());
            set(&self.witness_entries.get_or_create(&label), size);
        }
    }

    fn read(&self, service: &Service) {
        if let Some(witnesses) = &service.0.witnesses {
            self.read_witnesses(service, witnesses);
        }
        let ledger = &service.0.ledger;
        let (head, (statements, bytes)) = (ledger.head(), ledger.waiting());
        self.ready.set(service.readiness().ready.into());
        for (gauge, value) in [
            (&self.height, head.height),
            (&self.entries, head.size),
            (&self.documents, head.documents),
            (&self.block_time, head.time_ms / 1000),
            (&self.lag, (head.height + 1).saturating_sub(ledger.store().derived())),
            (&self.pool, statements as u64),
            (&self.pool_bytes, bytes as u64),
        ] {
            set(gauge, value);
        }
    }
}

fn set(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

pub fn router() -> Router<Service> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(service): State<Service>) -> Response {
    service.0.metrics.now.read(&service);
    door::told(&service.0.metrics.registry)
}
