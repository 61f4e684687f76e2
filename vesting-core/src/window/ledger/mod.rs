//! The ledger of one window: what its holders held when it began, and every entry since.
//!
//! It depends on the chain inside the window only. A record that began long before the window and one
//! that just covers it give the same, to the last digit: coldkeys that are followed but are no holders
//! of the window are left out, and what came before a holder's start is its opening, whatever it was.

mod holder;
mod opening;
#[cfg(test)]
mod tests;
mod tranches;
mod walk;
mod window_ledger;

pub use opening::Opening;
pub use window_ledger::WindowLedger;
