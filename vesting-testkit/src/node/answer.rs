//! What a method returns: an answer or a JSON-RPC error.

use std::time::Duration;

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

pub(super) type Answer = Result<Box<RawValue>, ErrorObjectOwned>;

pub(super) fn raw(value: &impl serde::Serialize) -> Answer {
    to_raw_value(value).map_err(|e| error(-32603, e.to_string()))
}

pub(super) fn invalid(wanted: &str) -> ErrorObjectOwned {
    error(-32602, format!("Invalid params: {wanted} is wanted"))
}

/// The error of a gateway that limits storage reads. `wait` says when to retry.
pub(super) fn policy(wait: Option<Duration>) -> ErrorObjectOwned {
    let data = wait.map(|wait| {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        json!({ "policy": "storage work", "retry_after_ms": wait_ms })
    });
    ErrorObjectOwned::owned(-32_004, "storage work rate limit exceeded", data)
}

pub(super) fn error(code: i32, message: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}
