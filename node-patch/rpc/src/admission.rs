//! Which HTTP requests reach the methods: those of this machine's pages, and a bounded number of
//! WebSockets.
//!
//! Only headers and counts are looked at here; what a request asks for is not.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse, http::response};
use tokio::sync::Semaphore;

use crate::intercept::Intercept;

/// Schemes of browser extensions' pages (wallets). A web page cannot send these as its origin.
const EXTENSION_SCHEMES: [&str; 3] = ["chrome-extension", "moz-extension", "safari-web-extension"];

/// Refuses requests.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    local_only: bool,
    websockets: Arc<Semaphore>,
}

impl Admission {
    /// `local_only` refuses requests that name a foreign host or come from a foreign page. At most
    /// `max_websockets` connections are upgraded at a time, so that idle ones leave room for HTTP.
    pub(crate) fn new(local_only: bool, max_websockets: usize) -> Self {
        Self {
            local_only,
            websockets: Arc::new(Semaphore::new(max_websockets)),
        }
    }
}

impl Intercept for Admission {
    fn intercept(&self, request: &mut HttpRequest) -> Option<HttpResponse> {
        if self.local_only
            && let Some(refusal) = foreign(request)
        {
            return Some(refusal);
        }
        if is_upgrade(request) {
            let Ok(permit) = Arc::clone(&self.websockets).try_acquire_owned() else {
                return Some(response::too_many_requests());
            };
            // The server keeps the extensions as long as the connection, and so the permit.
            request.extensions_mut().insert(Arc::new(permit));
        }
        None
    }
}

/// Whether a WebSocket begins with this request.
pub(crate) fn is_upgrade(request: &HttpRequest) -> bool {
    request.headers().contains_key("upgrade")
}

/// The answer to a request that names another host than this machine (a page whose name was made
/// to resolve to this machine), or that a page from elsewhere sends. CORS alone stops neither:
/// the first is no cross-origin request, and WebSockets know no CORS.
fn foreign(request: &HttpRequest) -> Option<HttpResponse> {
    let headers = request.headers();
    let from_uri = request.uri().authority().map(|host| host.as_str());
    let hosts = headers.get_all("host").iter().map(|host| host.to_str());
    if !hosts
        .chain(from_uri.map(Ok))
        .all(|host| host.is_ok_and(is_local_authority))
    {
        return Some(response::host_not_allowed());
    }
    let mut origins = headers.get_all("origin").iter();
    if origins.all(|origin| is_local_origin(origin.as_bytes())) {
        return None;
    }
    let mut refusal = HttpResponse::new(HttpBody::from(
        "this node answers pages of this machine only\n",
    ));
    if let Ok(forbidden) = 403_u16.try_into() {
        *refusal.status_mut() = forbidden;
    }
    Some(refusal)
}

/// Whether an `Origin` is a page that this machine serves (any scheme and port) or a browser
/// extension. `null` is neither: any page can open a frame with that origin.
pub(crate) fn is_local_origin(origin: &[u8]) -> bool {
    let Some((scheme, authority)) = std::str::from_utf8(origin)
        .ok()
        .and_then(|origin| origin.split_once("://"))
    else {
        return false;
    };
    EXTENSION_SCHEMES.contains(&scheme) || is_local_authority(authority)
}

/// Whether `host[:port]` is this machine: `localhost`, a name below it, or a loopback address.
fn is_local_authority(authority: &str) -> bool {
    if let Some(bracketed) = authority.strip_prefix('[') {
        return bracketed.split_once(']').is_some_and(|(address, port)| {
            is_port(port)
                && address
                    .parse()
                    .is_ok_and(|address: Ipv6Addr| address.is_loopback())
        });
    }
    let (host, port) = authority
        .find(':')
        .map_or((authority, ""), |colon| authority.split_at(colon));
    let host = host.to_ascii_lowercase();
    is_port(port)
        && (host == "localhost"
            || host.ends_with(".localhost")
            || host
                .parse()
                .is_ok_and(|address: Ipv4Addr| address.is_loopback()))
}

/// Whether this is empty or a colon and digits.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in [
            "localhost",
            "LOCALHOST:8545",
            "dapp.localhost:3000",
            "127.0.0.1:8545",
            "127.1.2.3",
            "[::1]:8545",
        ] {
            assert!(is_local_authority(local), "{local}");
        }
        for foreign in [
            "",
            "example.com",
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.example.com",
            "localhost:80@example.com",
            "127.0.0.1@example.com",
            "10.0.0.1:8545",
            "[::2]:8545",
            "[::1]example.com",
        ] {
            assert!(!is_local_authority(foreign), "{foreign}");
        }
    }

    #[test]
    fn only_pages_of_this_machine_and_wallets_are_local_origins() {
        for local in [
            "http://localhost:3000",
            "https://127.0.0.1",
            "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn",
        ] {
            assert!(is_local_origin(local.as_bytes()), "{local}");
        }
        for foreign in [
            "null",
            "https://example.com",
            "http://localhost.example.com",
        ] {
            assert!(!is_local_origin(foreign.as_bytes()), "{foreign}");
        }
    }
}
