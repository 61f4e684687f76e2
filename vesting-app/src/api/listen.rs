//! Takes connections, each with its limits.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

use super::connections::{Answer, Connections, Guest, Standing};

/// How a connection may behave.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest from when a request may begin to the end of its headers; so long a connection may be idle too.
    pub headers: Duration,
    /// The longest without room for more of an answer: whoever takes nothing holds it in our memory.
    pub stalled: Duration,
}

impl Limits {
    /// Half a minute is twice what Prometheus usually pauses, and as long as any request may take.
    pub const USUAL: Self = Self { headers: Duration::from_secs(30), stalled: Duration::from_secs(30) };
}

/// The most that is kept of a request that is not read yet. Headers have to fit.
const BUFFER: usize = 64 * 1024;

/// How long nothing is accepted when the system has no more files or memory.
const PAUSE: Duration = Duration::from_secs(1);

/// What one is told who finds no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";

/// Serves whoever connects until told to stop, and then those who are being answered.
pub async fn listen(listener: TcpListener, router: Router, connections: Arc<Connections>, limits: Limits, stopped: impl Future<Output = ()>) {
    let serving = Serving { router, limits, graceful: GracefulShutdown::new() };
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stopped => break,
        };
        match connections.admit(Standing::of(peer.ip())) {
            Some(guest) => serving.serve(stream, guest),
            None => {
                tracing::debug!(%peer, "no room for another connection");
                // As much as goes at once; nobody is waited for.
                let _ = stream.try_write(NO_ROOM);
            }
        }
    }
    drop(listener);
    serving.graceful.shutdown().await;
}

/// The next connection. One that breaks off at once is passed over.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "the API cannot take connections: perhaps too many files are open (`LimitNOFILE`)");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

struct Serving {
    router: Router,
    limits: Limits,
    graceful: GracefulShutdown,
}

impl Serving {
    fn serve(&self, stream: TcpStream, guest: Guest) {
        // Answers are written whole: nothing is gained by waiting for more. It works without, too.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.stalled));
        let (closed, guest) = (guest.closed(), Arc::new(guest));
        let router = TowerToHyperService::new(self.router.clone());
        let answer = service_fn(move |mut request: Request<Incoming>| {
            let asking = guest.asks();
            request.extensions_mut().insert(Arc::clone(&guest));
            let answering = router.call(request);
            async move {
                let response: Response<Body> = answering.await?;
                Ok::<_, Infallible>(response.map(|body| Answer { body, _asking: asking }))
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.headers).max_buf_size(BUFFER);
        let connection = self.graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), answer));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                },
                () = closed => tracing::debug!("a connection gave way to another one"),
            }
        });
    }
}
