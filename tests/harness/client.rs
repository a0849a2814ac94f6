//! An HTTP client that hides nothing: status, headers and bytes as they came.

use std::{convert::Infallible, net::SocketAddr};

use coset::cbor::value::Value;
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::{Bytes, Frame},
    client::conn::http1::{self, SendRequest},
    header::HOST,
    http,
};
use hyper_util::rt::TokioIo;
use probant::clock::SystemClock;
use serde_json::Value as Json;
use tokio::net::TcpStream;

use super::{PATIENCE, PAUSE};

type Body = BoxBody<Bytes, Infallible>;

/// Where to ask; a connection a request.
#[derive(Clone, Copy)]
pub struct Client {
    address: SocketAddr,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: Vec<u8>) -> Reply {
        self.send(Method::POST, path, body).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Reply {
        let sent = self.connect().await.unwrap().send(method.clone(), path, body).await;
        sent.unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// The same with headers.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        let body = BodyExt::boxed(Full::new(Bytes::from(body)));
        self.connect().await.unwrap().request(method, path, headers, body).await.unwrap()
    }

    /// A body of unannounced length, in pieces.
    pub async fn stream(&self, path: &str, pieces: Vec<Bytes>) -> Reply {
        let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece)));
        let body = BodyExt::boxed(StreamBody::new(stream::iter(frames)));
        self.connect().await.unwrap().request(Method::POST, path, &[], body).await.unwrap()
    }

    pub async fn connect(&self) -> Result<Connection, String> {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", self.address);
        let stream = TcpStream::connect(self.address).await.map_err(|e| said(&e))?;
        stream.set_nodelay(true).map_err(|e| said(&e))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| said(&e))?;
        tokio::spawn(connection);
        Ok(Connection(sender))
    }

    /// Asks until the answer is the one awaited.
    pub async fn wait_for(&self, path: &str, awaited: impl Fn(&Reply) -> bool) -> Reply {
        let clock = SystemClock::shared();
        while clock.elapsed() < PATIENCE {
            let reply = self.get(path).await;
            if awaited(&reply) {
                return reply;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{path} never gave the answer awaited");
    }

    /// Height and size of the head.
    pub async fn head(&self) -> (u64, u64) {
        let ready = self.get("/readyz").await.json();
        let number = |name: &str| ready["head"][name].as_u64().unwrap();
        (number("height"), number("size"))
    }
}

/// One connection, one request at a time.
pub struct Connection(SendRequest<Body>);

impl Connection {
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Reply, String> {
        self.request(method, path, &[], BodyExt::boxed(Full::new(Bytes::from(body)))).await
    }

    async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Result<Reply, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        self.0.ready().await.map_err(|e| said(&e))?;
        let request = Request::builder().method(method).uri(path).header(HOST, "ledger.example");
        let with = |request: http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        let request = headers.iter().fold(request, with);
        let request = request.body(body).map_err(|e| said(&e))?;
        let response = self.0.send_request(request).await.map_err(|e| said(&e))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|e| said(&e))?.to_bytes();
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Checks status, content type and cache rule, and hands the body on.
    #[track_caller]
    pub fn expect(self, status: u16, content_type: &str, cache: &str) -> Bytes {
        let found = (self.status.as_u16(), self.header("content-type"));
        assert_eq!(found, (status, content_type), "{self:?}");
        assert_eq!(self.header("cache-control"), cache, "{self:?}");
        self.body
    }

    /// The detail of an RFC 9457 problem of this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        let body = self.clone().expect(status, "application/problem+json", "no-store");
        let problem: Json = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["status"], status);
        let name = problem["type"].as_str().and_then(|uri| uri.strip_prefix("/problems/"));
        assert!(name.is_some_and(|name| !name.is_empty()), "{problem}");
        assert!(!problem["title"].as_str().unwrap().is_empty());
        problem["detail"].as_str().unwrap().to_owned()
    }

    /// The detail of an RFC 9290 problem of this status.
    #[track_caller]
    pub fn concise(&self, status: u16) -> String {
        self.titled(status).1
    }

    /// Its title and detail.
    #[track_caller]
    pub fn titled(&self, status: u16) -> (String, String) {
        const TYPE: &str = "application/concise-problem-details+cbor";
        let body = self.clone().expect(status, TYPE, "no-store");
        let value: Value = coset::cbor::de::from_reader(body.as_ref()).unwrap();
        let Value::Map(problem) = value else { panic!("not a map: {self:?}") };
        let text = |label: i64| {
            let found = problem.iter().find(|(key, _)| *key == Value::from(label));
            found.and_then(|(_, value)| value.as_text()).expect("title and detail").to_owned()
        };
        assert!(!text(-1).is_empty());
        (text(-1), text(-2))
    }
}
