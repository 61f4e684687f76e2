//! The headers of every answer: what a browser may do with it.

use axum::http::{HeaderName, HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

/// Everything on the page comes from here. Nothing in its text is a program or a style.
const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src \
     'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type SetHeader = SetResponseHeaderLayer<HeaderValue>;

/// Layers that set the headers.
pub fn headers() -> (SetHeader, SetHeader, SetHeader, SetHeader, SetHeader, SetHeader) {
    let always = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    // Answers follow from what is recorded by now, so none is kept. Files of the page say otherwise
    // themselves.
    let no_store = HeaderValue::from_static("no-store");
    (
        always(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
        always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        always(header::REFERRER_POLICY, "no-referrer"),
        always(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        always(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, no_store),
    )
}
