//! `GET /v1/export`: a record for another validator, as `vesting db export` writes it.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use vesting_core::ports::{StakeStore, StoreError};
use vesting_core::{BlockHash, NetUid, Parts, TrackerError};
use vesting_store::export::CompressedEncoder;

use super::parameters::Netuid;
use super::problem::Problem;
use super::query::Query;
use super::responses::RecordProblems;
use super::state::ApiState;

/// So many bytes are sent at a time.
const PIECE: usize = 64 * 1024;

/// So many pieces may wait for a client that reads slowly.
const PIECES: usize = 8;

/// The record of a subnet as a file, for `vesting db import`.
#[utoipa::path(
    get,
    path = "/v1/export",
    params(Query<Netuid>),
    responses(
        (
            status = 200,
            description = "The record of a subnet as a file, for `vesting db import`: docs/export.md \
                describes it. It is sent while it is read, part by part. One that ends without its last line \
                was cut off. One is given at a time, and only where `api_token` is set.",
            body = [u8],
            content_type = "application/zstd"
        ),
        RecordProblems
    ),
)]
pub async fn export(
    State(api): State<Arc<ApiState>>,
    Query(Netuid(netuid)): Query<Netuid>,
) -> Result<Response, Problem> {
    if api.config.api_token.is_none() {
        return Err(Problem::no_token(
            "a record is given only to those who show a token: set `api_token` for the `vesting run` that answers"
                .to_owned(),
        ));
    }
    let netuid = api.netuid(netuid).await?;
    let genesis = api.store.genesis().await?;
    let (Some(genesis), Some(_)) = (genesis, api.store.watermark(netuid).await?) else {
        return Err(TrackerError::NotRecorded(netuid).into());
    };
    let Ok(place) = Arc::clone(&api.exports).try_acquire_owned() else {
        return Err(Problem::busy("a record is given to another one just now: try again later".to_owned()));
    };
    let (pieces, mut sent) = mpsc::channel(PIECES);
    let (handle, store) = (Handle::current(), Arc::clone(&api.store));
    // A thread of its own: the follower and other requests go on meanwhile.
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let to = Pieces { gathered: Vec::with_capacity(PIECE), pieces: pieces.clone() };
        if let Err(error) = write(&handle, store.as_ref(), genesis, netuid, to) {
            // The client sees a connection that breaks off; if it is gone itself, it sees nothing.
            match error.kind() {
                io::ErrorKind::BrokenPipe => tracing::info!(%netuid, "who took the record went away"),
                _ => tracing::warn!(%netuid, %error, "the record cannot be given to its end"),
            }
            let _ = pieces.blocking_send(Err(error));
        }
    });
    let name = format!("attachment; filename=\"subnet-{netuid}.vesting.zst\"");
    let headers = [(CONTENT_TYPE, "application/zstd".to_owned()), (CONTENT_DISPOSITION, name)];
    let body = Body::from_stream(stream::poll_fn(move |context| sent.poll_recv(context)));
    Ok((headers, body).into_response())
}

/// Writes the record of a subnet, part by part. Only one part is in memory.
fn write(
    handle: &Handle,
    store: &dyn StakeStore,
    genesis: BlockHash,
    netuid: NetUid,
    to: Pieces,
) -> io::Result<()> {
    let unread = |error: StoreError| io::Error::other(error);
    let mut lines = CompressedEncoder::new(to, genesis, &[netuid])?;
    let mut parts = handle.block_on(Parts::of(store, netuid)).map_err(unread)?;
    while let Some(part) = handle.block_on(parts.next()).map_err(unread)? {
        lines.part(&part)?;
    }
    lines.finish()?.0.flush()
}

/// The answer's bytes, sent in pieces. It waits for a client that reads slowly, and fails if the client is gone.
struct Pieces {
    gathered: Vec<u8>,
    pieces: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.gathered, Vec::with_capacity(PIECE)).into();
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the client is gone");
        self.pieces.blocking_send(Ok(piece)).map_err(gone)
    }
}
