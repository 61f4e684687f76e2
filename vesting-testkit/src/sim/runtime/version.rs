//! The simulated runtime of a generation, as a node serves it.

use codec::Encode;

use super::generation::Generation;
use super::metadata::v15;
use crate::history::RuntimeData;

/// The spec name of all generations.
pub(crate) const SPEC_NAME: &str = "vesting-simulated-subtensor";

/// The simulated runtime of a generation, as a node serves it.
#[must_use]
pub fn runtime(generation: Generation) -> RuntimeData {
    let spec_version = generation.spec_version();
    let version_json = serde_json::json!({
        "specName": SPEC_NAME,
        "implName": "vesting-testkit",
        "authoringVersion": 1,
        "specVersion": spec_version,
        "implVersion": 1,
        "apis": [],
        "transactionVersion": 1,
        "stateVersion": 1,
        "systemVersion": 1,
    });
    let apis: Vec<([u8; 8], u32)> = Vec::new();
    let version_scale = (SPEC_NAME, "vesting-testkit", 1u32, spec_version, 1u32, apis, 1u32, 1u8).encode();
    RuntimeData { spec_version, version_json, version_scale, metadata: [(15, v15(generation))].into() }
}
