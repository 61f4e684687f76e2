//! Accounts and their SS58 addresses (prefix 42, as Bittensor uses).

use std::fmt;
use std::str::FromStr;

use blake2::{Blake2b512, Digest};

/// The SS58 prefix of Bittensor (the generic Substrate one).
const SS58_PREFIX: u8 = 42;
const CHECKSUM_CONTEXT: &[u8] = b"SS58PRE";

/// Why an address was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{address}` is not an SS58 address with prefix 42: {why}; it should look like 5F… with 48 characters"
)]
pub struct AddressError {
    address: String,
    why: &'static str,
}

fn checksum(body: &[u8]) -> [u8; 2] {
    let digest = Blake2b512::new().chain_update(CHECKSUM_CONTEXT).chain_update(body).finalize();
    [digest[0], digest[1]]
}

fn encode(bytes: &[u8; 32]) -> String {
    let mut body = Vec::with_capacity(35);
    body.push(SS58_PREFIX);
    body.extend_from_slice(bytes);
    let sum = checksum(&body);
    body.extend_from_slice(&sum);
    bs58::encode(body).into_string()
}

fn decode(address: &str) -> Result<[u8; 32], AddressError> {
    let refuse = |why| AddressError { address: address.chars().take(80).collect(), why };
    let body = bs58::decode(address).into_vec().map_err(|_| refuse("it is not base58"))?;
    let [SS58_PREFIX, key @ .., a, b] = body.as_slice() else {
        return Err(refuse("it has another prefix"));
    };
    let key: [u8; 32] = key.try_into().map_err(|_| refuse("it has the wrong length"))?;
    if checksum(&body[..33]) != [*a, *b] {
        return Err(refuse("its checksum is wrong, so it was mistyped"));
    }
    Ok(key)
}

macro_rules! account {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            /// The SS58 address.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), encode(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = AddressError;
            fn from_str(address: &str) -> Result<Self, AddressError> {
                decode(address).map(Self)
            }
        }
    };
}

account! {
    /// The key a neuron works with. Stake is placed on a hotkey.
    ///
    /// ```
    /// use vesting_core::Hotkey;
    ///
    /// let address = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    /// let hotkey: Hotkey = address.parse()?;
    /// assert_eq!(hotkey.to_string(), address);
    /// # Ok::<(), vesting_core::AddressError>(())
    /// ```
    Hotkey
}
account! {
    /// The key that owns. Stake belongs to a coldkey, and so does a neuron.
    Coldkey
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn reads_and_writes_the_well_known_address() {
        let key: Coldkey = ADDRESS.parse().unwrap();
        assert_eq!(key.0[..4], [0xd4, 0x35, 0x93, 0xc7]);
        assert_eq!(key.to_string(), ADDRESS);
    }

    #[test]
    fn refuses_what_is_mistyped() {
        for bad in [
            "",
            "5Grw",
            "0x1234",
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ",
            "1FRMM8PEiWXYax7rpS6X4XZX1aAAxSWx1CrKTyrVYhV24fg",
        ] {
            assert!(bad.parse::<Hotkey>().is_err(), "{bad}");
        }
    }
}
