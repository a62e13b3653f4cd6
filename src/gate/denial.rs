//! A refusal, and the answer that the client gets for it: the code and the audit id, never why in
//! detail (RFC 9457; RFC 6750, section 3; gRPC status codes).

use serde::Serialize;

use super::Account;
use crate::artifact::Policy;
use crate::decision::{Challenge, Reason, Refusal};
use crate::headers::Header;

/// After how many seconds it is worth trying again, when the boundary cannot decide now.
const RETRY_AFTER: &str = "1";

/// A refused request.
#[derive(Debug)]
pub struct Denial {
    account: Account,
    response: Response,
}

/// The answer to a refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// To an HTTP client.
    Http {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body, `application/problem+json`.
        body: Vec<u8>,
    },
    /// To a gRPC client: HTTP 200, and the refusal in the trailers.
    Grpc {
        /// `grpc-status`.
        status: u32,
        /// `grpc-message`: the reason code.
        message: &'static str,
        /// The headers.
        headers: Vec<(String, String)>,
    },
}

/// RFC 9457, section 3.1, with two members of our own.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    audit_id: String,
}

impl Denial {
    pub(super) fn new(policy: &Policy, refusal: &Refusal, account: Account) -> Self {
        let reason = refusal.reason();
        let audit_id = account.ids.audit.to_string();
        let mut headers = vec![(policy.headers().name(Header::AuditId).to_owned(), audit_id)];
        let response = if account.is_grpc {
            let (status, message) = (reason.grpc_status(), reason.code());
            Response::Grpc { status, message, headers }
        } else {
            headers.extend(http_headers(policy, reason, &account));
            let body = problem(reason, &account);
            Response::Http { status: reason.status(), headers, body }
        };
        Self { account, response }
    }

    /// The account of the decision.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The answer to the client.
    #[must_use]
    pub fn response(&self) -> &Response {
        &self.response
    }
}

fn http_headers(policy: &Policy, reason: Reason, account: &Account) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type".to_owned(), "application/problem+json".to_owned()),
        ("cache-control".to_owned(), "no-store".to_owned()),
    ];
    if let Some(challenge) = challenge(policy, reason, account) {
        headers.push(("www-authenticate".to_owned(), challenge));
    }
    if reason == Reason::ReplicaStale {
        headers.push(("retry-after".to_owned(), RETRY_AFTER.to_owned()));
    }
    if reason == Reason::RouteMethod {
        let route = account.facts.route.and_then(|id| policy.route(id));
        let allowed: Vec<&str> =
            route.iter().flat_map(|route| route.methods()).map(|method| method.name).collect();
        headers.push(("allow".to_owned(), allowed.join(", ")));
    }
    headers
}

fn challenge(policy: &Policy, reason: Reason, account: &Account) -> Option<String> {
    let error = match reason.challenge() {
        Challenge::None => return None,
        Challenge::Bare => return Some("Bearer".to_owned()),
        Challenge::Error(error) => error,
    };
    let needed = account.facts.permission.and_then(|id| policy.permission(id));
    match needed.filter(|_| reason == Reason::ScopeMissing) {
        Some(scope) => Some(format!("Bearer error=\"{error}\", scope=\"{scope}\"")),
        None => Some(format!("Bearer error=\"{error}\"")),
    }
}

fn problem(reason: Reason, account: &Account) -> Vec<u8> {
    let problem = Problem {
        r#type: format!("urn:tenantguard:reason:{reason}"),
        title: reason.title(),
        status: reason.status(),
        code: reason.code(),
        audit_id: account.ids.audit.to_string(),
    };
    serde_json::to_vec(&problem).unwrap_or_default()
}
