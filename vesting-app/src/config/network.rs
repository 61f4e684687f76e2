//! The endpoints of the named networks.

const FINNEY: [&str; 3] = [
    "wss://entrypoint-finney.opentensor.ai:443",
    "wss://lite.chain.opentensor.ai:443",
    "wss://lite.sub.latent.to:443",
];
pub const ARCHIVE: [&str; 2] = ["wss://archive.chain.opentensor.ai:443", "wss://archive.sub.latent.to:443"];
pub const TEST: [&str; 1] = ["wss://test.finney.opentensor.ai:443"];
pub const LOCAL: [&str; 1] = ["ws://127.0.0.1:9944"];

/// The endpoints of a network, by its name.
pub fn endpoints(network: &str) -> Option<&'static [&'static str]> {
    Some(match network {
        "finney" => &FINNEY,
        "archive" => &ARCHIVE,
        "test" => &TEST,
        "local" => &LOCAL,
        _ => return None,
    })
}
