//! What calls and epochs do to the state, as in the pallet `SubtensorModule`.

mod admin_call;
mod call;
mod collateral;
mod epoch;
mod extrinsic;
mod key_swap;
mod lease;
mod lock;
mod network;
mod neurons;
mod orders;
mod small_positions;
mod trade;
mod transfer;
