//! Bytes in hexadecimal, as JSON-RPC writes them.

/// Bytes in hexadecimal after `0x`.
pub(crate) fn hex0x(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", faster_hex::hex_string(bytes.as_ref()))
}
