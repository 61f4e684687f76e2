//! `BlockchainMonitor`: records finalized blocks, in order, in the ledgers of the subnets it follows.
//!
//! Its own watermark in the store is the truth. After any gap or restart it resumes from there. An interval
//! is measured at B₁ and B₂−1 only, so following and catching up write the same.

mod advance;
mod blockchain_monitor;
mod catching_up;
mod correct;
mod every_block;
mod follow;
mod observe;
mod pace;

pub use blockchain_monitor::BlockchainMonitor;
pub use pace::Pace;
