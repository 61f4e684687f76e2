//! The documents: what they say `vesting` prints is what it prints, what they tell to call can be called, and
//! their links lead somewhere.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, RwLock};

use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::{Demo, end_of};

use crate::command_line::{program, vesting};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every page, by its path.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    paths.extend(
        ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "clients/python/README.md"]
            .map(|name| root().join(name)),
    );
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The blocks of a page that are marked so, each line by line, without what indents them.
fn blocks(page: &str, mark: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open: Option<(String, Vec<String>)> = None;
    for line in page.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(name) => match open.take() {
                Some((name, block)) if name == mark => found.push(block),
                Some(_) => {}
                None => open = Some((name.to_owned(), Vec::new())),
            },
            None => {
                if let Some((_, block)) = &mut open {
                    block.push(line.trim_start().to_owned());
                }
            }
        }
    }
    found
}

/// Whether lines are what is expected, in which a line `…` stands for any number of them.
fn fits(lines: &[&str], expected: &[&str]) -> bool {
    match expected.split_first() {
        None => lines.is_empty(),
        Some((&"…", rest)) => (0..=lines.len()).any(|skipped| fits(&lines[skipped..], rest)),
        Some((line, rest)) => lines
            .split_first()
            .is_some_and(|(first, others)| first.trim_end() == line.trim_end() && fits(others, rest)),
    }
}

/// Runs a line in a shell that finds the binary.
fn shell(folder: &Path, line: &str) -> Output {
    let binary = program(folder, &[]);
    let mut path = Path::new(binary.get_program()).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut command = std::process::Command::new("sh");
    for (name, value) in binary.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(folder).args(["-c", line]).env("PATH", path).stdin(Stdio::null()).output().unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_pages_show_is_printed() {
    let history = Arc::new(RwLock::new(History::default()));
    let mut demo = Demo::new(7, 40);
    let mut chain = demo.chain(7, Some(Arc::clone(&history)));
    while chain.head() < end_of(40) {
        demo.step(&mut chain);
    }
    let node = serve(history, NodeOptions::default()).await.unwrap();
    let settings = format!("network = \"{}\"\nnetuids = [{}]\n", node.url(), Demo::NETUID);
    tokio::task::spawn_blocking(move || {
        let mut shown = 0;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("vesting.toml"), settings).unwrap();
        std::fs::write(
            folder.path().join("weights.json"),
            "{\"uids\": [3, 4, 5], \"weights\": [0.4, 0.4, 0.2]}\n",
        )
        .unwrap();
        let caught_up = vesting(folder.path(), &["catch-up"]);
        assert!(caught_up.status.success(), "{caught_up:?}");
        for (path, page) in pages() {
            for block in blocks(&page, "console") {
                let mut lines = block.iter().map(String::as_str).peekable();
                while let Some(line) = lines.next() {
                    let command =
                        line.strip_prefix("$ ").unwrap_or_else(|| panic!("{}: {line}", path.display()));
                    let expected: Vec<&str> =
                        std::iter::from_fn(|| lines.next_if(|line| !line.starts_with("$ "))).collect();
                    let output = shell(folder.path(), command);
                    let said = String::from_utf8(output.stdout).unwrap();
                    let printed: Vec<&str> = said.lines().collect();
                    let wrong = || {
                        format!(
                            "{}: {command}\n{said}{}",
                            path.display(),
                            String::from_utf8_lossy(&output.stderr)
                        )
                    };
                    assert!(output.status.success() && fits(&printed, &expected), "{}", wrong());
                    shown += 1;
                }
            }
        }
        assert!(shown > 10, "{shown}");
    })
    .await
    .unwrap();
}

#[test]
fn what_the_pages_tell_to_call_can_be_called() {
    let folder = tempfile::tempdir().unwrap();
    let mut called = 0;
    for (path, page) in pages() {
        for line in blocks(&page, "sh").into_iter().chain(blocks(&page, "console")).flatten() {
            let line = line.strip_prefix("$ ").unwrap_or(&line);
            let Some(arguments) = line.strip_prefix("vesting ") else { continue };
            // Up to what is for the shell.
            let plain = arguments.split(['#', '|', '>', ';', '&']).next().unwrap();
            let mut arguments: Vec<&str> = plain.split_whitespace().collect();
            arguments.push("--help");
            let output = vesting(folder.path(), &arguments);
            assert!(
                output.status.success(),
                "{}: {line}: {}",
                path.display(),
                String::from_utf8_lossy(&output.stderr)
            );
            called += 1;
        }
    }
    assert!(called > 20, "{called}");
}

/// The name that a heading has in links.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for (path, page) in pages() {
        for (_, rest) in page.match_indices("](").map(|(at, _)| page.split_at(at + 2)) {
            let target = rest.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(there.exists(), "{}: {target}", path.display());
            if !place.is_empty() {
                let text = std::fs::read_to_string(there).unwrap();
                assert!(
                    text.lines().any(|line| line.starts_with('#') && anchor(line) == place),
                    "{}: {target}",
                    path.display()
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 30, "{followed}");
}

/// All sources below a folder.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all += &std::fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn the_code_shown_is_in_an_example_that_is_tested() {
    let mut tested = sources(&root().join("examples"));
    // Examples of the reference, and a test that is itself an example.
    for path in [
        "vesting-core/src/lib.rs",
        "vesting-core/src/ports/store/layer.rs",
        "vesting-store/tests/all/main.rs",
    ] {
        tested += &std::fs::read_to_string(root().join(path)).unwrap();
    }
    tested.retain(|c| !c.is_whitespace());
    let mut shown = 0;
    for (path, page) in pages() {
        for line in
            blocks(&page, "rust").into_iter().flatten().filter(|line| !line.is_empty() && line != "// …")
        {
            let line: String = line.split_whitespace().collect();
            assert!(tested.contains(&line), "{}: {line}", path.display());
            shown += 1;
        }
    }
    assert!(shown > 10, "{shown}");
}

#[test]
fn every_fact_that_the_code_names_is_told() {
    let told = std::fs::read_to_string(root().join("docs/chain.md")).unwrap();
    let anchors: Vec<String> = told.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    let mut named = 0;
    for folder in ["vesting-core/src", "vesting-chain/src", "vesting-testkit/src"] {
        let sources = sources(&root().join(folder));
        for (at, mark) in sources.match_indices("docs/chain.md#") {
            let rest = &sources[at + mark.len()..];
            let place: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
            assert!(anchors.contains(&place), "{folder}: {place}");
            named += 1;
        }
    }
    assert!(named > 15, "{named}");
}
