//! Records as a file that can be given to another validator. `docs/export.md` describes it.
//!
//! [`Encoder`] and [`Decoder`] turn records into lines and back, whatever they are written to; [`Writer`] and
//! [`Reader`] keep them in a compressed file. All go [part by part](vesting_core::Parts), so that one is
//! held.
//!
//! Takes from nothing here.

mod decode;
mod encode;
mod error;
mod file;
mod format;
mod line;
mod text;

pub use decode::Decoder;
pub use encode::Encoder;
pub use error::ExportError;
pub use file::{Reader, Writer};
pub use format::{Checksum, VERSION};
