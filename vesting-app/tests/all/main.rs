//! The whole way, from a node to the record and the command line.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

mod answers;
mod apart;
mod api;
mod both;
mod capturing;
mod command_line;
mod company;
mod compare;
mod configured;
mod daemon;
mod database;
mod doctor;
mod events;
mod explaining;
mod fetched;
mod forks;
mod hanging;
mod killed;
#[cfg(target_os = "linux")]
mod mounted;
mod moved;
#[cfg(unix)]
mod notified;
mod openapi;
mod pages;
mod place;
mod providers;
mod pruned;
mod recordings;
mod secrets;
mod simulated;
mod standby;
mod told;
mod watched;
mod way;
