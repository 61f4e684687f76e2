//! The parameters of a call.

use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::invalid;

pub(super) fn arguments(params: &Params<'static>) -> Result<Vec<Value>, ErrorObjectOwned> {
    match params.as_str() {
        None => Ok(Vec::new()),
        Some(_) => params.parse(),
    }
}

pub(super) fn text<'a>(
    arguments: &'a [Value],
    place: usize,
    what: &str,
) -> Result<&'a str, ErrorObjectOwned> {
    arguments.get(place).and_then(Value::as_str).ok_or_else(|| invalid(what))
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, ErrorObjectOwned> {
    let digits = text.trim_start_matches("0x").as_bytes();
    let mut bytes = vec![0; digits.len() / 2];
    faster_hex::hex_decode(digits, &mut bytes).map_err(|_| invalid("bytes in hexadecimal"))?;
    Ok(bytes)
}

/// The number of storage keys that a request asks for.
pub(super) fn keys_of(params: &Params<'static>) -> u64 {
    params.sequence().next::<Vec<&RawValue>>().map_or(0, |keys| u64::try_from(keys.len()).unwrap_or(u64::MAX))
}
