//! An export's lines, compressed with zstd.

use std::io::{self, Write};

use vesting_core::ports::Commit;
use vesting_core::{BlockHash, NetUid};

use super::encode::Encoder;
use super::format::Checksum;

/// The level of compression, a compromise of time and size. The same level gives the same bytes.
const LEVEL: i32 = 6;

/// Writes records as compressed lines, part by part, to a file or into an answer. The same parts give the same
/// bytes.
pub struct CompressedEncoder<W: Write>(Encoder<zstd::Encoder<'static, W>>);

impl<W: Write> CompressedEncoder<W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// If writing fails.
    pub fn new(to: W, genesis: BlockHash, netuids: &[NetUid]) -> io::Result<Self> {
        Encoder::new(zstd::Encoder::new(to, LEVEL)?, genesis, netuids).map(Self)
    }

    /// Writes the next part of a record, as [`Encoder::part`].
    ///
    /// # Errors
    /// If writing fails.
    pub fn part(&mut self, part: &Commit) -> io::Result<()> {
        self.0.part(part)
    }

    /// Writes the last line. Returns the writer and the checksum.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> io::Result<(W, Checksum)> {
        let (compressed, checksum) = self.0.finish()?;
        Ok((compressed.finish()?, checksum))
    }
}
