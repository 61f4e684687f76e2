//! A validator's weights, multiplied: the one place where floats are, at the output's edge.
//!
//! One file a redistribution. Each keeps order and length, makes no weight that is no number, and leaves
//! all-zero as it was; what is not all-zero does not become so.
//!
//! Takes from `units`, `score` and `report`.

pub mod adjust;
mod adjusted;
mod burn;
mod error;
mod input;
mod normalise;
mod sums;
mod threshold;
mod upscale;

pub use adjusted::{AdjustedWeight, AdjustedWeights};
pub use burn::{Burned, burn};
pub use error::WeightsError;
pub use input::WeightsInput;
pub use normalise::{leaves_nothing, normalise};
pub use sums::Factor;
pub use threshold::threshold;
pub use upscale::to_u16;
