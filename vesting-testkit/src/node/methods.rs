//! The methods that a node offers, and which answer belongs to which.

use std::sync::PoisonError;

use jsonrpsee::types::Params;
use serde_json::json;

use super::answer::{Answer, raw};
use super::call::Call;
use super::fault::Fault;
use super::params::arguments;
use super::state::Node;
use crate::hexadecimal::hex0x;

pub(super) const METHODS: [&str; 18] = [
    "chain_getBlockHash",
    "chain_getHeader",
    "chain_getFinalizedHead",
    "chain_getBlock",
    "chain_getRuntimeVersion",
    "state_getStorage",
    "state_queryStorageAt",
    "state_getKeysPaged",
    "state_getMetadata",
    "state_getRuntimeVersion",
    "state_call",
    "system_chain",
    "system_name",
    "system_version",
    "system_health",
    "system_properties",
    "system_chainType",
    "rpc_methods",
];

impl Node {
    pub(super) fn answer(&self, number: u64, method: &str, params: &Params<'static>) -> Answer {
        let history = self.history.read().unwrap_or_else(PoisonError::into_inner);
        let lags = self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Lags(every) if number % every == every - 1));
        // A node that lags still answers with the real head.
        let behind = if lags && method != "chain_getFinalizedHead" { 3 } else { 0 };
        let call = Call { history: &history, head: self.head().saturating_sub(behind), faults: &self.faults };
        match method {
            "chain_getBlockHash" => raw(&call.block_hash(&arguments(params)?, self.spoils(number))?),
            "chain_getHeader" => raw(&call.header(&arguments(params)?)?),
            "chain_getFinalizedHead" => raw(&history.hash(call.head).map(hex0x)),
            "chain_getBlock" => raw(&call.block(&arguments(params)?)?),
            "state_getStorage" => raw(&call.storage(&arguments(params)?)?),
            "state_queryStorageAt" => call.query_storage(params, self.spoils(number)),
            "state_getKeysPaged" => raw(&call.keys(&arguments(params)?)?),
            "state_getMetadata" => raw(&call.metadata(&arguments(params)?)?),
            "state_getRuntimeVersion" | "chain_getRuntimeVersion" => {
                raw(&call.runtime_version(&arguments(params)?)?)
            }
            "state_call" => raw(&call.runtime_call(&arguments(params)?)?),
            "system_chain" => raw(&"Simulated Subtensor"),
            "system_name" => raw(&"vesting simnode"),
            "system_version" => raw(&env!("CARGO_PKG_VERSION")),
            "system_chainType" => raw(&"Development"),
            "system_health" => raw(&json!({"peers": 0, "isSyncing": false, "shouldHavePeers": false})),
            "system_properties" => raw(&json!({"ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO"})),
            _ => raw(&json!({ "methods": METHODS })),
        }
    }
}
