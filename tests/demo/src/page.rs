//! The web page, served from a thread of its own.

use anyhow::{Context, Result};
use gatekeeper::web::{Site, router};
use std::net::SocketAddr;

/// Serves the page for as long as the process lives; returns the address it really has.
pub fn serve(site: &Site, listen: SocketAddr) -> Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(listen))
        .with_context(|| {
            format!("cannot serve the page at {listen}; give another address with --listen, port 0 takes a free one")
        })?;
    let address = listener.local_addr()?;
    let pages = router(site.clone());
    std::thread::Builder::new().name("page".to_owned()).spawn(move || {
        if let Err(error) = runtime.block_on(async { axum::serve(listener, pages).await }) {
            eprintln!("error: the page is not served any more: {error}");
        }
    })?;
    Ok(address)
}
