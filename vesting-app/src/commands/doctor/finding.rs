//! A finding of a check, and how findings are printed.

use serde::Serialize;
use serde_json::{Map, Value};
use vesting_secret::hide;

use crate::log::hide_in;
use crate::output::Out;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Warning,
    Problem,
}

impl Status {
    /// A sign and a word, of the same width for each.
    const fn shown(self) -> &'static str {
        match self {
            Self::Ok => "✓ ok     ",
            Self::Warning => "! warning",
            Self::Problem => "✗ problem",
        }
    }

    /// Its colour on a terminal.
    const fn colour(self) -> &'static str {
        match self {
            Self::Ok => "\u{1b}[32m",
            Self::Warning => "\u{1b}[33m",
            Self::Problem => "\u{1b}[1;31m",
        }
    }
}

/// The finding of one check.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The name of the check. It does not change between versions.
    pub check: &'static str,
    /// What was checked: an endpoint's URL, a subnet, a database, or an address.
    pub subject: String,
    pub status: Status,
    pub found: String,
    /// What to do about it.
    pub advice: Vec<String>,
    /// The same as values for programs.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

impl Finding {
    fn new(check: &'static str, subject: impl ToString, status: Status, found: impl ToString) -> Self {
        Self {
            check,
            subject: subject.to_string(),
            status,
            found: hide(&found.to_string()).into_owned(),
            advice: Vec::new(),
            facts: Map::new(),
        }
    }

    pub fn ok(check: &'static str, subject: impl ToString, found: impl ToString) -> Self {
        Self::new(check, subject, Status::Ok, found)
    }

    pub fn warning(check: &'static str, subject: impl ToString, found: impl ToString) -> Self {
        Self::new(check, subject, Status::Warning, found)
    }

    pub fn problem(check: &'static str, subject: impl ToString, found: impl ToString) -> Self {
        Self::new(check, subject, Status::Problem, found)
    }

    /// Adds advice.
    pub fn advise(mut self, advice: impl ToString) -> Self {
        self.advice.push(hide(&advice.to_string()).into_owned());
        self
    }

    /// Adds a value for programs.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut value = value.into();
        hide_in(&mut value);
        self.facts.insert(name.to_owned(), value);
        self
    }
}

#[derive(Serialize)]
struct Summary {
    check: &'static str,
    status: Status,
    problems: usize,
    warnings: usize,
    ok: usize,
}

/// The name of a check as printed below its subject, without the prefix that the subject already says.
fn name(finding: &Finding) -> &str {
    finding.check.split_once('_').map_or(finding.check, |(_, name)| name)
}

/// Prints the findings. Returns whether there is no problem.
pub fn print(out: &mut Out, findings: &[Finding], json: bool, coloured: bool) -> anyhow::Result<bool> {
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    let status = findings.iter().map(|finding| finding.status).max().unwrap_or(Status::Ok);
    let summary = Summary {
        check: "summary",
        status,
        problems: count(Status::Problem),
        warnings: count(Status::Warning),
        ok: count(Status::Ok),
    };
    if json {
        findings.iter().try_for_each(|finding| out.json(finding))?;
        out.json(&summary)?;
        return Ok(summary.problems == 0);
    }
    let width = findings.iter().map(|finding| name(finding).len()).max().unwrap_or(0);
    let mut subject = None;
    for finding in findings {
        if subject != Some(&finding.subject) {
            out.line(format!("{}{}", if subject.is_some() { "\n" } else { "" }, finding.subject))?;
            subject = Some(&finding.subject);
        }
        let name = name(finding);
        let (before, after) = if coloured { (finding.status.colour(), "\u{1b}[0m") } else { ("", "") };
        out.line(format!("  {before}{}{after}  {name:width$}  {}", finding.status.shown(), finding.found))?;
        for advice in &finding.advice {
            out.line(format!("  {:9}  {:width$}  → {advice}", "", ""))?;
        }
    }
    let some =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    out.line(format!(
        "\n{}, {}, {} well.",
        some(summary.problems, "problem", "problems"),
        some(summary.warnings, "warning", "warnings"),
        some(summary.ok, "check", "checks")
    ))?;
    Ok(summary.problems == 0)
}
