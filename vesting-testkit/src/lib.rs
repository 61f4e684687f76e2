//! Chains to test against: recordings of the real pallets served again, and a simulated subnet.
//!
//! The feature `test-tools` adds what only tests need: the contract suites that every store and every chain
//! must pass, ports that fail on purpose, and a PostgreSQL server. Turn it on in `[dev-dependencies]`.
//!
//! A subnet in memory that runs for two days, its record, and what its miners' multipliers come to:
//!
//! ```
//! use std::sync::{Arc, RwLock};
//!
//! use vesting_core::adjust::WeightsInput;
//! use vesting_core::policy::{DAY_MS, Policy};
//! use vesting_core::{MemoryStore, Millis, VestingSystem};
//! use vesting_testkit::sim::{Demo, SimPort};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut demo = Demo::new(7, 2);
//! let mut chain = demo.chain(7, None);
//! (0..2 * 7_200).for_each(|_| demo.step(&mut chain));
//!
//! let policy = Policy { retention_window: Millis(DAY_MS), ..Policy::default() };
//! let chain = Arc::new(SimPort::new(Arc::new(RwLock::new(chain))));
//! let vesting = VestingSystem::new(chain, Arc::new(MemoryStore::new()), Demo::NETUID, policy);
//! vesting.initialize().await?;
//! vesting.update().await?;
//!
//! let report = vesting.report(None).await?;
//! let factor = |name| {
//!     let actor = demo.actors().iter().find(|actor| actor.name == name)?;
//!     let miner = report.miners.iter().find(|miner| actor.hotkeys.contains(&miner.neuron.hotkey))?;
//!     Some(miner.multiplier.factor)
//! };
//! assert!(factor("honest holder") > factor("gradual seller"));
//!
//! let weights: WeightsInput = report.miners.iter().map(|miner| (miner.neuron.hotkey, 1.0)).collect();
//! let adjusted = vesting.apply_vesting_multipliers(&weights).await?;
//! assert_eq!(adjusted.each.len(), report.miners.len());
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "test-tools")]
pub mod contract;
#[cfg(feature = "test-tools")]
mod faulty;
mod hexadecimal;
pub mod history;
pub mod node;
pub mod recording;
pub mod sim;

#[cfg(feature = "test-tools")]
pub use faulty::{flaky, gate, liar};
pub use node::{fault, spoil, stake_api};
#[cfg(feature = "test-tools")]
pub use recording::truth;
pub use recording::writer as recording_writer;
#[cfg(feature = "test-tools")]
pub use vesting_testkit_postgres as postgres;
#[cfg(feature = "test-tools")]
pub use vesting_testkit_postgres::{own_postgres_test, postgres_test};
