//! Where a test's binary works: a folder and a database, which may be a file or on a server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, RwLock};

use tempfile::TempDir;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, NetUid};
use vesting_testkit::history::History;
use vesting_testkit::node::NodeHandle;
use vesting_testkit::postgres::Database;
use vesting_testkit::sim::RandomLife;

use crate::command_line::program;

pub const BLOCKS: u64 = 320;

/// A folder to work in, and the database.
pub struct Place {
    folder: PathBuf,
    _temporary: Option<TempDir>,
    pub url: String,
    database: Option<Database>,
}

impl Place {
    /// A folder that is there, with the database in a file of it.
    pub fn within(folder: &Path) -> Self {
        let url = format!("sqlite://{}", folder.join("vesting.db").display());
        Self { folder: folder.to_owned(), _temporary: None, url, database: None }
    }

    /// A folder of its own, with the database in a file of it.
    pub fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self::within(folder.path());
        Self { _temporary: Some(folder), ..place }
    }

    /// A folder of its own, with the database on a server.
    pub fn server() -> Self {
        let database = Database::new();
        Self { url: database.url.clone(), database: Some(database), ..Self::file() }
    }

    /// Runs statements in the server's database.
    pub fn sql(&self, statements: &str) {
        self.database.as_ref().unwrap().sql(statements);
    }

    /// The file with what the last program started said.
    pub fn words(&self) -> PathBuf {
        self.folder.join("words")
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.folder, arguments);
        command.args(["--database-url", &self.url]);
        command
    }
}

/// A random life on two subnets.
pub fn history(seed: u64) -> Arc<RwLock<History>> {
    life(seed, BLOCKS)
}

/// One of so many blocks.
pub fn life(seed: u64, blocks: u64) -> Arc<RwLock<History>> {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, Some(Arc::clone(&history)));
    (0..blocks).for_each(|_| life.step(&mut chain));
    history
}

pub fn start(place: &Place, arguments: &[&str], node: &NodeHandle) -> Child {
    let mut command = place.program(arguments);
    command.args(["--network", &node.url(), "--netuid", "1,2"]);
    let words = File::create(place.words()).unwrap();
    command.stdout(Stdio::null()).stderr(words).spawn().unwrap()
}

/// Everything the record says of both subnets but how epochs were found.
pub fn said(place: &Place) -> Vec<String> {
    let mut said = Vec::new();
    for netuid in ["1", "2"] {
        for what in ["ledger", "miners", "epochs", "digest"] {
            let output = place.program(&[what, "--json", "--netuid", netuid]).output().unwrap();
            assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
            let lines = String::from_utf8(output.stdout).unwrap();
            said.extend(lines.lines().map(|line| {
                let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
                line.as_object_mut().unwrap().remove("detected");
                line.to_string()
            }));
        }
    }
    said
}

/// Sees how far a record goes, if there is one yet.
pub struct Watch<'a> {
    place: &'a Place,
    store: Mutex<Option<Arc<dyn StakeStore>>>,
}

impl<'a> Watch<'a> {
    pub fn new(place: &'a Place) -> Self {
        Self { place, store: Mutex::new(None) }
    }

    pub async fn reached(&self) -> Option<BlockNumber> {
        let store = {
            let mut store = self.store.lock().unwrap();
            if store.is_none() {
                *store = vesting_store::open_existing(&self.place.url).ok();
            }
            store.clone()?
        };
        // Of both subnets: without a record, one that is dissolved by now could not be begun.
        let mut reached = Vec::new();
        for netuid in [NetUid(1), NetUid(2)] {
            reached.push(store.watermark(netuid).await.ok()??.block.number);
        }
        reached.into_iter().min()
    }
}
