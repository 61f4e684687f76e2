//! The real `vesting run`, as benchmarks start it.

mod process;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, NetUid};

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The daemon, killed at the end.
pub struct Daemon {
    child: Child,
    folder: std::path::PathBuf,
    pub url: String,
}

impl Daemon {
    /// Starts it on the database `bench.db` in a folder.
    pub fn start(folder: &Path, endpoint: &str, netuids: &[NetUid]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let names = netuids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut command = Command::new(env!("CARGO_BIN_EXE_vesting"));
        // They are settings of the benchmark, not of the daemon.
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("VESTING_")).for_each(
            |(name, _)| {
                command.env_remove(name);
            },
        );
        let child = command
            .args(["run", "--network", endpoint, "--netuids", &names, "--database-url", &url_of(folder)])
            .args(["--bind", &format!("127.0.0.1:{port}"), "--retention-window-days", "0.05"])
            .current_dir(folder)
            // As deploy/vesting.service has it.
            .env("MALLOC_ARENA_MAX", "2")
            .stdout(Stdio::null())
            .stderr(std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, folder: folder.to_owned(), url: format!("http://127.0.0.1:{port}") }
    }

    /// Its record, once there is one.
    pub async fn store(&mut self) -> Arc<dyn StakeStore> {
        loop {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", self.log());
            tokio::time::sleep(Duration::from_millis(200)).await;
            if let Ok(store) = vesting_store::open_existing(&url_of(&self.folder)) {
                return store;
            }
        }
    }

    /// Once a subnet is recorded up to a block.
    pub async fn reaches(&self, store: &dyn StakeStore, netuid: NetUid, block: BlockNumber) {
        let begun = Instant::now();
        while store.watermark(netuid).await.unwrap().is_none_or(|mark| mark.block.number < block) {
            assert!(begun.elapsed() < Duration::from_secs(1_800), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Kills it, and waits until it is gone.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A number from its `/proc/PID/status`, in MB.
    pub fn memory(&self, name: &str) -> f64 {
        process::memory(self.child.id(), name)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}

fn url_of(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("bench.db").display())
}
