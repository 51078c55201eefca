//! Producers and consumers over chains of states: every route leads to the same state, whatever happens on the way.

mod background;
mod by_value;
mod crash;
mod faults;
mod gc;
mod incremental;
mod limits;
mod routes;
mod support;
mod validation;
