//! Hashes and digests as they are printed.

/// Whether a text is 0x and 64 hexadecimal digits.
pub fn is_hash(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}
