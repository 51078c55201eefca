//! The service seen from outside: what an observer says of known events, the program with its pages and its log, and the
//! files for those who run it.

mod counted;
mod deploy;
mod exposition;
mod pages;
mod program;
mod run;
