//! A stream that keeps a copy of its first bytes: the head of the HTTP answer to a handshake. A refusal says
//! there how long to wait, and the WebSocket client tells only its status.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// At most so many bytes are kept.
const MOST_KEPT: usize = 4_096;

/// The bytes kept so far.
pub(crate) type Head = Arc<Mutex<Vec<u8>>>;

/// A stream that copies its first bytes into a [`Head`].
pub(crate) struct HeadCopy<S> {
    stream: S,
    head: Head,
    /// False once the head is complete.
    copies: bool,
}

impl<S> HeadCopy<S> {
    pub(crate) fn new(stream: S, head: &Head) -> Self {
        Self { stream, head: Arc::clone(head), copies: true }
    }

    fn copy(&mut self, bytes: &[u8]) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_KEPT.saturating_sub(head.len()).min(bytes.len());
        head.extend_from_slice(&bytes[..room]);
        self.copies = head.len() < MOST_KEPT && !head.windows(4).any(|four| four == b"\r\n\r\n");
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadCopy<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let done = Pin::new(&mut this.stream).poll_read(context, buffer);
        if this.copies {
            this.copy(buffer.filled().get(before..).unwrap_or_default());
        }
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadCopy<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;

    /// What is kept of bytes that are read so many at a time.
    fn kept(bytes: &[u8], at_once: usize) -> Vec<u8> {
        let (head, mut room) = (Head::default(), vec![0; at_once]);
        let mut stream = HeadCopy::new(bytes, &head);
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            let read = poll_fn(|context| Pin::new(&mut stream).poll_read(context, &mut buffer));
            assert!(matches!(read.now_or_never(), Some(Ok(()))));
            if buffer.filled().is_empty() {
                return head.lock().unwrap_or_else(PoisonError::into_inner).clone();
            }
        }
    }

    #[test]
    fn the_head_is_kept_up_to_its_end_and_up_to_a_limit() {
        let head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n";
        let answer = [&head[..], b"a body"].concat();
        assert_eq!(kept(&answer, 1), head);
        assert_eq!(kept(&[b'x'; 3 * MOST_KEPT], 1_000).len(), MOST_KEPT);
    }
}
