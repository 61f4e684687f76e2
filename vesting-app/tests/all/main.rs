//! The whole way, from a node to the record and the command line.

mod command_line;
mod recordings;
mod way;
