//! The explorer: a page that shows the chain, served to browsers on the port of the methods.
//!
//! Only files are served here, each part of the program; what the page shows it asks the methods for,
//! like any other client. Its sources are in `explorer/`.

use std::sync::Arc;

use alloy_primitives::{hex, keccak256};
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse, http::response};

use crate::{admission::is_upgrade, intercept::Intercept};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";

/// What the page may do: run and load this server's own files, show pictures that are data, talk to
/// this server. What a chain holds was written by strangers, and the methods can spend the developer
/// accounts' money: no text may ever become a script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Headers that every file has. A browser asks again each time whether its copy is the current one:
/// another version of the node may be on the port next time.
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

/// Whether browsers are shown anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Methods alone.
    None,
    /// The explorer at `/`.
    Explorer,
}

/// A file of the page: its path, its media type, its content.
type File = (&'static str, &'static str, &'static str);

macro_rules! files {
    ($($name:literal: $media_type:expr),* $(,)?) => {
        [$((concat!("/", $name), $media_type, include_str!(concat!("../explorer/", $name)))),*]
    };
}

/// All files. A test compares them with the folder.
const FILES: &[File] = &files! {
    "index.html": HTML,
    "style.css": STYLE,
    "icon.svg": SVG,
    "abi.json": JSON,
    "abi.js": SCRIPT,
    "blocks.js": SCRIPT,
    "contracts.js": SCRIPT,
    "elements.js": SCRIPT,
    "events.js": SCRIPT,
    "format.js": SCRIPT,
    "gas.js": SCRIPT,
    "inference-cards.js": SCRIPT,
    "inferences.js": SCRIPT,
    "main.js": SCRIPT,
    "models.js": SCRIPT,
    "node.js": SCRIPT,
    "parts.js": SCRIPT,
    "tensors.js": SCRIPT,
    "transactions.js": SCRIPT,
    "values.js": SCRIPT,
    "views/account.js": SCRIPT,
    "views/block.js": SCRIPT,
    "views/model.js": SCRIPT,
    "views/models.js": SCRIPT,
    "views/overview.js": SCRIPT,
    "views/search.js": SCRIPT,
    "views/transaction.js": SCRIPT,
};

/// Answers browsers.
#[derive(Clone, Debug)]
pub(crate) struct Explorer {
    /// Files with their entity tags.
    files: Arc<[(File, String)]>,
}

impl Explorer {
    pub(crate) fn new(pages: Pages) -> Self {
        let files: &[File] = match pages {
            Pages::None => &[],
            Pages::Explorer => FILES,
        };
        let tagged = files.iter().map(|file| (*file, entity_tag(file.2)));
        Self {
            files: tagged.collect(),
        }
    }
}

impl Intercept for Explorer {
    /// The file that a browser asks for; what is no file of the page is somebody else's request.
    fn intercept(&self, request: &mut HttpRequest) -> Option<HttpResponse> {
        let is_read = matches!(request.method().as_str(), "GET" | "HEAD");
        // A WebSocket begins as a GET, too.
        if !is_read || is_upgrade(request) {
            return None;
        }
        let path = match request.uri().path() {
            "/" => "/index.html",
            path => path,
        };
        let ((_, media_type, content), tag) = self.files.iter().find(|(file, _)| file.0 == path)?;
        let mut builder = HttpResponse::<()>::builder().header("etag", tag);
        for (name, value) in HEADERS {
            builder = builder.header(name, value);
        }
        let built = if has_copy(request, tag) {
            builder.status(304_u16).body(HttpBody::empty())
        } else {
            builder
                .header("content-type", *media_type)
                .body(HttpBody::from(*content))
        };
        Some(built.unwrap_or_else(|_| response::internal_error()))
    }
}

/// A strong entity tag: other content has another.
fn entity_tag(content: &str) -> String {
    let hash = keccak256(content);
    format!("\"{}\"", hex::encode(&hash[..16]))
}

/// Whether the client has the content with this tag.
fn has_copy(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get_all("if-none-match").iter();
    known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| matches!(value.trim(), "*") || value.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let mut builder = HttpRequest::<()>::builder().method(method).uri(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(HttpBody::empty()).unwrap()
    }

    /// Paths of the files in a folder, from `root`.
    fn paths(root: &Path, folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut found = BTreeSet::new();
        for path in entries {
            if path.is_dir() {
                found.extend(paths(root, &path));
            } else {
                let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(format!("/{}", relative.replace('\\', "/")));
            }
        }
        found
    }

    #[test]
    fn every_file_of_the_folder_is_served() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("explorer");
        let served: BTreeSet<_> = FILES.iter().map(|file| file.0.to_owned()).collect();
        assert_eq!(served, paths(&root, &root));
    }

    #[test]
    fn the_page_has_no_script_or_style_within_and_names_no_other_server() {
        for (path, _, content) in FILES {
            let outside = content.replace("http://www.w3.org/2000/svg", "");
            assert!(!outside.contains("http://"), "{path}");
            assert!(!outside.contains("https://"), "{path}");
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!content.contains(sink), "{path}: {sink}");
            }
        }
        let page = include_str!("../explorer/index.html");
        assert!(!page.contains("<style") && !page.contains(" style="));
        let handlers = page
            .split_whitespace()
            .filter(|word| word.starts_with("on") && word.contains('='));
        assert_eq!(handlers.count(), 0);
        assert_eq!(page.matches("<script").count(), 1);
        assert!(page.contains("<script type=\"module\" src=\"main.js\"></script>"));
    }

    #[test]
    fn browsers_get_files_and_others_go_on() {
        let explorer = Explorer::new(Pages::Explorer);
        let page = explorer.intercept(&mut request("GET", "/", &[])).unwrap();
        assert_eq!(page.status().as_u16(), 200);
        assert_eq!(page.headers()["content-type"], HTML);
        assert_eq!(
            page.headers()["content-security-policy"],
            CONTENT_SECURITY_POLICY
        );
        let script = explorer
            .intercept(&mut request("HEAD", "/views/block.js?1", &[]))
            .unwrap();
        assert_eq!(script.headers()["content-type"], SCRIPT);
        let upgrade = request("GET", "/", &[("upgrade", "websocket")]);
        for mut other in [
            upgrade,
            request("POST", "/", &[]),
            request("OPTIONS", "/", &[]),
            request("GET", "/nothing", &[]),
            request("GET", "/views/../main.js", &[]),
        ] {
            assert!(explorer.intercept(&mut other).is_none(), "{other:?}");
        }
        let none = Explorer::new(Pages::None);
        assert!(none.intercept(&mut request("GET", "/", &[])).is_none());
    }

    #[test]
    fn a_copy_that_is_current_is_not_sent_again() {
        let explorer = Explorer::new(Pages::Explorer);
        let page = explorer.intercept(&mut request("GET", "/", &[])).unwrap();
        let tag = page.headers()["etag"].to_str().unwrap().to_owned();
        let listed = format!("\"other\", W/{tag}");
        for known in [tag.as_str(), &listed, "*"] {
            let answer = explorer
                .intercept(&mut request("GET", "/", &[("if-none-match", known)]))
                .unwrap();
            assert_eq!(answer.status().as_u16(), 304, "{known}");
            assert_eq!(answer.headers()["etag"], tag.as_str());
        }
        let answer = explorer
            .intercept(&mut request("GET", "/", &[("if-none-match", "\"other\"")]))
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let style = explorer
            .intercept(&mut request(
                "GET",
                "/style.css",
                &[("if-none-match", &tag)],
            ))
            .unwrap();
        assert_eq!(style.status().as_u16(), 200);
    }
}
