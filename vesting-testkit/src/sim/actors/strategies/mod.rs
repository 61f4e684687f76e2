//! Ways to sell what was earned and still look like somebody who kept it.
//!
//! Every strategist has a twin who does the same but gives nothing away and buys nothing, and all of
//! them stand beside one honest holder with the same opening, on one simulated subnet where everybody
//! earns the same. `docs/strategies.md` tells what comes of it.

mod contest;
mod course;
mod one_coldkey;
mod outcome;
mod person;
mod several_coldkeys;
mod strategy;
mod table;
mod turn;

pub use contest::{Contest, ContestError, Setting};
pub use course::{Course, Standing};
pub use one_coldkey::{ONE_COLDKEY, RANDOM};
pub use outcome::{Outcome, Rival};
pub use several_coldkeys::SEVERAL_COLDKEYS;
pub use strategy::{Beginning, Honest, Strategy};
pub use table::table;
pub use turn::Turn;
