//! The authority over HTTP, on loopback: as it should be, and as it should not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::net::TcpListener;

use crate::authority::Authority;

/// What it does.
#[derive(Clone)]
pub enum Manner {
    /// It answers as it should, with these lines in the configuration of openssl.
    Good(&'static str),
    /// It answers with these bytes, whatever is asked.
    Says(Vec<u8>),
    /// It answers with this status and type.
    Speaks(StatusCode, &'static str),
    /// It sends its head, and then nothing.
    Hangs,
    /// It goes on for ever.
    Endless,
}

pub struct Service {
    pub url: String,
    manner: Arc<Mutex<Manner>>,
    /// What was asked.
    pub asked: Arc<Mutex<Vec<Bytes>>>,
}

#[derive(Clone)]
struct Desk {
    authority: Arc<Authority>,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<Mutex<Vec<Bytes>>>,
}

impl Service {
    pub async fn start(authority: Arc<Authority>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/tsr", listener.local_addr().unwrap());
        let manner = Arc::new(Mutex::new(Manner::Good("")));
        let asked = Arc::default();
        let desk = Desk { authority, manner: Arc::clone(&manner), asked: Arc::clone(&asked) };
        let routes = Router::new().route("/tsr", post(answer)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, manner, asked }
    }

    pub fn is(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

async fn answer(State(desk): State<Desk>, headers: HeaderMap, query: Bytes) -> Response {
    assert_eq!(headers[header::CONTENT_TYPE], "application/timestamp-query");
    desk.asked.lock().unwrap().push(query.clone());
    let manner = desk.manner.lock().unwrap().clone();
    let kind = [(header::CONTENT_TYPE, "application/timestamp-reply")];
    match manner {
        Manner::Good(lines) => {
            let reply = tokio::task::spawn_blocking(move || desk.authority.reply(&query, lines));
            (kind, reply.await.unwrap()).into_response()
        }
        Manner::Says(bytes) => (kind, bytes).into_response(),
        Manner::Speaks(status, kind) => {
            (status, [(header::CONTENT_TYPE, kind)], "<html>").into_response()
        }
        Manner::Hangs => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            StatusCode::OK.into_response()
        }
        Manner::Endless => {
            let more = futures_util::stream::repeat(Ok::<_, std::convert::Infallible>(
                Bytes::from_static(&[0x30; 4096]),
            ));
            (kind, axum::body::Body::from_stream(more)).into_response()
        }
    }
}
