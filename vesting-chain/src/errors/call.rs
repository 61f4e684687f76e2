//! What an error of a call means. Only four answers speak about the chain: a result, a state or block that is
//! not there, a method that does not exist, and a runtime call that failed.

use jsonrpsee::client_transport::ws::WsError;
use jsonrpsee::core::client::Error as ClientError;
use serde_json::Value;
use subxt::rpcs::{Error as RpcError, UserError};

use crate::errors::failure::{Failure, Refusal};
use crate::errors::text::with_causes;
use crate::errors::wait;

/// JSON-RPC's code for a method that does not exist.
const NO_SUCH_METHOD: i32 = -32_601;
/// Substrate's code for an error of its client part.
const CLIENT_ERROR: i32 = 4_003;
/// JSON-RPC's code for any error of a server. Older Substrate nodes use it too.
const SERVER_ERROR: i32 = -32_000;
/// Codes that gateways use for their policy.
const POLICY: [i32; 2] = [-32_004, -32_005];
/// Codes for too many calls (Substrate nodes), too much at once, or too large an answer (jsonrpsee servers).
const TOO_MUCH: [i32; 6] = [-32_999, -32_005, -32_004, -32_008, -32_009, -32_029];
/// WebSocket's code for a connection that was closed because of a policy.
const CLOSED_BY_POLICY: u16 = 1_008;

/// What an error of a call means.
pub(crate) fn failure_of_call(error: &RpcError) -> Failure {
    match error {
        RpcError::User(error) => failure_of_answer(error),
        RpcError::Deserialization(why) => Failure::Unintelligible(why.to_string()),
        RpcError::Client(cause) => match cause.downcast_ref::<ClientError>() {
            Some(error) => failure_of_client(error),
            None => Failure::Disconnected(with_causes(error)),
        },
        other => Failure::Disconnected(with_causes(other)),
    }
    .without_secrets()
}

/// What an error in a JSON-RPC answer means.
fn failure_of_answer(error: &UserError) -> Failure {
    let lowercase = error.message.to_lowercase();
    let message = format!("{} ({})", error.message, error.code);
    let data = error.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let wait = data.as_ref().and_then(wait::in_data);
    let names_policy = data.as_ref().is_some_and(is_of_policy);
    let rate = ["rate limit", "ratelimit", "too many requests"].iter().any(|word| lowercase.contains(word));
    let http = error.code == 429 || lowercase.split(|c: char| !c.is_alphanumeric()).any(|word| word == "429");
    if POLICY.contains(&error.code) && (names_policy || rate || http) {
        return Failure::Refused(Refusal { message, wait, policy: true, closed: false });
    }
    if error.code == NO_SUCH_METHOD {
        return Failure::Unsupported(message);
    }
    if [CLIENT_ERROR, SERVER_ERROR].contains(&error.code) {
        if lowercase.contains("execution failed") {
            return Failure::Unsupported(message);
        }
        // Substrate has one code for both, and its wording changes between versions, so only the text can
        // tell them apart. The text alone decides nothing: the block's age is considered too.
        let discarded = lowercase.contains("discarded");
        if discarded
            || ["unknownblock", "unknown block", "header was not found"]
                .iter()
                .any(|word| lowercase.contains(word))
        {
            return Failure::Missing { discarded, message };
        }
    }
    if http || rate || wait.is_some() || TOO_MUCH.contains(&error.code) {
        return Failure::Refused(Refusal { message, wait, policy: http, closed: false });
    }
    Failure::Failed(message)
}

/// What an error of the client means: it has no JSON-RPC answer.
fn failure_of_client(error: &ClientError) -> Failure {
    match error {
        ClientError::RestartNeeded(inner) => failure_of_client(inner),
        ClientError::Transport(cause) => {
            if let Some(WsError::Closed(reason)) = cause.downcast_ref::<WsError>() {
                let why = reason
                    .descr
                    .as_deref()
                    .filter(|why| !why.is_empty())
                    .map_or_else(String::new, |why| format!(": {why}"));
                let message = format!("it closed the connection with code {}{why}", reason.code);
                if reason.code == CLOSED_BY_POLICY {
                    return Failure::Refused(Refusal { message, wait: None, policy: true, closed: true });
                }
                return Failure::Disconnected(message);
            }
            Failure::Disconnected(with_causes(error))
        }
        ClientError::ParseError(why) => Failure::Unintelligible(why.to_string()),
        other => Failure::Disconnected(with_causes(other)),
    }
}

/// Whether the data of an error are those of a provider's policy.
fn is_of_policy(data: &Value) -> bool {
    ["policy", "reason", "retry_after", "retryAfter", "retry_after_ms", "retryAfterMs"]
        .iter()
        .any(|key| data.get(key).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // tests
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(code: i32, message: &str, data: Option<&str>) -> Failure {
        let data = data.map(|data| serde_json::value::RawValue::from_string(data.to_owned()).unwrap());
        failure_of_call(&RpcError::User(UserError { code, message: message.to_owned(), data }))
    }

    #[test]
    fn only_four_answers_speak_about_the_chain() {
        for (code, message) in [
            (-32_601, "Method not found"),
            (-32_000, "Client error: Execution failed: trap"),
            (4_003, "Execution failed"),
        ] {
            assert!(matches!(told(code, message, None), Failure::Unsupported(_)), "{code} {message}");
        }
        for (code, message, gone) in [
            (4_003, "Client error: UnknownBlock: State already discarded for 0x12", true),
            (-32_000, "State already discarded for 0x12", true),
            (4_003, "Client error: UnknownBlock: Header was not found in the database: 0x12", false),
            (-32_000, "unknown block", false),
        ] {
            assert!(
                matches!(told(code, message, None), Failure::Missing { discarded, .. } if discarded == gone),
                "{code} {message}"
            );
        }
        for (code, message) in [
            (-32_000, "x"),
            (-32_000, "backend unavailable"),
            (4_003, "Client error: database is locked"),
            (-32_603, "Internal error"),
            (-32_602, "Invalid params"),
            (-32_010, "State already discarded"),
            (-32_000, "no block 0x4294290000"),
        ] {
            assert!(matches!(told(code, message, None), Failure::Failed(_)), "{code} {message}");
        }
        for (code, message) in
            [(-32_004, "x"), (-32_005, "x"), (-32_008, "x"), (-32_009, "x"), (-32_999, "Too many requests")]
        {
            assert!(
                matches!(
                    told(code, message, None),
                    Failure::Refused(Refusal { wait: None, policy: false, .. })
                ),
                "{code} {message}"
            );
        }
        for (code, message, data) in [
            (-32_004, "storage work rate limit exceeded", None),
            (-32_005, "x", Some(r#"{"reason":"plan"}"#)),
            (-32_004, "x", Some(r#"{"policy":"p"}"#)),
            (429, "x", None),
            (-32_000, "429 Too Many Requests", None),
        ] {
            assert!(
                matches!(
                    told(code, message, data),
                    Failure::Refused(Refusal { wait: None, policy: true, .. })
                ),
                "{code} {message}"
            );
        }
    }

    #[test]
    fn a_wait_is_read_in_every_form_and_capped() {
        for (data, milliseconds) in [
            (r#"{"retry_after":2}"#, 2_000),
            (r#"{"retryAfter":0.5}"#, 500),
            (r#"{"retry_after":"3"}"#, 3_000),
            (r#"{"retry_after":1500}"#, 1_500),
            (r#"{"retry_after_ms":20}"#, 20),
            (r#"{"retryAfterMs":2000,"retry_after":9}"#, 2_000),
            (r#"{"retryAfterMs":99999999999}"#, 900_000),
        ] {
            let Failure::Refused(refusal) = told(-32_004, "x", Some(data)) else { panic!("{data}") };
            assert_eq!(
                (refusal.wait, refusal.policy),
                (Some(Duration::from_millis(milliseconds)), true),
                "{data}"
            );
        }
        for data in [r#"{"retry_after":-1}"#, r#"{"retry_after":"soon"}"#, r#"{"retry_after":null}"#] {
            assert!(
                matches!(told(-32_004, "x", Some(data)), Failure::Refused(Refusal { wait: None, .. })),
                "{data}"
            );
        }
    }
}
