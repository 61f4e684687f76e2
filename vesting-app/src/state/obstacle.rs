//! Why nothing of a subnet can be written.

/// Why nothing of a subnet can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Its ledger contradicts the chain.
    Broken,
    /// Its record must be read again, because the runtime contradicts its storage.
    Contradicted,
    /// The runtime of this version cannot be read.
    Unreadable(u32),
}

impl Obstacle {
    pub fn message(self) -> String {
        match self {
            Self::Broken | Self::Contradicted => {
                "its record does not agree with the chain, and nothing is written".to_owned()
            }
            Self::Unreadable(spec_version) => {
                format!(
                    "the chain's runtime (spec {spec_version}) cannot be read by this version, and nothing \
                     is written"
                )
            }
        }
    }
}
