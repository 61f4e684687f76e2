//! Which runtimes were measured, and where another one stands beside them.

/// The runtimes whose rules were measured on recordings, block by block against their own answers. Of the
/// last the rules were measured as ported to the recorded chain, not on the chain that runs it.
pub const MEASURED: [u32; 3] = [393, 425, 475];

/// Where a runtime stands beside those that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is one of them.
    Measured,
    /// It lies between two of them: what changed on the way was read.
    Between {
        /// The last measured one before.
        below: u32,
        /// The first measured one after.
        above: u32,
    },
    /// It is older than all of them.
    Older,
    /// It is newer than all of them.
    Newer,
}

impl Standing {
    /// Of the runtime of this version.
    #[must_use]
    pub fn of(spec_version: u32) -> Self {
        if MEASURED.contains(&spec_version) {
            return Self::Measured;
        }
        let below = MEASURED.into_iter().filter(|measured| *measured < spec_version).max();
        let above = MEASURED.into_iter().filter(|measured| *measured > spec_version).min();
        match (below, above) {
            (Some(below), Some(above)) => Self::Between { below, above },
            (None, _) => Self::Older,
            (_, None) => Self::Newer,
        }
    }

    /// Whether nothing that was measured lies on one side of it.
    #[must_use]
    pub const fn is_beyond(self) -> bool {
        matches!(self, Self::Older | Self::Newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_stands_before_between_or_after() {
        assert_eq!(
            [1, 392, 393, 394, 424, 425, 474, 475, 476].map(Standing::of),
            [
                Standing::Older,
                Standing::Older,
                Standing::Measured,
                Standing::Between { below: 393, above: 425 },
                Standing::Between { below: 393, above: 425 },
                Standing::Measured,
                Standing::Between { below: 425, above: 475 },
                Standing::Measured,
                Standing::Newer
            ]
        );
    }
}
