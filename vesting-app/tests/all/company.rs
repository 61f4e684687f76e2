//! The API under bad company: who asks for much, asks slowly, or asks on behalf of another site.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::api::{BLOCKS, history, record};
use crate::daemon::Daemon;

/// The longest that weights are waited for by the client: with them late, a validator's stay as they are.
const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn weights_do_not_wait_behind_forty_clients_with_long_histories() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(51), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only", "--retention-window-days", "0.02"]);
        let body = json!({ "uids": [0, 1], "weights": [0.4, 0.6], "netuid": 2 }).to_string();
        let (done, told) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for client in 0..40u64 {
                let (daemon, done, told) = (&daemon, &done, &told);
                scope.spawn(move || {
                    for round in 0u64.. {
                        if done.load(Ordering::Relaxed) {
                            return;
                        }
                        // Each another one, which nobody has worked out.
                        let (uid, epochs) = (client % 2, 1_000 - (client * 7 + round) % 990);
                        let path = format!(
                            "/v1/miners/uid:{uid}/history?netuid=2&epochs={epochs}&as_of={}",
                            200 - (client + round) % 120
                        );
                        let answer = daemon.get(&path);
                        assert!([200, 503].contains(&answer.status), "{answer:?}");
                        told.fetch_add(usize::from(answer.status == 200), Ordering::Relaxed);
                    }
                });
            }
            let kept = "/v1/miners/uid:0/history?netuid=2&epochs=5";
            assert_eq!(daemon.get(kept).status, 200);
            while told.load(Ordering::Relaxed) < 40 {
                std::thread::sleep(Duration::from_millis(5));
            }
            for _ in 0..100 {
                let begun = Instant::now();
                let answer = daemon.ask("POST /v1/weights/apply HTTP/1.1\r\n", &body);
                assert_eq!(answer.status, 200, "{answer:?}");
                assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
                let begun = Instant::now();
                assert_eq!(daemon.get(kept).status, 200);
                assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
            }
            done.store(true, Ordering::Relaxed);
        });
        assert!(told.into_inner() > 40);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(52), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let open = Daemon::start(folder.path(), &["--read-only"]);
        let port = open.address.rsplit_once(':').unwrap().1;
        let raw = |daemon: &Daemon, request: &str| {
            let mut stream = TcpStream::connect(&daemon.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            stream
                .write_all(format!("{request}Connection: close\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        // Made to lead here: the name is the only thing that tells.
        for path in ["/v1/miners?netuid=2", "/", "/metrics", "/health/ready", "/openapi.json"] {
            let told = raw(&open, &format!("GET {path} HTTP/1.1\r\nHost: evil.example:{port}\r\n"));
            assert!(
                told.starts_with("HTTP/1.1 403 ") && told.contains("urn:vesting:problem:other-site"),
                "{told}"
            );
            assert!(told.contains("evil.example") && told.contains("api_token"), "{told}");
        }
        for host in [format!("localhost:{port}"), open.address.clone(), "localhost".to_owned()] {
            let told = raw(&open, &format!("GET /v1/miners?netuid=2 HTTP/1.1\r\nHost: {host}\r\n"));
            assert!(told.starts_with("HTTP/1.1 200 "), "{host}: {told}");
        }
        for path in ["/v1/update?netuid=2", "/v1/weights/apply?netuid=2"] {
            let told = raw(
                &open,
                &format!(
                    "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\
                Origin: http://evil.example\r\n"
                ),
            );
            assert!(told.starts_with("HTTP/1.1 403 ") && told.contains("Origin"), "{told}");
            let told = raw(
                &open,
                &format!(
                    "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\
                Origin: http://localhost:{port}\r\n"
                ),
            );
            assert!(!told.starts_with("HTTP/1.1 403 "), "{told}");
        }
        // With a token it may have any name; another origin asks for nothing but reading all the same.
        let closed = Daemon::start(folder.path(), &["--read-only", "--api-token", "sesame"]);
        let told = raw(
            &closed,
            "GET /v1/miners?netuid=2 HTTP/1.1\r\nHost: vesting.example\r\n\
            Authorization: Bearer sesame\r\n",
        );
        assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
        let told = raw(
            &closed,
            "POST /v1/update HTTP/1.1\r\nHost: vesting.example\r\nAuthorization: Bearer sesame\r\n\
            Origin: https://evil.example\r\n",
        );
        assert!(told.starts_with("HTTP/1.1 403 "), "{told}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_only_wait_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(53), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only"]);
        // More than there is room for; each has begun a request that it does not end.
        let begun = |_| {
            let mut stream = TcpStream::connect(&daemon.address).unwrap();
            stream.write_all(b"GET /v1/miners HTTP/1.1\r\nHost: loc").unwrap();
            stream
        };
        let mut waiting: Vec<TcpStream> = (0..300).map(begun).collect();
        assert_eq!(daemon.get("/v1/miners?netuid=2").status, 200);
        // The first gave way; the last is still there.
        let mut text = Vec::new();
        waiting[0].set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(waiting[0].read_to_end(&mut text).is_ok_and(|_| text.is_empty()) || text.is_empty());
        let last = waiting.last_mut().unwrap();
        last.write_all(b"alhost\r\nConnection: close\r\n\r\n").unwrap();
        last.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        last.read_to_end(&mut text).unwrap();
        assert!(text.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&text));
        // A request that never ends ends by itself, half a minute after it could begin.
        let begun = Instant::now();
        let slow = &mut waiting[200];
        slow.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut end = Vec::new();
        let _ = slow.read_to_end(&mut end);
        assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
        assert!(!end.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&end));
    })
    .await
    .unwrap();
}
