//! The holder that a question is about, named by a hotkey, a coldkey or a uid.

use std::fmt;
use std::str::FromStr;

use crate::ledger::Successions;
use crate::ports::{Holder, NeuronRow};
use crate::units::{AddressError, BlockNumber, Coldkey, Hotkey, Uid};

/// A holder by any of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderQuery {
    /// The owner of the neuron with this uid.
    Uid(Uid),
    /// The owner, now or earlier, of a neuron with this hotkey; or the holder with this coldkey. An address
    /// alone does not say which of the two it is.
    Account(Hotkey),
}

/// Why a name was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HolderQueryError {
    /// It is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It is no uid.
    #[error("`{0}` is not a uid: write a number from 0 to 65535 after `uid:`, as in uid:5")]
    Uid(String),
}

impl FromStr for HolderQuery {
    type Err = HolderQueryError;

    /// `uid:5`, or the SS58 address of a hotkey or coldkey.
    fn from_str(text: &str) -> Result<Self, HolderQueryError> {
        match text.strip_prefix("uid:") {
            Some(uid) => uid
                .parse()
                .map(|uid| Self::Uid(Uid(uid)))
                .map_err(|_| HolderQueryError::Uid(text.chars().take(80).collect())),
            None => Ok(Self::Account(text.parse()?)),
        }
    }
}

impl fmt::Display for HolderQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "uid:{uid}"),
            Self::Account(account) => account.fmt(f),
        }
    }
}

impl HolderQuery {
    /// The coldkey that the holder has at the end of `as_of`, by the rows of a record up to there. A hotkey
    /// that lost its uid is found by the last uid it had.
    #[must_use]
    pub fn find(
        &self,
        neurons: &[NeuronRow],
        successions: &Successions,
        holders: &[Holder],
        as_of: BlockNumber,
    ) -> Option<Coldkey> {
        let known = || neurons.iter().filter(|row| row.block <= as_of);
        let account = match self {
            Self::Uid(uid) => {
                let row = known().filter(|row| row.uid == *uid).max_by_key(|row| row.block)?;
                return row.holder.map(|(_, coldkey)| coldkey);
            }
            Self::Account(account) => account,
        };
        let own = known().filter_map(|row| {
            row.holder.filter(|(hotkey, _)| hotkey == account).map(|(_, coldkey)| (row.block, coldkey))
        });
        match own.max_by_key(|(block, _)| *block) {
            // A neuron's row shows a swap of its coldkey. An owner without a uid has no row any more, so its
            // swaps are followed here.
            Some((block, coldkey)) => Some(
                successions
                    .between(block, as_of)
                    .fold(coldkey, |name, by| if by.old == name { by.new } else { name }),
            ),
            None => {
                let coldkey = Coldkey(account.0);
                holders
                    .iter()
                    .any(|holder| holder.coldkey == coldkey && holder.since <= as_of)
                    .then_some(coldkey)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Succession;

    #[test]
    fn every_name_finds_its_holder_and_a_wrong_one_says_what_is_wrong() {
        let (hotkey, gone) = (Hotkey([1; 32]), Hotkey([2; 32]));
        let [a, b, c] = [11, 12, 13].map(|n| Coldkey([n; 32]));
        let row = |uid, block, holder| NeuronRow { uid: Uid(uid), block: BlockNumber(block), holder };
        let neurons = [
            row(0, 5, Some((gone, a))),
            row(0, 20, Some((hotkey, c))),
            row(1, 5, Some((hotkey, a))),
            row(1, 9, None),
        ];
        let swap = Succession { block: BlockNumber(30), event_index: 1, old: a, new: b };
        let (successions, holders) = (
            Successions::new(vec![swap]),
            [a, b, c].map(|coldkey| Holder { coldkey, since: BlockNumber(4) }),
        );
        let find = |query: &str, as_of| {
            query.parse::<HolderQuery>().unwrap().find(&neurons, &successions, &holders, BlockNumber(as_of))
        };
        assert_eq!(
            (find("uid:0", 40), find("uid:0", 10), find("uid:1", 40), find("uid:7", 40)),
            (Some(c), Some(a), None, None)
        );
        assert_eq!((find(&gone.to_string(), 29), find(&gone.to_string(), 30)), (Some(a), Some(b)));
        assert_eq!((find(&hotkey.to_string(), 10), find(&hotkey.to_string(), 20)), (Some(a), Some(c)));
        assert_eq!((find(&c.to_string(), 20), find(&c.to_string(), 3)), (Some(c), None));
        assert_eq!(find(&Coldkey([14; 32]).to_string(), 20), None);
        for (bad, word) in [("uid:x", "after `uid:`"), ("uid:65536", "65535"), ("5Grw", "5Grw"), ("", "SS58")]
        {
            let said = bad.parse::<HolderQuery>().unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        }
    }
}
