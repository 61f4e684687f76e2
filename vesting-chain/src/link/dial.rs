//! Connecting to an endpoint, up to the answer that says which chain it serves.

use std::time::Duration;

use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::client::RpcClient;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use vesting_core::{BlockHash, BlockNumber, BlockRef};

use crate::errors::call::failure_of_call;
use crate::errors::failure::Failure;
use crate::link::address::Address;
use crate::link::handshake::connect;
use crate::link::header::block_of;

/// The longest that a connection takes to be made, up to its first answer.
const LONGEST_CONNECTING: Duration = Duration::from_secs(8);
/// The name under which attempts to connect are counted.
pub(crate) const CONNECT: &str = "connect";
const BLOCK_HASH: &str = "chain_getBlockHash";
const HEADER: &str = "chain_getHeader";
/// An endpoint is asked for its genesis at most so many times, until hash and header fit each other.
const GENESIS_READINGS: u32 = 5;

/// A new connection.
pub(crate) struct Dialled {
    pub(crate) client: RpcClient,
    /// The hash of the chain's block 0.
    pub(crate) genesis: BlockHash,
    /// The methods that were called for it.
    pub(crate) called: Vec<&'static str>,
}

/// Why a connection could not be made.
#[derive(Debug, Clone)]
pub(crate) struct DialError {
    /// The methods that were called. The last of them failed.
    pub(crate) called: Vec<&'static str>,
    pub(crate) failure: Failure,
}

/// Connects to an endpoint and asks which chain it serves: the least that it must answer.
pub(crate) async fn dial(address: &Address, deadline: Duration) -> Result<Dialled, DialError> {
    let within = deadline.min(LONGEST_CONNECTING);
    let mut called = vec![CONNECT];
    let dialling = async {
        let client = connect(address).await?;
        called.clear();
        let genesis = genesis(&client, &mut called).await?;
        Ok((client, genesis))
    };
    let dialled = tokio::time::timeout(within, dialling).await;
    match dialled.unwrap_or_else(|_| {
        Err(Failure::Disconnected(format!("no answer within {} s", within.as_secs_f64())))
    }) {
        Ok((client, genesis)) => Ok(Dialled { client, genesis, called }),
        Err(failure) => Err(DialError { called, failure }),
    }
}

/// The hash of block 0, checked with the header of that hash: the whole record depends on it.
async fn genesis(client: &RpcClient, called: &mut Vec<&'static str>) -> Result<BlockHash, Failure> {
    let failed = |error| failure_of_call(&error);
    let mut misfit = String::new();
    for _ in 0..GENESIS_READINGS {
        called.push(BLOCK_HASH);
        let Some(hash) = client.request::<Option<H256>>(BLOCK_HASH, rpc_params![0]).await.map_err(failed)?
        else {
            misfit = "it has no block 0".into();
            continue;
        };
        let hash = BlockHash(hash.0);
        called.push(HEADER);
        match client
            .request::<Option<SubstrateHeader<H256>>>(HEADER, rpc_params![H256(hash.0)])
            .await
            .map_err(failed)?
        {
            Some(header) if block_of(&header) == (BlockRef { number: BlockNumber(0), hash }) => {
                return Ok(hash);
            }
            Some(header) => misfit = format!("asked for block 0, it answered with {}", block_of(&header)),
            None => misfit = format!("it has no header of {hash}, its block 0"),
        }
    }
    Err(Failure::Unintelligible(misfit))
}
