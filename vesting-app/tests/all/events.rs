//! New epochs as they come, over HTTP.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use vesting_testkit::node::{NodeOptions, serve};

use crate::api::{BLOCKS, history, record};
use crate::daemon::Daemon;

/// A stream of events.
struct Listening(BufReader<TcpStream>);

#[derive(Debug, Clone, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Listening {
    fn begin(daemon: &Daemon, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(&daemon.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        Self(reader)
    }

    /// The next event; `None` at the end.
    fn next(&mut self) -> Option<Event> {
        let mut event = Event { name: String::new(), id: String::new(), data: Value::Null };
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ if line.trim_end().is_empty() && !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    fn epochs(&mut self, count: usize) -> Vec<Event> {
        let next = || std::iter::from_fn(|| self.next()).find(|event| event.name == "epoch");
        std::iter::repeat_with(next).map(Option::unwrap).take(count).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn epochs_are_told_as_they_come_and_again_to_who_missed_some() {
    let folder = tempfile::tempdir().unwrap();
    let advance = Some(Duration::from_millis(60));
    let node = serve(history(114), NodeOptions { advance, ..NodeOptions::default() }).await.unwrap();
    let url = node.url();
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--network", &url, "--netuid", "1,2"]);
        let mut listening = Listening::begin(&daemon, "/v1/events?netuid=2", "");
        let told = listening.epochs(3);
        let epochs = daemon.get("/v1/epochs?netuid=2").body;
        let known: Vec<&Value> = epochs.as_array().unwrap().iter().map(|epoch| &epoch["block"]).collect();
        let first = known.iter().position(|block| **block == told[0].data["block"]).unwrap();
        for (event, block) in told.iter().zip(&known[first..]) {
            assert_eq!((&event.data["netuid"], &event.data["block"]), (&2.into(), *block));
            assert_eq!(event.id, format!("2:{block}"));
        }
        drop(listening);
        let missed =
            Listening::begin(&daemon, "/v1/events?netuid=2", &format!("Last-Event-ID: {}\r\n", told[0].id))
                .epochs(2);
        assert_eq!(missed, told[1..]);
        // Of all subnets, what each of them missed.
        let mut all =
            Listening::begin(&daemon, "/v1/events", &format!("Last-Event-ID: 1:0,{}\r\n", told[1].id));
        let mut of_one = 0;
        while let Some(event) = all.next().filter(|event| event.data != told[2].data) {
            of_one += u32::from(event.name == "epoch" && event.data["netuid"] == 1);
            assert!(event.data["netuid"] == 1, "{event:?}");
        }
        assert!(of_one > 2);

        let (status, took) = daemon.terminate();
        assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");
        while all.next().is_some() {}
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_hear_how_far_the_record_goes_and_are_not_too_many() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(47), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only", "--stale-after-seconds", "315360000"]);
        let mut listening = Listening::begin(&daemon, "/v1/events", "");
        let states = [listening.next().unwrap(), listening.next().unwrap()];
        let subnets = daemon.get("/v1/subnets").body;
        assert_eq!(states.each_ref().map(|state| &state.data), [&subnets[0], &subnets[1]]);
        assert!(states.iter().all(|state| state.name == "state" && state.data["stale"] == false));
        assert_eq!(subnets[1]["as_of"], daemon.get("/v1/digest?netuid=2").body["as_of"]);

        daemon.get("/v1/events?netuid=9").is_problem(404, "unknown-netuid", "9");
        let wrong = daemon.ask("GET /v1/events HTTP/1.1\r\nLast-Event-ID: nine\r\n", "");
        wrong.is_problem(400, "bad-input", "Last-Event-ID");
        let mut more: Vec<Listening> = (0..63).map(|_| Listening::begin(&daemon, "/v1/events", "")).collect();
        daemon.get("/v1/events").is_problem(503, "busy", "64");
        // A place is free again once somebody has gone.
        more.clear();
        let again = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            let mut stream = TcpStream::connect(&daemon.address).unwrap();
            write!(stream, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            line.contains(" 200 ")
        });
        assert!(again);
    })
    .await
    .unwrap();
}
