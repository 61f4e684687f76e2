//! The queries, in a file for each thing that they read.

mod entries;
mod epochs;
mod holders;
mod part;
mod positions;
mod rows;
mod state;
mod tranches;

pub use entries::{block_times, entries};
pub use epochs::{epoch_list, epochs, skipped_slots};
pub use holders::{holders, neurons, successions};
pub use part::part;
pub use positions::{locks_at, positions_at};
pub use state::{genesis, ledger_state, netuids, state, watermark};
pub use tranches::{open_tranches, tranches};
