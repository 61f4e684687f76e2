//! Checks that a database would make.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::ports::StoreError;
use crate::units::RaoDelta;

pub(super) fn refuse(why: impl Display) -> StoreError {
    StoreError::Unusable(format!("nothing was written: {why}"))
}

/// Collects rows by key; two rows with one key are refused.
pub(super) fn unique<K: Ord, V>(
    what: &str,
    rows: impl Iterator<Item = (K, V)>,
) -> Result<BTreeMap<K, V>, StoreError> {
    let mut map = BTreeMap::new();
    for (key, row) in rows {
        if map.insert(key, row).is_some() {
            return Err(refuse(format_args!("a row of the {what} is there twice")));
        }
    }
    Ok(map)
}

pub(super) fn disjoint<K: Ord, V>(
    what: &str,
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
) -> Result<(), StoreError> {
    match new.keys().any(|key| old.contains_key(key)) {
        true => Err(refuse(format_args!("a row of the {what} is in the record already"))),
        false => Ok(()),
    }
}

/// Databases hold signed numbers of 64 bits.
pub(super) fn fits(what: &str, amounts: impl IntoIterator<Item = RaoDelta>) -> Result<(), StoreError> {
    match amounts.into_iter().find(|amount| i64::try_from(amount.0).is_err()) {
        Some(amount) => Err(refuse(format_args!("{what}: {amount} is more than a database holds"))),
        None => Ok(()),
    }
}
