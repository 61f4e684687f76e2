//! `vesting run`, started, asked over HTTP, and stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command_line::program;

/// A process that serves the API.
pub struct Daemon {
    child: Child,
    /// Where its API listens.
    pub address: String,
    /// The line of its log that says so.
    pub listens: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
    /// As it came.
    pub text: String,
}

impl Daemon {
    /// Starts `vesting run` and waits until it listens.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = program(folder, &["run"]);
        command.args(arguments).env("RUST_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let (address, listens) = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it does not listen: {said:?}")).unwrap();
            if let Some((_, address)) = line.split_once("listens on http://") {
                let address = address.chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
                break (address, line);
            }
            said.push(line);
        };
        // Whoever does not read what it says would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, listens }
    }

    /// Another one that serves the API.
    pub const fn of(child: Child, address: String) -> Self {
        Self { child, address, listens: String::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    /// The answer to a request line with headers, and a body.
    pub fn ask(&self, head: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let tells_length = ["Content-Length:", "Transfer-Encoding:"].iter().any(|name| head.contains(name));
        let length = if tells_length { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        write!(stream, "{head}Host: {}\r\nConnection: close\r\n{length}\r\n{body}", self.address).unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let json = serde_json::from_str(body).unwrap_or(Value::Null);
        Answer { status, head: head.to_lowercase(), text: body.to_owned(), body: json }
    }

    /// Waits for something that `/health/ready` says.
    pub fn ready(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let said = self.get("/health/ready").body;
            if wanted(&said) {
                return said;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{what}: {said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Asks it to end, as a service manager does, and says how long that took.
    #[cfg(unix)]
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        let killed = std::process::Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        (self.child.wait().unwrap(), begun.elapsed())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    /// Checks that it is a problem of this kind whose detail has the word.
    pub fn is_problem(&self, status: u16, name: &str, word: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        assert_eq!(
            (&self.body["status"], &self.body["type"]),
            (&status.into(), &format!("urn:vesting:problem:{name}").into()),
            "{self:?}"
        );
        assert!(self.body["title"].is_string(), "{self:?}");
        assert!(self.body["detail"].as_str().unwrap().contains(word), "{word}: {self:?}");
    }
}
