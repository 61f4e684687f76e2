//! What can go wrong with the database, as the operator meets it: words that name the file and say what to
//! do, exit code 1 where somebody must act, and going on without loss where it passes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::{Connection, SimpleConnection};
use diesel::sqlite::SqliteConnection;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};

use crate::command_line::{check, program, vesting};
use crate::place::{BLOCKS, Place, Watch, history, said};

const PATIENCE: Duration = Duration::from_secs(120);

/// A node whose head moves, from the beginning on.
pub async fn node(seed: u64) -> NodeHandle {
    serve(history(seed), NodeOptions { advance: Some(Duration::from_millis(8)), ..NodeOptions::default() })
        .await
        .unwrap()
}

/// What a run that nothing disturbs records.
pub async fn undisturbed(seed: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let node = node(seed).await;
    assert_eq!(Running::start(folder.path(), &node).ended().0, Some(0));
    let said = said(&Place::within(folder.path()));
    assert!(said.len() > 100, "{} lines are too few to test with", said.len());
    said
}

/// `vesting run --until` the end, with what it says in a file.
pub struct Running {
    child: Child,
    words: PathBuf,
}

impl Running {
    fn start(folder: &Path, node: &NodeHandle) -> Self {
        let words = folder.join("words");
        let mut command = program(
            folder,
            &["run", "--netuid", "1,2", "--network", &node.url(), "--until", &BLOCKS.to_string()],
        );
        Self::of(command.env_remove("RUST_LOG"), words)
    }

    pub fn of(command: &mut Command, words: PathBuf) -> Self {
        let child = command.stdout(Stdio::null()).stderr(File::create(&words).unwrap()).spawn().unwrap();
        Self { child, words }
    }

    fn words(&self) -> String {
        std::fs::read_to_string(&self.words).unwrap()
    }

    /// Waits until it has said so.
    pub fn says(&mut self, word: &str) {
        let begun = Instant::now();
        while !self.words().contains(word) {
            assert!(
                begun.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none(),
                "{word}: {}",
                self.words()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it ends by itself.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), self.words());
            }
            assert!(begun.elapsed() < PATIENCE, "it goes on and on: {}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("vesting.db")
}

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

async fn gets_on(folder: &Path) {
    let begun = Instant::now();
    let place = Place::within(folder);
    let watch = Watch::new(&place);
    while watch.reached().await.is_none_or(|block| block.0 < 20) {
        assert!(begun.elapsed() < PATIENCE, "nothing is recorded");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_waited_for_and_nothing_is_lost() {
    let expected = undisturbed(51).await;
    let folder = tempfile::tempdir().unwrap();
    let node = node(51).await;
    // From the start on, before there is anything in it.
    let path = database(folder.path());
    drop(vesting_store::open(&format!("sqlite://{}", path.display())).unwrap());
    let mut other = connect(&path);
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mut running = Running::start(folder.path(), &node);
    running.says("trying again");
    other.batch_execute("ROLLBACK").unwrap();
    gets_on(folder.path()).await;
    // In the middle, and so that nobody else may even read.
    other.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
    let before = running.words().matches("trying again").count();
    let begun = Instant::now();
    while running.words().matches("trying again").count() == before {
        assert!(begun.elapsed() < PATIENCE, "{}", running.words());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.batch_execute("ROLLBACK").unwrap();
    let (code, words) = running.ended();
    assert_eq!(code, Some(0), "{words}");
    let warning = words.lines().find(|line| line.contains("trying again")).unwrap();
    assert!(
        warning.contains("WARN") && warning.contains("busy") && warning.contains("vesting.db"),
        "{warning}"
    );
    assert_eq!(said(&Place::within(folder.path())), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_taken_away_under_the_daemon_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(52).await;
    let running = Running::start(folder.path(), &node);
    gets_on(folder.path()).await;
    std::fs::rename(database(folder.path()), folder.path().join("aside")).unwrap();
    let (code, words) = running.ended();
    assert_eq!(code, Some(1), "{words}");
    let last = words.lines().last().unwrap();
    assert!(last.contains("vesting.db") && last.contains("taken away"), "{words}");
    assert!(!database(folder.path()).exists(), "no other one is begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_found_in_the_middle_ends_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(53).await;
    let running = Running::start(folder.path(), &node);
    gets_on(folder.path()).await;
    // Held up, so that it looks into the file again instead of going on with what it remembers.
    let path = database(folder.path());
    let mut other = connect(&path);
    other.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
    for file in [path.clone(), path.with_extension("db-wal")] {
        let mut bytes = std::fs::read(&file).unwrap();
        if bytes.len() > 8_192 {
            bytes[8_192..].fill(0xa5);
        }
        std::fs::write(&file, bytes).unwrap();
    }
    let (code, words) = running.ended();
    assert_eq!(code, Some(1), "{words}");
    let last = words.lines().last().unwrap();
    assert!(
        last.contains("vesting.db") && last.contains("damaged") && last.contains("restore a copy"),
        "{words}"
    );
}

/// The files of a folder.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_refused_and_left_as_it_is() {
    let node = serve(history(54), NodeOptions::default()).await.unwrap();
    let good = tempfile::tempdir().unwrap();
    assert!(
        vesting(good.path(), &["catch-up", "--netuid", "1", "--from", "1", "--network", &node.url()])
            .status
            .success()
    );
    let whole = std::fs::read(database(good.path())).unwrap();
    type Spoil = fn(&Path, &[u8]);
    let cases: [(&str, &str, Spoil); 6] = [
        ("not a SQLite database", "name another file", |path, _| {
            std::fs::write(path, vec![b'x'; 9000]).unwrap()
        }),
        ("another program", "name another file", |path, _| {
            connect(path).batch_execute("CREATE TABLE songs (name TEXT)").unwrap()
        }),
        ("newer version", "install that version", |path, whole| {
            std::fs::write(path, whole).unwrap();
            connect(path)
                .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')")
                .unwrap();
        }),
        ("genesis", "another `--database-url`", |path, whole| {
            std::fs::write(path, whole).unwrap();
            connect(path).batch_execute("UPDATE chain SET genesis = zeroblob(32)").unwrap();
        }),
        ("damaged", "restore a copy", |path, whole| std::fs::write(path, &whole[..whole.len() / 2]).unwrap()),
        ("damaged", "restore a copy", |path, whole| {
            let mut bytes = whole.to_vec();
            bytes[8_192..].fill(0xa5);
            std::fs::write(path, bytes).unwrap();
        }),
    ];
    for (what, advice, spoil) in cases {
        let folder = tempfile::tempdir().unwrap();
        spoil(&database(folder.path()), &whole);
        let before = files(folder.path());
        for command in [&["run", "--until", "300"][..], &["catch-up"]] {
            let url = node.url();
            let arguments = [command, &["--netuid", "1", "--network", &url]].concat();
            for word in [what, advice, "vesting.db"] {
                check(folder.path(), &arguments, 1, word);
            }
        }
        assert_eq!(files(folder.path()), before, "{what}");
    }
}
