//! What a service manager hears of the real binary, on the socket that it gives.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use vesting_testkit::node::{NodeHandle, NodeOptions, serve};

use crate::api::{BLOCKS, history, record};
use crate::place::{Place, said, start};

/// A service manager, which hears everything at once.
struct Manager {
    heard: Arc<Mutex<Vec<String>>>,
}

impl Manager {
    /// Listens in a folder, for a program that it starts.
    fn new(folder: &Path, command: &mut Command) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        command.env("NOTIFY_SOCKET", path).stdout(Stdio::null()).stderr(Stdio::null());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length) = socket.recv(&mut buffer) {
                all.lock()
                    .unwrap()
                    .extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
            }
        });
        Self { heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits for something.
    fn hears(&self, what: &str, wanted: impl Fn(&[String]) -> bool) {
        let begun = Instant::now();
        while !wanted(&self.heard()) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {:?}", self.heard());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn count(&self, word: &str) -> usize {
        self.heard().iter().filter(|line| line.starts_with(word)).count()
    }
}

/// Asks a program to end, and says how long that took.
fn terminate(child: &mut Child) -> (ExitStatus, Duration) {
    let begun = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    (child.wait().unwrap(), begun.elapsed())
}

fn following(place: &Place, node: &NodeHandle) -> Command {
    let mut command = place.program(&["run", "--network", &node.url(), "--netuid", "1,2"]);
    command.env("WATCHDOG_USEC", "400000");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn it_hears_when_following_has_begun_how_it_goes_and_when_it_ends() {
    let history = history(61);
    let standing = serve(history.clone(), NodeOptions::default()).await.unwrap();
    let undisturbed = Place::file();
    assert!(start(&undisturbed, &["catch-up", "--from", "1"], &standing).wait().unwrap().success());
    let until = ["run", "--until", &BLOCKS.to_string()].map(str::to_owned);
    let advance = Some(Duration::from_millis(15));
    let node = serve(history, NodeOptions { advance, ..NodeOptions::default() }).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let until = until.each_ref().map(String::as_str);
        let place = Place::file();
        let mut command = following(&place, &node);
        let manager = Manager::new(place.folder(), &mut command);
        let mut child = command.spawn().unwrap();
        manager.hears("ready", |heard| heard.iter().any(|line| line == "READY=1"));
        let blocks = |heard: &[String]| {
            let mut blocks: Vec<String> = heard
                .iter()
                .filter(|line| line.contains("subnet 2: block ") && line.contains(", lag "))
                .cloned()
                .collect();
            blocks.dedup();
            blocks.len()
        };
        manager.hears("its state", |heard| blocks(heard) >= 3);
        manager.hears("that it is alive", |heard| {
            heard.iter().filter(|line| *line == "WATCHDOG=1").count() >= 5
        });
        assert_eq!((manager.count("READY=1"), manager.count("STOPPING=1")), (1, 0));
        assert!(manager.heard().iter().all(|line| {
            ["READY=", "STATUS=", "WATCHDOG=", "EXTEND_TIMEOUT_USEC="]
                .iter()
                .any(|word| line.starts_with(word))
        }));

        // A second one stands by, which is as good as ready.
        let other = tempfile::tempdir().unwrap();
        let mut command = following(&place, &node);
        let second = Manager::new(other.path(), &mut command);
        let mut stands_by = command.spawn().unwrap();
        let by = format!("standing by for process {}", child.id());
        second.hears("standing by", |heard| {
            heard.iter().any(|line| line == "READY=1") && heard.iter().any(|line| line.contains(&by))
        });
        second.hears("that it is alive", |heard| {
            heard.iter().filter(|line| *line == "WATCHDOG=1").count() >= 3
        });
        let (status, took) = terminate(&mut stands_by);
        assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");

        // In the middle of it: whatever was taken in stays, and it goes on as if nothing had been.
        let (status, took) = terminate(&mut child);
        assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");
        manager.hears("the end", |heard| heard.last().is_some_and(|line| line == "STOPPING=1"));
        let output = place.program(&["db", "check"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(start(&place, &until, &node).wait().unwrap().success());
        assert_eq!(said(&place), said(&undisturbed));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_alone_is_ready_at_once() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(62), 60).await;
    tokio::task::spawn_blocking(move || {
        let place = Place::within(folder.path());
        let mut command = place.program(&["run", "--read-only"]);
        command.env("WATCHDOG_USEC", "200000");
        let manager = Manager::new(folder.path(), &mut command);
        let mut child = command.spawn().unwrap();
        manager.hears("ready", |heard| heard.iter().any(|line| line == "READY=1"));
        manager.hears("its state", |heard| {
            heard.iter().any(|line| line.contains("subnet 2: block 60, read only"))
        });
        manager.hears("that it is alive", |heard| {
            heard.iter().filter(|line| *line == "WATCHDOG=1").count() >= 3
        });
        let (status, took) = terminate(&mut child);
        assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");
        manager.hears("the end", |heard| heard.last().is_some_and(|line| line == "STOPPING=1"));
    })
    .await
    .unwrap();
}

#[test]
fn it_ends_when_told_to_though_nothing_has_begun() {
    let place = Place::file();
    // An endpoint that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", silent.local_addr().unwrap());
    let mut command = place.program(&["run", "--network", &url, "--netuid", "2"]);
    let manager = Manager::new(place.folder(), &mut command);
    let mut child = command.spawn().unwrap();
    let (_connection, _) = silent.accept().unwrap();
    manager.hears("that it starts", |heard| heard.iter().any(|line| line.starts_with("STATUS=starting")));
    let (status, took) = terminate(&mut child);
    assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");
    manager.hears("the end", |heard| heard.last().is_some_and(|line| line == "STOPPING=1"));
    assert_eq!(
        (
            manager.count("READY=1"),
            manager.count("STATUS=starting"),
            manager.count("EXTEND_TIMEOUT_USEC=60000000")
        ),
        (0, 1, 1)
    );
    assert!(!place.folder().join("vesting.db").exists());
}
