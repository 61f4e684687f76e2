//! Why a call or a connection failed.

use std::time::Duration;

use vesting_secret::hide;

/// Why a call or a connection failed. Only [`Unsupported`](Self::Unsupported) and [`Missing`](Self::Missing)
/// say something about the chain; everything else passes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The runtime of that state does not have the call, or the call fails in it.
    Unsupported(String),
    /// The node does not have the state or the block: it is gone, or not there yet.
    Missing {
        /// Whether the node says that it once had it.
        discarded: bool,
        /// What the node said.
        message: String,
    },
    /// The call may succeed if less is asked for, or later, or elsewhere.
    Refused(Refusal),
    /// The node answered with an error that says nothing about the chain.
    Failed(String),
    /// The connection cannot be used any more.
    Disconnected(String),
    /// The answer cannot be understood.
    Unintelligible(String),
}

/// An endpoint asks for fewer or smaller requests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// What the endpoint said.
    pub(crate) message: String,
    /// How long it wants to be left alone, if it says so.
    pub(crate) wait: Option<Duration>,
    /// Whether this is the policy of its provider. Then another host of the same provider is no way out.
    pub(crate) policy: bool,
    /// Whether it closed the connection too.
    pub(crate) closed: bool,
}

impl Failure {
    /// What the node said.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Unsupported(message)
            | Self::Failed(message)
            | Self::Disconnected(message)
            | Self::Unintelligible(message)
            | Self::Missing { message, .. } => message,
            Self::Refused(refusal) => &refusal.message,
        }
    }

    /// The same failure without secrets: a node may repeat what it was sent.
    pub(crate) fn without_secrets(mut self) -> Self {
        let message = match &mut self {
            Self::Unsupported(message)
            | Self::Failed(message)
            | Self::Disconnected(message)
            | Self::Unintelligible(message)
            | Self::Missing { message, .. } => message,
            Self::Refused(refusal) => &mut refusal.message,
        };
        *message = hide(message).into_owned();
        self
    }
}
