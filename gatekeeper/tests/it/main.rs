//! Integration tests of the gatekeeper.

mod engine;
mod random;
mod reference;
mod runner;
mod service;
mod support;
mod web;
