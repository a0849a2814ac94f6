//! Bytes on a socket, and what comes back: for what no well-behaved client does.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What came until the connection ended.
#[derive(Clone, Debug)]
pub struct Came(pub String);

impl Came {
    pub fn status(&self) -> u16 {
        self.0.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        let head = self.0.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| *found == name).map(|(_, value)| value).next().unwrap_or_default()
    }

    pub fn retry_after(&self) -> u64 {
        self.header("retry-after").parse().unwrap_or_default()
    }

    /// Whether it is a problem of this status whose words hold these.
    #[track_caller]
    pub fn refuses(&self, status: u16, words: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        assert!(self.header("content-type").contains("problem"), "{self:?}");
        assert!(self.0.contains(words), "{words:?} is not said in {self:?}");
    }
}

/// Reads until the connection ends, however it does.
pub async fn read(stream: &mut TcpStream) -> Came {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 1 << 16];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        bytes.extend_from_slice(&piece[..count]);
    }
    Came(String::from_utf8_lossy(&bytes).into_owned())
}

/// Sends bytes, and reads until the connection ends.
pub async fn send(address: SocketAddr, bytes: &[u8]) -> Came {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may be closed to what comes last.
    let _ = stream.write_all(bytes).await;
    read(&mut stream).await
}

/// One GET with headers of one's own.
pub async fn get(address: SocketAddr, path: &str, headers: &str) -> Came {
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    send(address, head.as_bytes()).await
}

/// One POST with headers of one's own.
pub async fn post(address: SocketAddr, path: &str, headers: &str, body: &[u8]) -> Came {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\
         {headers}\r\n"
    );
    send(address, &[head.as_bytes(), body].concat()).await
}
