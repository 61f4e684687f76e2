//! What most formulas are made of: the part of the rewards kept, and the part of the window held.

use super::limited_by::LimitedBy;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::policy::Policy;
use crate::units::Ppb;

/// p = ⌊Σ remaining · 10¹⁸ / (Σ initial · T)⌋, at most 1.
pub(super) fn p(holding: &Holding, policy: &Policy) -> Option<Ppb> {
    holding.kept()?.part_of(u128::from(policy.retention_target.0), u128::from(Ppb::ONE.0))
}

/// q = ⌊10⁹ · d / W⌋, at most 1.
pub(super) fn q(holding: &Holding, policy: &Policy) -> Option<Ppb> {
    holding.duration()?.part_of(u128::from(policy.retention_window.0), 1)
}

/// p, to explain a factor.
pub(super) const fn p_term(p: Ppb) -> Term {
    let meaning = "the part of the rewards kept, against the retention target";
    Term { name: "p", value: p, most: Ppb::ONE, meaning }
}

/// 1 + ⌊extra · (M − 1) / scale⌋, for an extra of at most the scale.
pub(super) fn towards_most(extra: u128, scale: u128, policy: &Policy) -> Option<Ppb> {
    let most = u128::from(policy.max_multiplier.0.checked_sub(Ppb::ONE.0)?);
    let more = extra.checked_mul(most)?.checked_div(scale)?;
    Some(Ppb(Ppb::ONE.0.checked_add(u64::try_from(more).ok()?)?))
}

/// What keeps a factor of p and of another part from being larger: the smaller of them.
pub(super) fn smaller(factor: Ppb, p: Ppb, other: Ppb, policy: &Policy) -> LimitedBy {
    match () {
        () if factor == policy.max_multiplier => LimitedBy::Nothing,
        () if p < other => LimitedBy::HoldingPercentage,
        () => LimitedBy::HoldingDuration,
    }
}
