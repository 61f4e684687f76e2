//! What this process does for a subnet.

/// What this process does for a subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Role {
    /// Only reads its record.
    #[default]
    Reader,
    /// Records it.
    Leader,
    /// Waits to record it, while another process does.
    Standby {
        /// The process that records it.
        by: String,
    },
}

impl Role {
    pub const NAMES: [&'static str; 3] = ["leader", "standby", "reader"];

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Leader => "leader",
            Self::Standby { .. } => "standby",
        }
    }
}
