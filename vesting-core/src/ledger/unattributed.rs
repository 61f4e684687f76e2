//! How unattributed changes count. A policy chooses; which tranches are consumed first depends on it.

use super::Flow;

/// How an `unattributed` entry counts: a change of a position that nothing explains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnattributedRule {
    /// As nobody's doing. Credits are other income. Debits consume the oldest tranche first and are no sale.
    #[default]
    Neutral,
    /// As the holder's doing. Credits are manual. Debits consume the newest tranche first and are a sale.
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

    /// Whether a debit of this flow is a sale. Only sales consume the newest tranche first.
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
