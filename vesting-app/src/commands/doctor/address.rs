//! The address of the API.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use super::finding::Finding;
use crate::client::Client;
use crate::config::Config;

/// Whether the address is free or used by `vesting`, and who may ask there.
pub async fn findings(config: &Config) -> Vec<Finding> {
    vec![free(config).await, token(config)]
}

async fn free(config: &Config) -> Finding {
    const CHECK: &str = "api_address";
    let subject = subject(config.bind);
    let error = match TcpListener::bind(config.bind) {
        Ok(_) => return Finding::ok(CHECK, subject, "is free").fact("in_use", false),
        Err(error) => error,
    };
    if error.kind() != ErrorKind::AddrInUse {
        return Finding::problem(CHECK, subject, format!("cannot be listened on: {error}"))
            .advise("set `bind` to an address of this machine, such as 127.0.0.1:9180");
    }
    let finding = match live(config).await {
        true => Finding::ok(CHECK, subject, "a running vesting answers there"),
        false => Finding::problem(CHECK, subject, "another program listens there")
            .advise("set `bind` to another port"),
    };
    finding.fact("in_use", true)
}

/// Whether another `vesting` answers there.
async fn live(config: &Config) -> bool {
    let Ok(client) = Client::new(&config.own_api().into(), None, "--api-token") else { return false };
    client
        .get::<Value>("/health/live")
        .await
        .is_ok_and(|answer| answer.get("status").is_some_and(|status| status == "live"))
}

fn token(config: &Config) -> Finding {
    const CHECK: &str = "api_token";
    let subject = subject(config.bind);
    if config.api_token.is_some() {
        return Finding::ok(CHECK, subject, "asks for a token");
    }
    if config.bind.ip().is_loopback() {
        return Finding::ok(CHECK, subject, "asks for no token, and only this machine can ask");
    }
    if config.allow_public_without_token {
        return Finding::warning(
            CHECK,
            subject,
            "anybody who can reach it may read everything (`allow_public_without_token`)",
        )
        .advise("set VESTING_API_TOKEN, unless a proxy before it asks for one");
    }
    Finding::problem(CHECK, subject, "others could ask without a token, so `vesting run` will not start")
        .advise("set VESTING_API_TOKEN, or `bind` to 127.0.0.1")
}

fn subject(address: SocketAddr) -> String {
    format!("API at {address}")
}
