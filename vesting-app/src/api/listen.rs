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

use super::connections::{AnswerBody, Caller, Connection, Connections};

/// How long a connection may take for what.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From the end of an answer, or from the beginning, to the end of the headers of the next request. A
    /// connection may be idle for so long too.
    pub headers: Duration,
    /// The longest in which nothing of an answer is taken: it is held in our memory meanwhile.
    pub stalled: Duration,
}

impl Timeouts {
    /// Half a minute is twice as long as Prometheus usually pauses, and as long as any request may take.
    pub const USUAL: Self = Self { headers: Duration::from_secs(30), stalled: Duration::from_secs(30) };
}

/// The most that is kept of a request that is not read yet. Its headers have to fit.
const BUFFER: usize = 64 * 1024;

/// How long no connection is accepted after the system had no more files or memory.
const PAUSE: Duration = Duration::from_secs(1);

/// The answer where there is no room for another connection.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";

/// Serves connections until it is told to stop. Then it finishes the requests that are being answered.
pub async fn listen(
    listener: TcpListener,
    router: Router,
    connections: Arc<Connections>,
    timeouts: Timeouts,
    stopped: impl Future<Output = ()>,
) {
    let serving = Serving { router, timeouts, graceful: GracefulShutdown::new() };
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stopped => break,
        };
        match connections.admit(Caller::of(peer.ip())) {
            Some(connection) => serving.serve(stream, connection),
            None => {
                tracing::debug!(%peer, "no room for another connection");
                // What cannot be written at once is not written.
                let _ = stream.try_write(NO_ROOM);
            }
        }
    }
    drop(listener);
    connections.close_idle();
    serving.graceful.shutdown().await;
}

/// The next connection. It passes over those that break off at once.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::warn!(%error, "the API cannot take connections: perhaps too many files are open \
                    (`LimitNOFILE`)");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

struct Serving {
    router: Router,
    timeouts: Timeouts,
    graceful: GracefulShutdown,
}

impl Serving {
    fn serve(&self, stream: TcpStream, connection: Connection) {
        // Answers are written whole, so there is nothing to wait for. Serving works without it too.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.timeouts.stalled));
        let (closed, connection) = (connection.closed(), Arc::new(connection));
        let router = TowerToHyperService::new(self.router.clone());
        let answer = service_fn(move |mut request: Request<Incoming>| {
            let in_progress = connection.begin_request();
            request.extensions_mut().insert(Arc::clone(&connection));
            let answering = router.call(request);
            async move {
                let response: Response<Body> = answering.await?;
                Ok::<_, Infallible>(response.map(|body| AnswerBody { body, _request: in_progress }))
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.timeouts.headers).max_buf_size(BUFFER);
        let serving = self.graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), answer));
        tokio::spawn(async move {
            tokio::select! {
                ended = serving => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                },
                () = closed => tracing::debug!("a connection was closed to make room for another one"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::super::connections::ConnectionLimits;
    use super::*;

    /// More than fits into the buffers at both ends of a connection.
    const MUCH: usize = 64 * 1024 * 1024;
    const TIMEOUTS: Timeouts =
        Timeouts { headers: Duration::from_millis(300), stalled: Duration::from_millis(300) };
    /// As long as a machine with busy cores may take.
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn served(
        limits: ConnectionLimits,
        timeouts: Timeouts,
    ) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/much", get(|| async { vec![0u8; MUCH] }))
            .route(
                "/slow",
                get(|| async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    "late"
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        (address, stop, tokio::spawn(listen(listener, router, Connections::new(limits), timeouts, stopped)))
    }

    async fn begin(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// Everything up to the end of the connection, which has to come.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        // A connection that is cut off ends too.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_connection_without_a_request_or_with_an_endless_one_is_closed() {
        let (address, _stop, _task) = served(ConnectionLimits::USUAL, TIMEOUTS).await;
        for text in ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "] {
            let told = rest(&mut begin(address, text).await).await;
            assert!(!told.contains("200 OK"), "{told}");
        }
        // Idle after an answer.
        let told = rest(&mut begin(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
        assert!(told.starts_with("HTTP/1.1 200 OK") && told.ends_with("here"), "{told}");
        // One header now and then: the limit is for all headers together.
        let mut slow = begin(address, "GET / HTTP/1.1\r\n").await;
        let dripped = timeout(PATIENCE, async {
            while slow.write_all(b"X: y\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(dripped.await.is_ok());
        // An answer may take longer than that.
        let told = rest(&mut begin(address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
        assert!(told.ends_with("late"), "{told}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_connection_that_takes_nothing_of_its_answer_is_closed() {
        let (address, _stop, _task) = served(ConnectionLimits::USUAL, TIMEOUTS).await;
        let mut stream = begin(address, "GET /much HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(TIMEOUTS.stalled * 5).await;
        assert!(rest(&mut stream).await.len() < MUCH, "the rest is no longer in memory");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_room_the_answer_is_503_and_a_request_in_progress_is_finished() {
        let (address, stop, task) =
            served(ConnectionLimits { remote: 1, local: 1, authenticated: 1 }, TIMEOUTS).await;
        let mut first = begin(address, "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        assert!(rest(&mut second).await.starts_with("HTTP/1.1 503 "));
        stop.send(()).unwrap();
        assert!(rest(&mut first).await.ends_with("late"));
        timeout(PATIENCE, task).await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn idle_connections_do_not_hold_up_the_end() {
        let (address, stop, task) = served(ConnectionLimits::USUAL, Timeouts::USUAL).await;
        let mut waiting = [
            begin(address, "").await,
            begin(address, "GET / HT").await,
            begin(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await,
        ];
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.send(()).unwrap();
        timeout(PATIENCE, task).await.unwrap().unwrap();
        for stream in &mut waiting {
            rest(stream).await;
        }
    }
}
