//! A gateway before a node. It hinders connections in ways that a node itself never does.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a gateway does with connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It passes connections on.
    Open,
    /// It answers each connection with this HTTP status, and says after how many seconds to retry.
    Status(u16, Option<u64>),
    /// It accepts connections and never answers.
    Mute,
    /// It passes connections on, and closes each of them at a message of the client.
    Closes {
        /// The WebSocket code to close with.
        code: u16,
        /// The number of the message, from 1.
        at: u64,
    },
}

/// A running gateway. It stops when dropped.
pub struct GateHandle {
    address: SocketAddr,
    gate: watch::Sender<Gate>,
    connections: Arc<AtomicU64>,
    /// The first bytes of each connection, the newest last.
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl GateHandle {
    /// The URL to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Sets what the gateway does with connections from now on.
    pub fn set(&self, gate: Gate) {
        self.gate.send_replace(gate);
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// The first bytes of each connection, the newest last.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for GateHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a gateway before the node at `url`.
///
/// # Errors
/// When no address is free to listen on.
pub async fn open(url: &str, gate: Gate) -> io::Result<GateHandle> {
    let upstream = url.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let gate = watch::Sender::new(gate);
    let (connections, heads) = (Arc::new(AtomicU64::new(0)), Arc::default());
    let (told, count, kept) = (gate.subscribe(), Arc::clone(&connections), Arc::clone(&heads));
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let (gate, upstream, kept) = (told.borrow().clone(), upstream.clone(), Arc::clone(&kept));
            // The client notices a broken connection by itself.
            tokio::spawn(async move { pass(stream, &upstream, gate, &kept).await });
        }
    });
    Ok(GateHandle { address, gate, connections, heads, task })
}

async fn pass(
    mut client: TcpStream,
    upstream: &str,
    gate: Gate,
    heads: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = vec![0; 4_096];
    let length = client.read(&mut head).await?;
    head.truncate(length);
    heads.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8_lossy(&head).into_owned());
    match gate {
        Gate::Open => {
            let mut node = TcpStream::connect(upstream).await?;
            node.write_all(&head).await?;
            tokio::io::copy_bidirectional(&mut client, &mut node).await?;
        }
        Gate::Status(status, wait) => {
            let wait = wait.map_or_else(String::new, |wait| format!("Retry-After: {wait}\r\n"));
            let answer =
                format!("HTTP/1.1 {status} Refused\r\n{wait}Content-Length: 0\r\nConnection: close\r\n\r\n");
            client.write_all(answer.as_bytes()).await?;
        }
        Gate::Mute => tokio::time::sleep(Duration::from_secs(3_600)).await,
        Gate::Closes { code, at } => {
            let mut node = TcpStream::connect(upstream).await?;
            node.write_all(&head).await?;
            closing(&mut client, &mut node, code, at).await?;
        }
    }
    Ok(())
}

/// Passes messages on until the client sends message number `at`. Each read counts as one message, which is
/// right for calls that come one by one.
async fn closing(client: &mut TcpStream, node: &mut TcpStream, code: u16, at: u64) -> io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut messages = 0;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read? {
                0 => return Ok(()),
                length => {
                    messages += 1;
                    if messages >= at {
                        let [high, low] = code.to_be_bytes();
                        // A close frame (0x88) with a body of two bytes.
                        return client.write_all(&[0x88, 2, high, low]).await;
                    }
                    node.write_all(&asked[..length]).await?;
                }
            },
            read = node.read(&mut answered) => match read? {
                0 => return Ok(()),
                length => client.write_all(&answered[..length]).await?,
            },
        }
    }
}
