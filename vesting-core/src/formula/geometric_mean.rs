//! The default formula.

use super::Formula;
use crate::Ppb;
use crate::holding::Holding;
use crate::multiplier::LimitedBy;
use crate::policy::Policy;

/// The default: m = 1 + √(p·q)·(M − 1), with p the part kept against the target and q the time held
/// against the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GeometricMean;

impl Formula for GeometricMean {
    fn name(&self) -> &'static str {
        "geometric_mean"
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let one = u128::from(Ppb::ONE.0);
        // p = ⌊Σ remaining · 10¹⁸ / (Σ initial · T)⌋, q = ⌊10⁹ · d / W⌋
        let p = holding.kept()?.part_of(u128::from(policy.retention_target.0), one)?;
        let q = holding.duration()?.part_of(u128::from(policy.retention_window.0), 1)?;
        let root = u128::from(p.0).checked_mul(u128::from(q.0))?.isqrt();
        let extra = root.checked_mul(u128::from(policy.max_multiplier.0.checked_sub(Ppb::ONE.0)?))? / one;
        let factor = Ppb(Ppb::ONE.0.checked_add(u64::try_from(extra).ok()?)?);
        let limited_by = match () {
            () if factor == policy.max_multiplier => LimitedBy::Nothing,
            () if p < q => LimitedBy::HoldingPercentage,
            () => LimitedBy::HoldingDuration,
        };
        Some((factor, limited_by))
    }
}
