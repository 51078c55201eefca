//! Indexes that are part of a state: over random histories, and with a consumer that follows a store.

mod consumers;
mod histories;
mod many_pages;
mod oracle;
