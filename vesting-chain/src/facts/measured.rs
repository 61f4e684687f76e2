//! Which runtimes were measured, and how another one compares with them.

/// The runtimes whose rules were measured on recordings, block by block against their own answers. The rules
/// of the last one were measured as ported to the recorded chain, not on a chain that runs it.
pub const MEASURED: [u32; 3] = [393, 425, 475];

/// How a runtime compares with the measured ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was measured.
    Measured,
    /// It is between two measured ones; what changed between them was read in the source.
    Between {
        /// The last measured one before it.
        below: u32,
        /// The first measured one after it.
        above: u32,
    },
    /// It is older than every measured one.
    Older,
    /// It is newer than every measured one.
    Newer,
}

impl Standing {
    /// The standing of the runtime of this version.
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

    /// Whether it is older or newer than every measured one.
    #[must_use]
    pub const fn is_beyond(self) -> bool {
        matches!(self, Self::Older | Self::Newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_measured_or_before_between_or_after_measured_ones() {
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
