//! Indexes that are part of a state: over random histories, asked like a service asks them, and hostile.

mod histories;
mod oracle;
