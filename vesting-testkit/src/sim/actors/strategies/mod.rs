//! Strategies: ways to sell what was earned and still look like somebody who kept it.
//!
//! Every strategist has a twin that does the same, but neither sells nor buys. An honest holder has the same
//! opening. All of them act on one simulated subnet and earn the same. `docs/strategies.md` shows the
//! outcome.

mod beginning;
mod contest;
mod course;
mod one_coldkey;
mod outcome;
mod person;
mod several_coldkeys;
mod strategy;
mod table;
mod turn;

pub use beginning::Beginning;
pub use contest::{Contest, ContestError, Setting};
pub use course::{Course, Standing};
pub use one_coldkey::{ONE_COLDKEY, RANDOM};
pub use outcome::{Outcome, Rival};
pub use several_coldkeys::SEVERAL_COLDKEYS;
pub use strategy::{Honest, Strategy};
pub use table::table;
pub use turn::Turn;
