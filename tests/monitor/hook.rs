//! Whoever receives reports.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;

/// What becomes of one delivery.
#[derive(Clone, Copy)]
pub enum Reply {
    /// Taken, and said so.
    Taken,
    /// Not taken, with this status.
    Status(u16),
    /// Taken, and never answered.
    Hangs,
}

/// A webhook; what it was not told to do with a delivery is that it takes it.
#[derive(Clone)]
pub struct Hook {
    pub url: String,
    script: Arc<Mutex<VecDeque<Reply>>>,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?secret=42", listener.local_addr().unwrap());
        let hook = Self { url, script: Arc::default(), taken: Arc::default() };
        let router = Router::new().fallback(take).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hook
    }

    pub fn will(&self, script: &[Reply]) {
        self.script.lock().unwrap().extend(script);
    }

    /// The reports that it has.
    pub fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }

    pub fn ids(&self) -> Vec<String> {
        self.taken().iter().map(|report| report["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until it has so many.
    pub async fn has(&self, count: usize) {
        for _ in 0..6000 {
            if self.taken().len() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} reports came", self.taken().len());
    }
}

async fn take(State(hook): State<Hook>, headers: HeaderMap, body: Bytes) -> Response {
    let reply = hook.script.lock().unwrap().pop_front().unwrap_or(Reply::Taken);
    let report: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["idempotency-key"], report["id"].as_str().unwrap());
    assert_eq!(headers["content-type"], "application/json");
    match reply {
        Reply::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            return (status, [("location", hook.url.as_str())]).into_response();
        }
        Reply::Taken | Reply::Hangs => hook.taken.lock().unwrap().push(report),
    }
    if matches!(reply, Reply::Hangs) {
        std::future::pending::<()>().await;
    }
    StatusCode::NO_CONTENT.into_response()
}
