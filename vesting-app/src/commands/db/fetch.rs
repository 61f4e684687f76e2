//! A record that is taken from a URL into a file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::{Instant, interval};
use vesting_core::NetUid;
use vesting_secret::SecretUrl;

use super::scratch::scratch_folder;
use super::source::names_a_host_only;
use crate::client::Client;
use crate::commands::progress::bar;
use crate::config::{Config, Token};
use crate::exit::UsageError;

/// A source of which nothing comes for so long is given up.
const STALLED: Duration = Duration::from_secs(60);

/// What a record is taken from.
pub struct Giver {
    url: SecretUrl,
    client: Client,
}

impl Giver {
    /// The URL of a file, or of a validator's API. `token_flag` is the argument that gives the token.
    pub fn new(url: &SecretUrl, token: Option<Token>, token_flag: &'static str) -> Result<Self, UsageError> {
        Ok(Self { url: url.clone(), client: Client::new(url, token, token_flag)? })
    }

    /// The URL.
    pub const fn url(&self) -> &SecretUrl {
        &self.url
    }
}

/// A file that is removed with this value.
pub struct Fetched {
    path: PathBuf,
    _folder: TempDir,
}

impl Fetched {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// How much came, and how much there is; 0 if that is not known.
#[derive(Default)]
struct Came {
    bytes: AtomicU64,
    of: AtomicU64,
}

/// Takes a record into a file beside the database. Where only a host is named, it is that of `netuid` of the API
/// there.
pub async fn fetch(config: &Config, giver: &Giver, netuid: Option<NetUid>) -> anyhow::Result<Fetched> {
    let Giver { url, client } = giver;
    let path = match (names_a_host_only(url), netuid) {
        (true, Some(netuid)) => format!("/v1/export?netuid={netuid}"),
        (true, None) => "/v1/export".to_owned(),
        (false, _) => String::new(),
    };
    let folder = scratch_folder(config)?;
    let fetched = Fetched { path: folder.path().join("record.vesting.zst"), _folder: folder };
    let file = File::create_new(&fetched.path).context("the record cannot be written to a file")?;
    let came = Arc::new(Came::default());
    let (ended, mut end) = oneshot::channel();
    let task = {
        let (came, client) = (Arc::clone(&came), client.clone());
        move || {
            let told = |bytes, of: Option<u64>| {
                came.bytes.store(bytes, Ordering::Relaxed);
                came.of.store(of.unwrap_or(0), Ordering::Relaxed);
            };
            let mut file = BufWriter::new(file);
            // Nobody waits for the result of a download that was given up.
            let _ = ended.send(client.download(&path, &mut file, told));
        }
    };
    // No thread of the runtime, since its end would wait for one that is given up.
    std::thread::Builder::new().name("download".to_owned()).spawn(task).context("no thread can be begun")?;
    let bar = bar(0, "{prefix} {bytes} [{bar:32}] {total_bytes} · {bytes_per_sec} · {elapsed} gone");
    bar.set_prefix(format!("from {url}"));
    let (mut ticks, mut last) = (interval(Duration::from_millis(200)), (0, Instant::now()));
    let result = loop {
        tokio::select! {
            result = &mut end => break result.context("the download was aborted")?,
            _ = ticks.tick() => {
                let bytes = came.bytes.load(Ordering::Relaxed);
                bar.set_length(came.of.load(Ordering::Relaxed).max(bytes));
                bar.set_position(bytes);
                if bytes != last.0 {
                    last = (bytes, Instant::now());
                } else if last.1.elapsed() >= STALLED {
                    bail!("{url} was given up: nothing came from it for {} s", STALLED.as_secs());
                }
            }
        }
    };
    bar.finish_and_clear();
    result.map(|()| fetched)
}
