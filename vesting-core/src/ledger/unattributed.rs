//! What becomes of what nothing explains: a policy's choice, on which it hangs what enters and leaves first.

use super::Flow;

/// What becomes of an `unattributed` entry: a change of a position that nothing explains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnattributedRule {
    /// Nobody's doing: what came in is other income, what went leaves the oldest and was not sold.
    #[default]
    Neutral,
    /// The holder's doing: what came in is manual, what went leaves the newest first and was sold.
    Flow,
}

impl UnattributedRule {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Neutral, Self::Flow];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Flow => "flow",
        }
    }

    /// Whether what leaves by such a flow was sold: only that takes the newest first.
    #[must_use]
    pub const fn is_sale(self, flow: Flow) -> bool {
        match flow {
            Flow::Outflow => true,
            Flow::Unattributed => matches!(self, Self::Flow),
            Flow::Opening
            | Flow::Emission
            | Flow::Inflow
            | Flow::Neutral
            | Flow::Rounding
            | Flow::Corrected => false,
        }
    }
}
