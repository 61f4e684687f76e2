//! An export: records in a file that can be given to another validator. `docs/export.md` describes the
//! format.
//!
//! [`Encoder`] and [`Decoder`] convert records to lines and back. [`CompressedEncoder`] compresses the lines, and
//! [`Writer`] and [`Reader`] keep them in a file. All work [part by part](vesting_core::Parts), so that only one
//! part is in memory.
//!
//! Takes from nothing here.

mod compressed;
mod decode;
mod encode;
mod error;
mod file;
mod format;
mod line;
mod text;

pub use compressed::CompressedEncoder;
pub use decode::Decoder;
pub use encode::Encoder;
pub use error::ExportError;
pub use file::{Reader, Writer};
pub use format::{Checksum, VERSION};
