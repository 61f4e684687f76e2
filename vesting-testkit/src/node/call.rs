//! One call, answered from the history.

use std::fmt::Write as _;

use codec::{Decode, Encode};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, error, invalid};
use super::fault::Fault;
use super::header::header_json;
use super::params::{decode, text};
use super::spoil::Spoil;
use super::stake_api;
use crate::hexadecimal::hex0x;
use crate::history::History;

/// One call. It sees the history up to a head.
pub(super) struct Call<'a> {
    pub(super) history: &'a History,
    pub(super) head: u32,
    pub(super) faults: &'a [Fault],
}

impl Call<'_> {
    /// The height of the block with this hash; the head without one. Blocks above the head are unknown.
    fn at(&self, hash: Option<&Value>) -> Result<u32, ErrorObjectOwned> {
        let Some(text) = hash.and_then(Value::as_str) else { return Ok(self.head) };
        let known = decode(text)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .and_then(|hash| self.history.number_of(&hash));
        known.filter(|number| *number <= self.head).ok_or_else(|| {
            error(4003, format!("Client error: UnknownBlock: Header was not found in the database: {text}"))
        })
    }

    /// The height of the block with this hash, if this node still has its state.
    fn state_at(&self, hash: Option<&Value>) -> Result<u32, ErrorObjectOwned> {
        let at = self.at(hash)?;
        let gone = self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Pruned(kept) if at.saturating_add(*kept) < self.head));
        if gone || at < self.history.first() {
            let block = self.history.hash(at).map(hex0x).unwrap_or_default();
            return Err(error(
                4003,
                format!("Client error: UnknownBlock: State already discarded for {block}"),
            ));
        }
        Ok(at)
    }

    pub(super) fn block_hash(
        &self,
        arguments: &[Value],
        spoil: Option<Spoil>,
    ) -> Result<Value, ErrorObjectOwned> {
        let one = |value: &Value| -> Result<Value, ErrorObjectOwned> {
            let number = match value {
                Value::Null => Some(self.head),
                Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
                Value::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
                _ => return Err(invalid("a block number")),
            };
            let number = number.map(|n| n.saturating_add(spoil.map_or(0, Spoil::ahead)));
            let hash = number.filter(|n| *n <= self.head).and_then(|n| self.history.hash(n));
            let hash =
                hash.map(|hash| if spoil == Some(Spoil::Invented) { hash.map(|byte| !byte) } else { hash });
            Ok(hash.map_or(Value::Null, |hash| Value::String(hex0x(hash))))
        };
        match arguments.first() {
            Some(Value::Array(numbers)) => {
                numbers.iter().map(one).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Some(number) => one(number),
            None => one(&Value::Null),
        }
    }

    pub(super) fn header(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        // A missing header is null, not an error.
        let number = self.at(arguments.first()).ok();
        Ok(number.and_then(|n| self.history.header(n)).map_or(Value::Null, header_json))
    }

    pub(super) fn block(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let number = self.at(arguments.first())?;
        let header = self.history.header(number).map_or(Value::Null, header_json);
        let extrinsics: Vec<String> = self.history.extrinsics(number).iter().map(hex0x).collect();
        Ok(json!({"block": {"header": header, "extrinsics": extrinsics}, "justifications": null}))
    }

    /// The value under a storage key, as this node has it.
    fn value(&self, key: &[u8], at: u32) -> Option<&[u8]> {
        let value = self.history.storage(key, at)?;
        let is_cut = self.faults.iter().any(|fault| fault.cuts(key, at));
        Some(if is_cut { value.split_last().map_or(value, |(_, rest)| rest) } else { value })
    }

    pub(super) fn storage(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let at = self.state_at(arguments.get(1))?;
        let key = text(arguments, 0, "a storage key")?;
        Ok(self.value(&decode(key)?, at).map_or(Value::Null, |value| Value::String(hex0x(value))))
    }

    /// Answers `state_queryStorageAt`. The answer is written into one string by hand, because most of the
    /// time goes into it.
    pub(super) fn query_storage(&self, params: &Params<'static>, spoil: Option<Spoil>) -> Answer {
        let mut sequence = params.sequence();
        let keys: Vec<&str> = sequence.next().map_err(|_| invalid("a list of storage keys"))?;
        let hash: Option<Value> = sequence.optional_next().map_err(|_| invalid("a block hash"))?;
        let asked = self.state_at(hash.as_ref())?;
        let at = asked.saturating_sub(spoil.map_or(0, Spoil::behind)).max(self.history.first());
        let mut out = String::with_capacity(160 + keys.len() * 240);
        let named = if spoil == Some(Spoil::Stale) { asked } else { at };
        let block = self.history.hash(named).map(hex0x).unwrap_or_default();
        // Writing into a string cannot fail.
        let _ = write!(out, r#"[{{"block":"{block}","changes":["#);
        for (index, key) in keys.iter().enumerate() {
            let bytes = decode(key)?;
            let comma = if index == 0 { "" } else { "," };
            let _ = match self.value(&bytes, at) {
                Some(value) => write!(out, r#"{comma}["{key}","0x{}"]"#, faster_hex::hex_string(value)),
                None => write!(out, r#"{comma}["{key}",null]"#),
            };
        }
        out.push_str("]}]");
        RawValue::from_string(out).map_err(|e| error(-32603, e.to_string()))
    }

    pub(super) fn keys(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let prefix = arguments.first().and_then(Value::as_str).map_or(Ok(Vec::new()), decode)?;
        let count = arguments
            .get(1)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0)
            .min(1_000);
        let start = arguments.get(2).and_then(Value::as_str).map(decode).transpose()?;
        let at = self.state_at(arguments.get(3))?;
        Ok(json!(
            self.history
                .keys(&prefix, start.as_deref(), count, at)
                .into_iter()
                .map(hex0x)
                .collect::<Vec<_>>()
        ))
    }

    pub(super) fn metadata(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let at = self.at(arguments.first())?;
        let metadata = self.history.runtime(at).and_then(|runtime| runtime.metadata.get(&14));
        metadata
            .map(|bytes| Value::String(hex0x(bytes)))
            .ok_or_else(|| error(-32000, "Client error: no metadata".into()))
    }

    pub(super) fn runtime_version(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let at = self.at(arguments.first())?;
        self.history
            .runtime(at)
            .map(|runtime| runtime.version_json.clone())
            .ok_or_else(|| error(-32000, "Client error: no runtime".into()))
    }

    pub(super) fn runtime_call(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let method = text(arguments, 0, "a method")?;
        let args = decode(text(arguments, 1, "the call's arguments")?)?;
        let at = self.state_at(arguments.get(2))?;
        let runtime =
            self.history.runtime(at).ok_or_else(|| error(-32000, "Client error: no runtime".into()))?;
        let wrapped = |version: u32| runtime.metadata.get(&version);
        let answer = match method {
            "Core_version" => runtime.version_scale.clone(),
            "Metadata_metadata" => wrapped(14).map(Encode::encode).unwrap_or_default(),
            "Metadata_metadata_versions" => runtime.metadata.keys().copied().collect::<Vec<u32>>().encode(),
            "Metadata_metadata_at_version" => {
                let version = u32::decode(&mut &*args).map_err(|_| invalid("a metadata version"))?;
                wrapped(version).encode()
            }
            other => match stake_api::call(self.history, other, &args, at, &|netuid, key| {
                self.faults.iter().fold(0u64, |more, fault| {
                    more.saturating_add(fault.more(netuid, key, at, runtime.spec_version))
                })
            }) {
                Some(answer) => {
                    answer.map_err(|why| error(-32000, format!("Client error: Execution failed: {why}")))?
                }
                None => {
                    return Err(error(
                        -32000,
                        format!("Client error: Execution failed: Exported method {other} is not found"),
                    ));
                }
            },
        };
        Ok(Value::String(hex0x(answer)))
    }
}
