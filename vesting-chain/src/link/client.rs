//! A connection's JSON-RPC client, as subxt takes one. subxt has such a client too, but it brings the parts
//! for browsers and a second check of certificates with it.

use futures_util::TryStreamExt;
use jsonrpsee::core::client::{Client, ClientT, Error as ClientError, SubscriptionClientT, SubscriptionKind};
use jsonrpsee::core::traits::ToRpcParams;
use jsonrpsee::types::SubscriptionId;
use serde_json::value::RawValue;
use subxt::rpcs::client::{RawRpcFuture, RawRpcSubscription, RpcClientT};
use subxt::rpcs::{Error as RpcError, UserError};

/// The client of one connection.
pub(crate) struct LinkClient(pub Client);

/// Parameters that subxt has serialized.
struct Serialized(Option<Box<RawValue>>);

impl ToRpcParams for Serialized {
    fn to_rpc_params(self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        Ok(self.0)
    }
}

impl RpcClientT for LinkClient {
    fn request_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
    ) -> RawRpcFuture<'a, Box<RawValue>> {
        Box::pin(async move { self.0.request(method, Serialized(params)).await.map_err(as_of_subxt) })
    }

    fn subscribe_raw<'a>(
        &'a self,
        method: &'a str,
        params: Option<Box<RawValue>>,
        unsubscribe: &'a str,
    ) -> RawRpcFuture<'a, RawRpcSubscription> {
        Box::pin(async move {
            let notices =
                self.0.subscribe(method, Serialized(params), unsubscribe).await.map_err(as_of_subxt)?;
            let id = match notices.kind() {
                SubscriptionKind::Subscription(SubscriptionId::Str(id)) => Some(id.to_string()),
                _ => None,
            };
            let stream = Box::pin(notices.map_err(|error| RpcError::Client(Box::new(error))));
            Ok(RawRpcSubscription { stream, id })
        })
    }
}

/// The client's error in subxt's words: what the node answered is told apart from what befell the call.
fn as_of_subxt(error: ClientError) -> RpcError {
    match error {
        ClientError::Call(answer) => RpcError::User(UserError {
            code: answer.code(),
            message: answer.message().to_owned(),
            data: answer.data().map(ToOwned::to_owned),
        }),
        other => RpcError::Client(Box::new(other)),
    }
}
