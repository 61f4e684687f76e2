//! Bytes as nodes write them: in hexadecimal after `0x`.

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Bytes as nodes write them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("0x");
    text.push_str(&faster_hex::hex_string(bytes));
    text
}

/// Bytes that are read from hexadecimal, with or without `0x`.
pub(crate) struct HexBytes(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = HexBytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes in hexadecimal")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<HexBytes, E> {
                let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
                let mut bytes = vec![0; digits.len() / 2];
                faster_hex::hex_decode(digits, &mut bytes)
                    .map_err(|_| E::custom("bytes in hexadecimal are wanted"))?;
                Ok(HexBytes(bytes))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_are_written_and_nothing_else_is_read() {
        let read = |text: &str| serde_json::from_value::<HexBytes>(text.into()).ok().map(|bytes| bytes.0);
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(read(&hex(&bytes)), Some(bytes.clone()));
        assert_eq!(read(&hex(&bytes)[2..]), Some(bytes));
        assert_eq!([read("0x"), read("0xAb")], [Some(vec![]), Some(vec![0xab])]);
        assert_eq!([read("0xabc"), read("0xzz"), read("0x0x")], [None, None, None]);
    }
}
