//! The body of a request as it comes from a stranger: one that trickles is given up, and one that the
//! answer did not wait for is read on a little, so that whoever is sending it comes to read the answer.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::{
    clients::Client,
    limits::Limits,
    shares::{Share, Shares},
};

/// What becomes of a body, for whoever gives the answer.
#[derive(Clone, Default)]
pub struct Fate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    slow: AtomicBool,
    /// There was no room for it.
    crowded: AtomicBool,
    /// What it takes of the room for bodies, until the answer is there.
    held: Mutex<Option<Share>>,
    rest: Mutex<Option<Body>>,
}

impl Fate {
    /// Watches over a body; hand out the one that this gives. Where it is kept until it is whole, what
    /// came of it is counted.
    pub fn of(&self, body: Body, limits: &Limits, kept: Option<Room>) -> Body {
        Body::new(Upload {
            body: Some(body),
            patience: limits.body,
            bytes_a_second: limits.body_bytes_a_second.max(1),
            waited: None,
            kept,
            came: 0,
            fate: Arc::clone(&self.0),
        })
    }

    /// Whether it was given up for want of room.
    pub fn is_crowded(&self) -> bool {
        self.0.crowded.load(Ordering::Relaxed)
    }

    /// Whether it was given up for being too slow.
    pub fn is_slow(&self) -> bool {
        self.0.slow.load(Ordering::Relaxed)
    }

    /// Reads on what nobody reads any more, within limits, while the answer goes out. At their end
    /// the connection is closed.
    pub fn linger(&self, limits: &Limits) {
        let rest = self.0.rest.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut rest) = rest else { return };
        let (within, mut left) = (limits.linger, limits.linger_bytes);
        tokio::spawn(timeout(within, async move {
            while let Some(Ok(frame)) = rest.frame().await {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                let Some(less) = left.checked_sub(bytes) else { return };
                left = less;
            }
        }));
    }
}

/// A body that may make us wait for `patience`; a second of it is won back by so many bytes.
struct Upload {
    /// None once it has ended.
    body: Option<Body>,
    patience: Duration,
    bytes_a_second: u64,
    /// Since we first waited.
    waited: Option<Pin<Box<Sleep>>>,
    /// None where it is used up as it comes.
    kept: Option<Room>,
    came: usize,
    fate: Arc<Inner>,
}

/// Room for bodies that are kept, and whose body it is.
pub type Room = (Arc<Shares>, Option<Client>);

/// Shorter bodies are not counted: the limit of connections bounds them.
const UNCOUNTED_BYTES: usize = 16 << 10;

impl Upload {
    fn came(&mut self, bytes: usize) {
        if let Some(waited) = &mut self.waited {
            let won = Duration::from_micros(bytes as u64 * 1_000_000 / self.bytes_a_second);
            let most = Instant::now() + self.patience;
            let deadline = (waited.deadline() + won).min(most);
            waited.as_mut().reset(deadline);
        }
    }

    /// Whether there is room for what came.
    fn fits(&mut self, bytes: usize) -> bool {
        self.came += bytes;
        let Some((shares, client)) = &self.kept else { return true };
        if self.came <= UNCOUNTED_BYTES {
            return true;
        }
        let mut held = self.fate.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = held.as_mut() {
            return share.grow(bytes);
        }
        *held = shares.take(*client, self.came);
        held.is_some()
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.came(bytes);
                if self.fits(bytes) {
                    return Poll::Ready(Some(Ok(frame)));
                }
                self.fate.crowded.store(true, Ordering::Relaxed);
                let full = io::Error::from(io::ErrorKind::OutOfMemory);
                Poll::Ready(Some(Err(axum::Error::new(full))))
            }
            Poll::Ready(ended) => {
                self.body = None;
                Poll::Ready(ended)
            }
            Poll::Pending => {
                let patience = self.patience;
                let waited = self.waited.get_or_insert_with(|| Box::pin(sleep(patience)));
                ready!(waited.as_mut().poll(cx));
                self.body = None;
                self.fate.slow.store(true, Ordering::Relaxed);
                let slow = io::Error::from(io::ErrorKind::TimedOut);
                Poll::Ready(Some(Err(axum::Error::new(slow))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        if rest.is_some() {
            *self.fate.rest.lock().unwrap_or_else(PoisonError::into_inner) = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    /// A body of pieces, each of which comes after a pause; then none for ever.
    fn trickle(pieces: usize, bytes: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |sent| async move {
            if sent == pieces {
                std::future::pending::<()>().await;
            }
            sleep(pause).await;
            Some((Ok::<_, io::Error>(Bytes::from(vec![7; bytes])), sent + 1))
        }))
    }

    async fn read(body: Body) -> (usize, bool) {
        let limits = Limits {
            body: Duration::from_millis(400),
            body_bytes_a_second: 1000,
            ..Limits::default()
        };
        let fate = Fate::default();
        let (mut body, mut bytes) = (fate.of(body, &limits, None), 0);
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
        }
        (bytes, fate.is_slow())
    }

    #[tokio::test]
    async fn bytes_win_time_and_silence_loses_it() {
        let pause = Duration::from_millis(100);
        // 1,000 bytes in 100 ms: all that came is read, and the silence after it is given up.
        assert_eq!(read(trickle(10, 1000, pause)).await, (10_000, true));
        // 10 in 100 ms: four or so.
        let (bytes, slow) = read(trickle(100, 10, pause)).await;
        assert!(slow && bytes < 100, "{bytes}");
        assert_eq!(read(Body::from("whole")).await, (5, false));
    }

    #[tokio::test]
    async fn what_was_not_read_is_read_on_within_limits() {
        let fate = Fate::default();
        drop(fate.of(trickle(1, 1, Duration::ZERO), &Limits::default(), None));
        assert!(fate.0.rest.lock().unwrap().is_some());
        fate.linger(&Limits::default());
        assert!(fate.0.rest.lock().unwrap().is_none());
        drop(fate.of(Body::empty(), &Limits::default(), None));
        assert!(fate.0.rest.lock().unwrap().is_none());
    }
}
