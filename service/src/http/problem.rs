//! Errors as clients see them: problem details (RFC 9457) with a stable code.
//!
//! A message says what is wrong with the question. What is wrong inside stays in the log.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Every way in which a request ends without what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not of the shape that the API document gives.
    RequestMalformed,
    /// The body is over its limit.
    RequestTooLarge,
    /// The request took longer to arrive or to answer than it may.
    RequestTimeout,
    /// The body is of another media type.
    RequestMediaType,
    /// No such path.
    RouteUnknown,
    /// Not this method.
    RouteMethod,
    /// No credential.
    AuthMissing,
    /// A credential that is not good.
    AuthInvalid,
    /// The caller may not do this.
    AuthForbidden,
    /// The thing belongs to another tenant, or names one.
    TenantForbidden,
    /// There is no such thing.
    NotFound,
    /// There is such a thing already.
    Exists,
    /// A delegation's terms cannot be granted.
    DelegationTerms,
    /// The terms of a delegation are not those that the request is about.
    DelegationChanged,
    /// A delegation has not come so far, or is past it.
    DelegationStage,
    /// The exchange does not give out what is asked for.
    ExchangeGrantType,
    /// The token that is to be exchanged is not good for it.
    ExchangeToken,
    /// Nothing lets the bearer at that tenant's data, or not by tokens for that audience.
    ExchangeTarget,
    /// Nothing is left of the scope.
    ExchangeScope,
    /// The principal has as many sessions as it may.
    SessionLimit,
    /// The feature needs configuration that this service does not have.
    NotConfigured,
    /// Too many requests of one caller.
    RateLimited,
    /// Too many requests of everybody.
    Overloaded,
    /// The service goes down.
    ShuttingDown,
    /// The store cannot take it now.
    StoreUnavailable,
    /// The feed stands before the copy that asks.
    FeedBehind,
    /// A defect of the service.
    Internal,
}

impl Code {
    /// Every code, for the API document.
    pub const ALL: [Self; 27] = [
        Self::RequestMalformed,
        Self::RequestTooLarge,
        Self::RequestTimeout,
        Self::RequestMediaType,
        Self::RouteUnknown,
        Self::RouteMethod,
        Self::AuthMissing,
        Self::AuthInvalid,
        Self::AuthForbidden,
        Self::TenantForbidden,
        Self::NotFound,
        Self::Exists,
        Self::DelegationTerms,
        Self::DelegationChanged,
        Self::DelegationStage,
        Self::ExchangeGrantType,
        Self::ExchangeToken,
        Self::ExchangeTarget,
        Self::ExchangeScope,
        Self::SessionLimit,
        Self::NotConfigured,
        Self::RateLimited,
        Self::Overloaded,
        Self::ShuttingDown,
        Self::StoreUnavailable,
        Self::FeedBehind,
        Self::Internal,
    ];

    /// The code, its status and its title.
    #[must_use]
    pub const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::RequestMalformed => {
                ("request.malformed", S::BAD_REQUEST, "The request is malformed")
            }
            Self::RequestTooLarge => {
                ("request.too_large", S::PAYLOAD_TOO_LARGE, "The request is too large")
            }
            Self::RequestTimeout => {
                ("request.timeout", S::REQUEST_TIMEOUT, "The request took too long")
            }
            Self::RequestMediaType => {
                ("request.media_type", S::UNSUPPORTED_MEDIA_TYPE, "The body has another type")
            }
            Self::RouteUnknown => ("route.unknown", S::NOT_FOUND, "There is no such path"),
            Self::RouteMethod => {
                ("route.method", S::METHOD_NOT_ALLOWED, "The path does not take this method")
            }
            Self::AuthMissing => ("auth.missing", S::UNAUTHORIZED, "A credential is needed"),
            Self::AuthInvalid => ("auth.invalid", S::UNAUTHORIZED, "The credential is not good"),
            Self::AuthForbidden => ("auth.forbidden", S::FORBIDDEN, "The caller may not do this"),
            Self::TenantForbidden => {
                ("tenant.forbidden", S::FORBIDDEN, "The caller administers another tenant")
            }
            Self::NotFound => ("not_found", S::NOT_FOUND, "There is no such thing"),
            Self::Exists => ("exists", S::CONFLICT, "It exists already"),
            Self::DelegationTerms => (
                "delegation.terms",
                S::UNPROCESSABLE_ENTITY,
                "The delegation's terms cannot be granted",
            ),
            Self::DelegationChanged => {
                ("delegation.changed", S::CONFLICT, "The delegation's terms have changed")
            }
            Self::DelegationStage => {
                ("delegation.stage", S::CONFLICT, "The delegation's stage does not allow it")
            }
            Self::ExchangeGrantType => {
                ("exchange.grant_type", S::BAD_REQUEST, "Tokens are exchanged, and nothing else")
            }
            Self::ExchangeToken => {
                ("exchange.token", S::BAD_REQUEST, "The token cannot be exchanged")
            }
            Self::ExchangeTarget => {
                ("exchange.target", S::BAD_REQUEST, "No delegation lets the bearer at that")
            }
            Self::ExchangeScope => {
                ("exchange.scope", S::BAD_REQUEST, "Nothing is left of the scope")
            }
            Self::SessionLimit => {
                ("session.limit", S::CONFLICT, "The principal has too many sessions")
            }
            Self::NotConfigured => {
                ("not_configured", S::NOT_IMPLEMENTED, "The service is not configured for it")
            }
            Self::RateLimited => {
                ("rate.limited", S::TOO_MANY_REQUESTS, "The caller asks too often")
            }
            Self::Overloaded => {
                ("overloaded", S::SERVICE_UNAVAILABLE, "The service has too much to do")
            }
            Self::ShuttingDown => {
                ("shutting_down", S::SERVICE_UNAVAILABLE, "The service goes down")
            }
            Self::StoreUnavailable => {
                ("store.unavailable", S::SERVICE_UNAVAILABLE, "The store cannot take it now")
            }
            Self::FeedBehind => {
                ("feed.behind", S::SERVICE_UNAVAILABLE, "The service is behind the copy that asks")
            }
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "The service has a defect"),
        }
    }

    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.parts().0
    }
}

/// A request that ends without what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem that its code says all about.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let retry_after = match code {
            Code::RateLimited
            | Code::Overloaded
            | Code::ShuttingDown
            | Code::StoreUnavailable
            | Code::FeedBehind => Some(Duration::from_secs(1)),
            _ => None,
        };
        Self { code, detail: None, retry_after }
    }

    /// With what is wrong with the request, in words.
    #[must_use]
    pub fn with(code: Code, detail: impl std::fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..Self::new(code) }
    }

    /// With when to try again.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is wrong with this request, in words.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// As it is sent.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let (code, status, title) = self.code.parts();
        ProblemBody {
            r#type: format!("urn:tenantguard:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: self.detail.clone(),
        }
    }
}

/// Problem details (RFC 9457, section 3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:tenantguard:problem:` and the code.
    r#type: String,
    /// What the code means.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable: what programs look at.
    code: String,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (_, status, _) = self.code.parts();
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        let challenge = match self.code {
            Code::AuthMissing => Some("Bearer"),
            Code::AuthInvalid => Some("Bearer error=\"invalid_token\""),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_its_own_and_an_error() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            let status = code.parts().1;
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
        }
    }

    #[test]
    fn a_problem_says_when_to_try_again_and_how_to_prove_oneself() {
        let header = |code, name| {
            let response = Problem::new(code).into_response();
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header(Code::RateLimited, "retry-after").as_deref(), Some("1"));
        assert_eq!(header(Code::AuthMissing, "www-authenticate").as_deref(), Some("Bearer"));
        assert_eq!(header(Code::NotFound, "retry-after"), None);
        let problem = Problem::new(Code::Overloaded).after(Duration::from_secs(7));
        assert_eq!(problem.into_response().headers()["retry-after"], "7");
    }
}
