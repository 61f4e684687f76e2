//! A validator's weights, multiplied. Only here, at the output's edge, are there floats.
//!
//! Each redistribution has a file. Each keeps order and length, and gives finite weights only. Weights that
//! are all zero stay so, and others never become all zero.
//!
//! Takes from `units`, `score` and `report`.

pub mod adjust;
mod adjusted;
mod burn;
mod error;
mod groups;
mod input;
mod normalise;
mod sums;
mod threshold;
mod upscale;

pub use adjusted::{AdjustedWeight, AdjustedWeights};
pub use burn::{Burned, burn};
pub use error::WeightsError;
pub use groups::WeightGroups;
pub use input::WeightsInput;
pub use normalise::{leaves_nothing, normalise};
pub use sums::Factor;
pub use threshold::threshold;
pub use upscale::to_u16;
