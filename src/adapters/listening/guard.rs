//! Who is answered, and what every answer says about itself.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::domain::digest::Digest;

/// The fewest characters of a token.
const FEWEST: usize = 16;

/// The token that whoever asks must show. Only its digest is kept: comparing digests takes a time that
/// says nothing about the token.
pub struct Token(Digest);

/// The token is too short to keep anybody out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a token has at least {FEWEST} characters")]
pub struct TokenError;

impl Token {
    /// Checks a token.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() < FEWEST {
            return Err(TokenError);
        }
        Ok(Self(Digest::of(text.as_bytes())))
    }

    fn is_shown_in(&self, headers: &HeaderMap) -> bool {
        let shown = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.split_once(' '));
        shown.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && Digest::of(token.trim().as_bytes()) == self.0
        })
    }
}

/// A browser may do nothing at all with an answer: what is for programs.
pub(in super::super) const FOR_PROGRAMS: &str = "default-src 'none'; frame-ancestors 'none'";

/// Who is let through.
pub(in super::super) struct Guard {
    /// The token that must be shown; absent: the server is on loopback, and must be addressed so.
    pub(in super::super) token: Option<Token>,
    /// The path for whoever watches over the server: anybody may ask there whether it lives.
    pub(in super::super) open: Option<&'static str>,
    /// What a browser may do with an answer.
    pub(in super::super) policy: &'static str,
    /// The answer that says why not, for a request with these headers.
    pub(in super::super) refuse: fn(&HeaderMap, StatusCode, &str) -> Response,
}

/// Lets through who may ask, and hardens every answer.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let refuse = |status, why| (guard.refuse)(headers, status, why);
    let refusal = match &guard.token {
        _ if guard.open == Some(request.uri().path()) => None,
        Some(token) if token.is_shown_in(headers) => None,
        Some(_) => {
            let why = refuse(
                StatusCode::UNAUTHORIZED,
                "show the token: `Authorization: Bearer …`",
            );
            let challenge = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
            Some((challenge, why).into_response())
        }
        None if is_addressed_to_loopback(headers) => None,
        None => Some(refuse(
            StatusCode::FORBIDDEN,
            "this server is for this machine: address it as 127.0.0.1, [::1] or localhost",
        )),
    };
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let hardened = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, guard.policy),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in hardened {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the one `Host` is a name of this machine. A web page that had its own name resolved to
/// loopback sends that name.
fn is_addressed_to_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host.to_str().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_token_is_shown_whole_or_not_at_all() {
        let token = Token::new("0123456789abcdef").unwrap();
        let shown = |value: &str| token.is_shown_in(&with(AUTHORIZATION, value));
        assert!(shown("Bearer 0123456789abcdef") && shown("bearer  0123456789abcdef"));
        for wrong in [
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdefg",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
            "Bearer ",
        ] {
            assert!(!shown(wrong), "{wrong}");
        }
        assert!(!token.is_shown_in(&HeaderMap::new()));
        assert!(Token::new("short").is_err());
    }

    #[test]
    fn a_name_that_was_made_to_point_here_is_not_answered() {
        let answered = |host: &str| is_addressed_to_loopback(&with(HOST, host));
        for right in [
            "127.0.0.1:8000",
            "localhost",
            "localhost:80",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(answered(right), "{right}");
        }
        for wrong in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "localhost.evil.example",
            "localhost:80@evil.example",
            "",
            "::1",
        ] {
            assert!(!answered(wrong), "{wrong}");
        }
        let mut two = with(HOST, "localhost");
        two.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(!is_addressed_to_loopback(&two));
    }
}
