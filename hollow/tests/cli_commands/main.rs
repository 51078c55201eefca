//! The command line program: what is printed where, and the exit codes.

#![cfg(feature = "cli")]

mod look;
mod operators;
mod support;
mod text;
mod verify;
