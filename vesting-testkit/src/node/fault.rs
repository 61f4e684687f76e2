//! What may be wrong with a node on purpose.

use std::fmt;
use std::str::FromStr;

use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey, Rao};

use super::spoil::Spoil;

/// One thing that is wrong with a node on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It keeps the states of this many blocks below its head only, as most public nodes do.
    Pruned(u32),
    /// It stops answering after this many calls, and keeps the socket open.
    Stall(u64),
    /// It leaves one call in this many without an answer.
    Swallow(u64),
    /// One answer in `every` about storage or hashes is wrong.
    Spoil {
        /// What is wrong with it.
        how: Spoil,
        /// One answer in this many.
        every: u64,
    },
    /// Its notices of a new head name a block this many above the head. Such a block does not exist.
    Ahead(u32),
    /// Its finalized head stops at this block.
    Frozen(u32),
    /// Values that storage keeps for this subnet alone, such as its tempo, lack their last byte from a block
    /// on.
    Unreadable {
        /// The subnet.
        netuid: NetUid,
        /// The first block whose state is affected.
        from: u32,
    },
    /// Its runtime answers one rao more for every position than its storage holds.
    Disagree,
    /// Its runtime answers more for one position than its storage holds.
    DisagreeOn(Contradiction),
    /// It refuses one call in this many, as an endpoint with a rate limit does.
    Refuse(u64),
    /// It answers one call in `every` with an error that says nothing about the chain.
    Error {
        /// The JSON-RPC code of the error.
        code: i32,
        /// One call in this many.
        every: u64,
    },
    /// It refuses requests for more storage keys than this.
    Keys(u32),
    /// It refuses requests for more storage keys than this in a second, and says how long to wait.
    KeysPerSecond(u32),
    /// One call in this many is answered by a node that lacks the last three blocks.
    Lags(u64),
}

impl Fault {
    /// Every fault as it is written on a command line.
    pub const FORMS: &'static str = "pruned=BLOCKS, stall=CALLS, swallow=CALLS, cut=CALLS, lose=CALLS, \
         empty=CALLS, flip=CALLS, elsewhere=CALLS, stale=CALLS, shifted=CALLS, invented=CALLS, ahead=BLOCKS, \
         frozen=BLOCK, unreadable=NETUID:FROM_BLOCK, refuse=CALLS, error=CODE:CALLS, keys=KEYS, \
         keys-per-second=KEYS, lags=CALLS, \
         disagree or disagree=NETUID:HOTKEY:COLDKEY:RAO:FROM_BLOCK[:SPEC]";

    /// Whether this fault cuts the last byte off the value under a storage key in the state of a block.
    #[must_use]
    pub fn cuts(&self, key: &[u8], block: u32) -> bool {
        // The key is two hashed names of 16 bytes each, then the netuid, which is not hashed.
        let of_subnet = |netuid: &NetUid| key.get(32..) == Some(&netuid.0.to_le_bytes()[..]);
        matches!(self, Self::Unreadable { netuid, from } if block >= *from && of_subnet(netuid))
    }

    /// How much more the runtime of a version answers for a position than its storage holds, in the state of
    /// a block.
    #[must_use]
    pub fn more(&self, netuid: NetUid, key: &PositionKey, block: u32, spec_version: u32) -> u64 {
        match self {
            Self::Disagree => 1,
            Self::DisagreeOn(on)
                if (on.netuid, on.key) == (netuid, *key)
                    && block >= on.from
                    && on.spec_version.is_none_or(|version| version == spec_version) =>
            {
                on.more.0
            }
            _ => 0,
        }
    }
}

/// One position for which a runtime contradicts its storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// The subnet.
    pub netuid: NetUid,
    /// The position.
    pub key: PositionKey,
    /// How much more the runtime answers.
    pub more: Rao,
    /// The first block whose state is affected.
    pub from: u32,
    /// Only the runtime of this version contradicts; `None` for every version.
    pub spec_version: Option<u32>,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}:{}", self.netuid, self.key.hotkey, self.key.coldkey, self.more, self.from)?;
        self.spec_version.map_or(Ok(()), |version| write!(f, ":{version}"))
    }
}

impl Contradiction {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let netuid = NetUid(parts.next()?.parse().ok()?);
        let key = PositionKey {
            hotkey: parts.next()?.parse::<Hotkey>().ok()?,
            coldkey: parts.next()?.parse::<Coldkey>().ok()?,
        };
        let (more, from) = (Rao(parts.next()?.parse().ok()?), parts.next()?.parse().ok()?);
        let spec_version = parts
            .next()
            .map(|version| version.parse().ok())
            .map_or(Some(None), |version| version.map(Some))?;
        parts.next().is_none().then_some(Self { netuid, key, more, from, spec_version })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pruned(blocks) => write!(f, "pruned={blocks}"),
            Self::Stall(calls) => write!(f, "stall={calls}"),
            Self::Swallow(calls) => write!(f, "swallow={calls}"),
            Self::Spoil { how, every } => write!(f, "{}={every}", how.name()),
            Self::Ahead(blocks) => write!(f, "ahead={blocks}"),
            Self::Frozen(block) => write!(f, "frozen={block}"),
            Self::Unreadable { netuid, from } => write!(f, "unreadable={netuid}:{from}"),
            Self::Disagree => f.write_str("disagree"),
            Self::DisagreeOn(on) => write!(f, "disagree={on}"),
            Self::Refuse(calls) => write!(f, "refuse={calls}"),
            Self::Error { code, every } => write!(f, "error={code}:{every}"),
            Self::Keys(keys) => write!(f, "keys={keys}"),
            Self::KeysPerSecond(keys) => write!(f, "keys-per-second={keys}"),
            Self::Lags(calls) => write!(f, "lags={calls}"),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no fault: use {}", Self::FORMS);
        let (name, number) = text.split_once('=').map_or((text, None), |(name, number)| (name, Some(number)));
        if let ("disagree", Some(on)) = (name, number) {
            return Contradiction::read(on).map(Self::DisagreeOn).ok_or_else(wrong);
        }
        if let ("error", Some((code, every))) = (name, number.and_then(|number| number.split_once(':'))) {
            let (code, every) = (code.parse().map_err(|_| wrong())?, every.parse().map_err(|_| wrong())?);
            return if every > 0 { Ok(Self::Error { code, every }) } else { Err(wrong()) };
        }
        if let ("unreadable", Some((netuid, from))) = (name, number.and_then(|number| number.split_once(':')))
        {
            let (netuid, from) =
                (NetUid(netuid.parse().map_err(|_| wrong())?), from.parse().map_err(|_| wrong())?);
            return Ok(Self::Unreadable { netuid, from });
        }
        let number = number.map(|number| number.parse::<u64>().map_err(|_| wrong())).transpose()?;
        let spoils = Spoil::ALL.into_iter().find(|(spoil, _)| *spoil == name).map(|(_, how)| how);
        if let (Some(how), Some(every)) = (spoils, number.filter(|every| *every > 1)) {
            return Ok(Self::Spoil { how, every });
        }
        let short = |number: u64| u32::try_from(number).map_err(|_| wrong());
        match (name, number) {
            ("pruned", Some(blocks)) => Ok(Self::Pruned(short(blocks)?)),
            ("stall", Some(calls)) => Ok(Self::Stall(calls)),
            ("frozen", Some(block)) => Ok(Self::Frozen(short(block)?)),
            ("swallow", Some(calls)) if calls > 1 => Ok(Self::Swallow(calls)),
            ("ahead", Some(blocks)) if blocks > 0 => Ok(Self::Ahead(short(blocks)?)),
            ("refuse", Some(calls)) if calls > 1 => Ok(Self::Refuse(calls)),
            ("keys", Some(keys)) if keys > 0 => Ok(Self::Keys(short(keys)?)),
            ("keys-per-second", Some(keys)) if keys > 0 => Ok(Self::KeysPerSecond(short(keys)?)),
            ("lags", Some(calls)) if calls > 1 => Ok(Self::Lags(calls)),
            ("disagree", None) => Ok(Self::Disagree),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let key = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
        let on = Contradiction { netuid: NetUid(2), key, more: Rao(5), from: 60, spec_version: None };
        let of_one = Contradiction { spec_version: Some(425), ..on };
        let all = [
            Fault::Pruned(256),
            Fault::Stall(9),
            Fault::Frozen(7),
            Fault::Disagree,
            Fault::Refuse(5),
            Fault::Error { code: -32_603, every: 4 },
            Fault::Keys(16),
            Fault::KeysPerSecond(1_000),
            Fault::Lags(3),
            Fault::Unreadable { netuid: NetUid(2), from: 60 },
        ];
        let spoils = Spoil::ALL.map(|(_, how)| Fault::Spoil { how, every: 15 });
        for fault in all.into_iter().chain(spoils).chain([on, of_one].map(Fault::DisagreeOn)) {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        let more = |on: Contradiction, block, spec_version| {
            Fault::DisagreeOn(on).more(NetUid(2), &key, block, spec_version)
        };
        assert_eq!(
            [more(on, 59, 425), more(on, 60, 393), more(of_one, 60, 393), more(of_one, 61, 425)],
            [0, 5, 0, 5]
        );
        for wrong in [
            "",
            "pruned",
            "pruned=x",
            "disagree=1",
            "disagree=1:2:3:4:5",
            "refuse=1",
            "stall=-1",
            "fire",
            "error=-32000",
            "error=x:1",
            "error=1:0",
            "keys=0",
            "lags=1",
            "flip=1",
            "stale",
            "unreadable=2",
            "unreadable=2:x",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
