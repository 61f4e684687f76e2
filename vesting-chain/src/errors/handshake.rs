//! What a failed WebSocket handshake means.

use std::time::SystemTime;

use jsonrpsee::client_transport::ws::WsHandshakeError;

use crate::errors::failure::{Failure, Refusal};
use crate::errors::text::with_causes;
use crate::errors::wait;

/// What a failed handshake means; `head` is the beginning of the HTTP answer, as far as it was kept.
pub(crate) fn failure_of_handshake(error: &WsHandshakeError, head: &[u8], now: SystemTime) -> Failure {
    match error {
        WsHandshakeError::Rejected { status_code: status @ (403 | 429 | 503) } => Failure::Refused(Refusal {
            message: format!("it refuses the connection with HTTP status {status}"),
            wait: wait::in_http_head(head, now),
            policy: *status != 503,
            closed: true,
        }),
        other => Failure::Disconnected(with_causes(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_head_of_a_refused_handshake_tells_how_long_to_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let of = |status, head: &str| match failure_of_handshake(
            &WsHandshakeError::Rejected { status_code: status },
            head.as_bytes(),
            now,
        ) {
            Failure::Refused(refusal) => (refusal.wait.map(|wait| wait.as_secs()), refusal.policy),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            of(429, "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-RateLimit-Reset: 9\r\n\r\n"),
            (Some(7), true)
        );
        assert_eq!(of(403, "HTTP/1.1 403 No\r\nx-ratelimit-reset: 9, 30\r\n"), (Some(9), true));
        assert_eq!(of(429, "HTTP/1.1 429\r\nx-ratelimit-reset: 2000000012\r\n"), (Some(12), true));
        assert_eq!(
            of(503, "HTTP/1.1 503 Busy\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"),
            (None, false)
        );
        assert!(matches!(
            failure_of_handshake(&WsHandshakeError::Rejected { status_code: 500 }, b"", now),
            Failure::Disconnected(_)
        ));
    }
}
