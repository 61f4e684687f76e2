//! The ledger of one window: the balances of its holders at its start, and every entry since.
//!
//! It depends only on the chain inside the window. A record that began long before the window gives exactly
//! the same ledger as one that just covers it. Coldkeys that are followed but are no holders of the window
//! are left out. What a holder had before its start is its opening, however it got it.

mod histories;
mod holder;
mod opening;
#[cfg(test)]
mod tests;
mod tranches;
mod window_ledger;

pub use opening::Opening;
pub use window_ledger::WindowLedger;
