//! The server: HTTP and WebSocket on one port.
//!
//! Transport, limits and CORS live here; no method does. Who is let in is decided in `admission`.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};

use jsonrpsee::server::{
    BatchRequestConfig, PingConfig, Server, ServerConfig as TransportConfig, ServerHandle,
};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::{
    admission::{Admission, is_local_origin},
    context::Context,
    eth_subscribe::QuantityIds,
    explorer::{Explorer, Pages},
    families,
    intercept::InterceptLayer,
    journal,
    metrics::Scrapes,
};

/// Largest request body. The hex of a transaction that deploys a chunk is small; a batch that
/// deploys a whole model (471 chunks of 24,576 bytes as hex) is 23 MB.
const MAX_REQUEST_BYTES: u32 = 64 << 20;
/// Largest response body: traces and log queries are the big ones.
const MAX_RESPONSE_BYTES: u32 = 256 << 20;
/// Longest batch: a whole model in one batch, with room.
const MAX_BATCH_LENGTH: u32 = 2_000;
/// Most WebSockets and HTTP requests in progress at a time.
const MAX_CONNECTIONS: u32 = 600;
/// Most WebSockets at a time. They stay for long, and must leave some of [`MAX_CONNECTIONS`] to HTTP.
const MAX_WEBSOCKETS: usize = 400;
/// How often a WebSocket's client is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// A WebSocket whose client has said nothing, not even to pings, for this long is closed.
const INACTIVE_LIMIT: Duration = Duration::from_secs(75);
/// How often a stopping server looks whether everybody has let go.
const RELEASE_POLL: Duration = Duration::from_millis(2);

/// A server that is accepting connections.
pub struct RpcServer {
    address: SocketAddr,
    handle: ServerHandle,
    context: Weak<Context>,
}

impl RpcServer {
    /// Binds `address` (port 0: the system chooses one) and serves until stopped; `pages` says what
    /// browsers that ask for a page get. On a loopback
    /// address, only requests that name this machine and come from no foreign page are answered:
    /// any page could otherwise spend the developer accounts' money.
    pub async fn start(address: SocketAddr, context: Context, pages: Pages) -> io::Result<Self> {
        let config = TransportConfig::builder()
            .max_request_body_size(MAX_REQUEST_BYTES)
            .max_response_body_size(MAX_RESPONSE_BYTES)
            .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH_LENGTH))
            .max_connections(MAX_CONNECTIONS)
            .enable_ws_ping(
                PingConfig::new()
                    .ping_interval(PING_INTERVAL)
                    .inactive_limit(INACTIVE_LIMIT),
            )
            .set_id_provider(QuantityIds::default())
            .build();
        let local_only = address.ip().is_loopback();
        let origins = if local_only {
            AllowOrigin::predicate(|origin, _| is_local_origin(origin.as_bytes()))
        } else {
            AllowOrigin::from(Any)
        };
        let cors = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(Any)
            .allow_headers(Any);
        let admission = Admission::new(local_only, MAX_WEBSOCKETS);
        let context = Arc::new(context);
        let weak = Arc::downgrade(&context);
        if context.controls.is_some() {
            let heads = context.heads.subscribe();
            // Ends with the chain.
            tokio::spawn(journal::follow(heads, weak.clone()));
        }
        let server = Server::builder()
            .set_config(config)
            .set_http_middleware(
                tower::ServiceBuilder::new()
                    .layer(cors)
                    .layer(InterceptLayer(admission))
                    .layer(InterceptLayer(Scrapes(weak.clone())))
                    .layer(InterceptLayer(Explorer::new(pages))),
            )
            .build(address)
            .await?;
        let address = server.local_addr()?;
        let module = families::module(context).map_err(io::Error::other)?;
        Ok(Self {
            address,
            handle: server.start(module),
            context: weak,
        })
    }

    /// Where the server listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and waits until the connections are closed and the last call has let go of
    /// the chain.
    pub async fn stop(self) {
        // An error means that it has stopped already.
        let _ = self.handle.stop();
        self.handle.stopped().await;
        // The server counts as stopped a moment before its connections drop the methods.
        while self.context.strong_count() > 0 {
            tokio::time::sleep(RELEASE_POLL).await;
        }
    }
}
