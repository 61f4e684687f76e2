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
    /// The longest from when a request may begin to the end of its headers; so long a connection may be idle
    /// too.
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
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n";

/// Serves whoever connects until told to stop, and then those who are being answered.
pub async fn listen(
    listener: TcpListener,
    router: Router,
    connections: Arc<Connections>,
    limits: Limits,
    stopped: impl Future<Output = ()>,
) {
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
    connections.close_idle();
    serving.graceful.shutdown().await;
}

/// The next connection. One that breaks off at once is passed over.
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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;
    use tokio::time::timeout;

    use super::super::connections::Room;
    use super::*;

    /// More than fits into what two ends of a connection keep.
    const MUCH: usize = 64 * 1024 * 1024;
    const LIMITS: Limits =
        Limits { headers: Duration::from_millis(300), stalled: Duration::from_millis(300) };
    /// What a machine with busy cores may take.
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn served(room: Room, limits: Limits) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
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
        (address, stop, tokio::spawn(listen(listener, router, Connections::new(room), limits, stopped)))
    }

    async fn begin(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// Everything up to the end, which has to come.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        // A connection that was cut off has an end too.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.unwrap();
        String::from_utf8_lossy(&text).into_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_asks_nothing_or_never_ends_asking_is_let_go() {
        let (address, _stop, _task) = served(Room::USUAL, LIMITS).await;
        for text in ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "] {
            let told = rest(&mut begin(address, text).await).await;
            assert!(!told.contains("200 OK"), "{told}");
        }
        // Idle after an answer.
        let told = rest(&mut begin(address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
        assert!(told.starts_with("HTTP/1.1 200 OK") && told.ends_with("here"), "{told}");
        // One header now and then: the time is that of all of them.
        let mut slow = begin(address, "GET / HTTP/1.1\r\n").await;
        let dripped = timeout(PATIENCE, async {
            while slow.write_all(b"X: y\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(dripped.await.is_ok());
        // An answer that takes longer than that is waited for.
        let told = rest(&mut begin(address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await).await;
        assert!(told.ends_with("late"), "{told}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_takes_nothing_of_its_answer_is_let_go() {
        let (address, _stop, _task) = served(Room::USUAL, LIMITS).await;
        let mut stream = begin(address, "GET /much HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(LIMITS.stalled * 5).await;
        assert!(rest(&mut stream).await.len() < MUCH, "the rest is not there any more");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_finds_no_room_is_told_so_and_who_is_answered_is_answered_to_the_end() {
        let (address, stop, task) = served(Room { strangers: 1, local: 1, proven: 1 }, LIMITS).await;
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
    async fn who_only_waits_does_not_hold_up_the_end() {
        let (address, stop, task) = served(Room::USUAL, Limits::USUAL).await;
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
