//! `vesting doctor`: checks everything that following needs, and says what is wrong and what to do.

mod address;
mod capture;
mod clock;
mod command;
mod duration;
mod endpoints;
mod finding;
mod probe;
mod record;
mod subnets;

pub use command::{DoctorArgs, EXAMPLES, run};
