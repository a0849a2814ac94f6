//! The web server of a domain, over HTTPS with a certificate made here: whatever it is told to answer
//! to every request.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::harness::certificate::self_signed;

/// What every request is answered with.
#[derive(Clone)]
pub enum Answer {
    /// These bytes, with head and all.
    Bytes(Vec<u8>),
    /// A head, and bytes for as long as somebody reads.
    Endless,
    /// Nothing, and the connection stays.
    Silence,
}

pub struct Domain {
    folder: TempDir,
    pub address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Domain {
    /// One that says nothing yet, for `name`.
    pub async fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let acceptor = certified(folder.path(), name);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, asked) = (Arc::new(Mutex::new(Answer::Silence)), Arc::default());
        let domain = Self { folder, address, answer, asked };
        let (answer, asked) = (Arc::clone(&domain.answer), Arc::clone(&domain.asked));
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
                let asked = Arc::clone(&asked);
                tokio::spawn(async move {
                    // A handshake that fails is the client's to report.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    serve(stream, &answer, &asked).await;
                });
            }
        });
        domain
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("tls.pem")
    }

    /// The options by which it is reached under `id`.
    pub fn options(&self, id: &str) -> [String; 4] {
        let ca = self.ca().display().to_string();
        ["--ca".into(), ca, "--resolve".into(), format!("{id}={}", self.address)]
    }

    pub fn say(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Answers 200 with this body.
    pub fn publish(&self, content_type: &str, body: &[u8]) {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        );
        self.say(Answer::Bytes([head.as_bytes(), body].concat()));
    }

    /// Answers without a body.
    pub fn reply(&self, status: &str, header: &str) {
        let head =
            format!("HTTP/1.1 {status}\r\n{header}content-length: 0\r\nconnection: close\r\n\r\n");
        self.say(Answer::Bytes(head.into_bytes()));
    }

    /// The first lines of the requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &Mutex<Answer>,
    asked: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line);
    let answer = answer.lock().unwrap().clone();
    // Whoever has read enough hangs up.
    match answer {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[0; 4096]).await.is_ok() {}
        }
        Answer::Silence => std::future::pending().await,
    }
}

fn certified(folder: &Path, name: &str) -> TlsAcceptor {
    self_signed(folder, "domain", &format!("DNS:{name}"));
    let chain =
        vec![CertificateDer::from_pem_slice(&fs::read(folder.join("tls.pem")).unwrap()).unwrap()];
    let private =
        PrivateKeyDer::from_pem_slice(&fs::read(folder.join("tls.key")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(chain, private).unwrap();
    TlsAcceptor::from(Arc::new(config))
}
