//! Block headers, from SCALE to JSON.

#![allow(clippy::cast_possible_truncation)] // in what the codec's derive makes of explicit indices

use codec::{Compact, Decode, Encode};
use serde_json::{Value, json};

use crate::hexadecimal::hex0x;

#[derive(Decode)]
struct Header {
    parent_hash: [u8; 32],
    number: Compact<u32>,
    state_root: [u8; 32],
    extrinsics_root: [u8; 32],
    digest: Vec<DigestItem>,
}

#[derive(Encode, Decode)]
enum DigestItem {
    #[codec(index = 0)]
    Other(Vec<u8>),
    #[codec(index = 4)]
    Consensus([u8; 4], Vec<u8>),
    #[codec(index = 5)]
    Seal([u8; 4], Vec<u8>),
    #[codec(index = 6)]
    PreRuntime([u8; 4], Vec<u8>),
    #[codec(index = 8)]
    RuntimeEnvironmentUpdated,
}

/// A SCALE-encoded header as JSON-RPC writes it.
pub(crate) fn header_json(mut bytes: &[u8]) -> Value {
    let Ok(header) = Header::decode(&mut bytes) else { return Value::Null };
    json!({
        "parentHash": hex0x(header.parent_hash),
        "number": format!("{:#x}", header.number.0),
        "stateRoot": hex0x(header.state_root),
        "extrinsicsRoot": hex0x(header.extrinsics_root),
        "digest": {"logs": header.digest.iter().map(|item| hex0x(item.encode())).collect::<Vec<_>>()},
    })
}
