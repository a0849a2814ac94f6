//! One HTTP/1.1 connection kept alive, with one request at a time: as little client as there can
//! be, since it shares the machine with what it measures.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Error;

/// An open connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// [`Error::Busy`] if nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self, Error> {
        let unreachable = |why: String| Error::busy(format!("{address}: {why}"));
        let stream = TcpStream::connect(address).await.map_err(|e| unreachable(e.to_string()))?;
        stream.set_nodelay(true).map_err(|e| unreachable(e.to_string()))?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| unreachable(e.to_string()))?;
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// [`Error::Busy`] if the connection breaks.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), Error> {
        let broken = |why: hyper::Error| Error::busy(format!("{path}: {why}"));
        self.sender.ready().await.map_err(broken)?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/cose")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Error::input(format!("{path}: {error}")))?;
        let response = self.sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let answer = response.into_body().collect().await.map_err(broken)?.to_bytes();
        Ok((status, answer))
    }
}
