//! Where a record is imported from.

use std::path::PathBuf;

use vesting_secret::SecretUrl;

/// A file, or a URL that answers with one.
#[derive(Debug, Clone)]
pub enum Source {
    File(PathBuf),
    Url(SecretUrl),
}

impl Source {
    /// What was named: a URL begins with `http://` or `https://`.
    pub fn of(named: PathBuf) -> Self {
        match named.to_str() {
            Some(text) if text.starts_with("http://") || text.starts_with("https://") => {
                Self::Url(SecretUrl::new(text))
            }
            _ => Self::File(named),
        }
    }
}

/// Whether a URL names a host only. Then the API there is meant.
pub fn names_a_host_only(url: &SecretUrl) -> bool {
    let after = url.expose().split_once("://").map_or("", |(_, after)| after);
    after.split_once('/').is_none_or(|(_, path)| path.is_empty()) && !after.contains('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_alone_is_told_from_a_file_there() {
        for (url, alone) in [
            ("https://one.example", true),
            ("https://one.example:9180/", true),
            ("http://[::1]:9180", true),
            ("https://one.example/zebra-2.zst", false),
            ("https://one.example/okapi?quagga=2", false),
            ("https://one.example?quagga=2", false),
        ] {
            assert_eq!(names_a_host_only(&SecretUrl::new(url)), alone, "{url}");
        }
    }
}
