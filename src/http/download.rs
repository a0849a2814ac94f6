//! The body of an answer on its way to a stranger, who may read slowly: what it holds in memory is
//! counted for as long as it is there.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::{
    clients::Client,
    shares::{Share, Shares},
};
use crate::Error;

/// Shorter answers are not counted: the limit of connections bounds them.
const UNCOUNTED_BYTES: usize = 64 << 10;

/// A body whose bytes are counted.
pub struct Download {
    body: Body,
    shares: Arc<Shares>,
    client: Option<Client>,
    /// Of the whole body, where its length is known: all of it is in memory.
    whole: Option<Arc<Share>>,
}

impl Download {
    /// Counts a body, if it is long.
    ///
    /// # Errors
    /// [`Error::Busy`] where there is no room.
    pub fn of(body: Body, shares: &Arc<Shares>, client: Option<Client>) -> Result<Body, Error> {
        let whole = match body.size_hint().exact().map(|bytes| bytes as usize) {
            Some(0..=UNCOUNTED_BYTES) => return Ok(body),
            Some(bytes) => Some(Arc::new(shares.take(client, bytes).ok_or_else(no_room)?)),
            None => None,
        };
        Ok(Body::new(Self { body, shares: Arc::clone(shares), client, whole }))
    }

    /// Bytes that are counted until they are gone: beyond this body, the connection holds them.
    fn count(&self, bytes: Bytes) -> Result<Bytes, Error> {
        let share = match &self.whole {
            Some(whole) => Arc::clone(whole),
            None if bytes.len() <= UNCOUNTED_BYTES => return Ok(bytes),
            // A stream: an error cuts it off.
            None => Arc::new(self.shares.take(self.client, bytes.len()).ok_or_else(no_room)?),
        };
        Ok(Bytes::from_owner(Counted { bytes, _share: share }))
    }
}

fn no_room() -> Error {
    Error::busy("too much is on its way to clients, or to this one: try again")
}

/// Bytes, and what they hold of the memory for answers.
struct Counted {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            ended => return Poll::Ready(ended),
        };
        Poll::Ready(Some(match frame.into_data() {
            Ok(bytes) => self.count(bytes).map(Frame::data).map_err(axum::Error::new),
            Err(frame) => Ok(frame),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
