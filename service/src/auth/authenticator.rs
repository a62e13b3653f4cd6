//! From what a request shows to who calls.
//!
//! A bearer credential comes before a certificate: it says more exactly who calls. A credential
//! that is not good is not made up for by a certificate that is.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use tenantguard::identity::PermissionName;

use super::{AuthError, Caller, PeerCertificate, Secret, Tokens, live};
use crate::config::Access;
use crate::state::Subject;

/// Knows who calls.
#[derive(Debug)]
pub struct Authenticator {
    access: Access,
    tokens: Option<Arc<Tokens>>,
}

impl Authenticator {
    /// By what the configuration grants. Without a policy, no token is good.
    #[must_use]
    pub fn new(access: Access, tokens: Option<Arc<Tokens>>) -> Self {
        Self { access, tokens }
    }

    /// Who calls. `is_revoked` is asked about the bearer of a token.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        certificate: Option<&PeerCertificate>,
        is_revoked: impl Fn(&Subject) -> bool,
    ) -> Result<Caller, AuthError> {
        match (bearer(headers)?, certificate) {
            (Some(text), _) if Secret::is_meant_by(text) => self.by_secret(text),
            (Some(text), _) => self.by_token(text, certificate, is_revoked).await,
            (None, Some(certificate)) => self.by_certificate(certificate),
            (None, None) => Err(AuthError::Missing),
        }
    }

    fn by_secret(&self, text: &str) -> Result<Caller, AuthError> {
        let secret = Secret::parse(text).map_err(|_| AuthError::Unknown)?;
        self.access.credentials.get(&secret.digest()).cloned().ok_or(AuthError::Unknown)
    }

    async fn by_token(
        &self,
        text: &str,
        certificate: Option<&PeerCertificate>,
        is_revoked: impl Fn(&Subject) -> bool,
    ) -> Result<Caller, AuthError> {
        let roles = self.access.tokens.as_ref().ok_or(AuthError::Unknown)?;
        let tokens = self.tokens.as_ref().ok_or(AuthError::Unknown)?;
        let identity = tokens.identify(text).await.map_err(AuthError::Token)?;
        identity
            .is_shown_by(certificate.map(PeerCertificate::digest))
            .map_err(|error| AuthError::Token(error.into()))?;
        if is_revoked(&live::bearer(&identity)) {
            return Err(AuthError::Revoked);
        }
        if tokens.is_delegation_token(&identity) {
            return Err(AuthError::DelegationToken);
        }
        let has = |needed: &PermissionName| {
            identity.scope().split(' ').any(|name| name == needed.as_str())
        };
        let principal = identity.principal();
        let caller = roles.caller(has, principal.shared(), identity.tenant());
        caller.ok_or_else(|| AuthError::NoRole(principal.to_string()))
    }

    fn by_certificate(&self, certificate: &PeerCertificate) -> Result<Caller, AuthError> {
        let mut names = certificate.names().iter();
        names
            .find_map(|name| self.access.certificates.get(name))
            .cloned()
            .ok_or_else(|| AuthError::UnknownCertificate(certificate.to_string()))
    }
}

/// The one bearer credential of a request, if there is an `Authorization` header at all.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, AuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().map_err(|_| AuthError::Malformed)?,
        (Some(_), Some(_)) => return Err(AuthError::Malformed),
    };
    let (scheme, text) = value.split_once(' ').ok_or(AuthError::Malformed)?;
    let is_token68 = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    match scheme.eq_ignore_ascii_case("bearer") && is_token68 {
        true => Ok(Some(text)),
        false => Err(AuthError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;

    fn headers(values: &[&str]) -> HeaderMap {
        let pairs = values.iter().map(|value| (header::AUTHORIZATION, value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn an_authorization_header_is_one_bearer_credential_or_an_error() {
        assert!(matches!(bearer(&headers(&[])), Ok(None)));
        assert!(matches!(bearer(&headers(&["Bearer x"])), Ok(Some("x"))));
        assert!(matches!(bearer(&headers(&["bearer x"])), Ok(Some("x"))));
        for bad in
            [&["Basic x"][..], &["Bearer"], &["Bearer "], &["Bearer a b"], &["x", "Bearer x"]]
        {
            assert!(bearer(&headers(bad)).is_err(), "{bad:?}");
        }
        let collected: HeaderMap = headers(&["Bearer x"]);
        let mut twice = collected.clone();
        twice.append(header::AUTHORIZATION, "Bearer y".parse().unwrap());
        assert!(bearer(&twice).is_err());
    }

    #[tokio::test]
    async fn a_wrong_credential_is_not_made_up_for_by_a_certificate() {
        let secret = Secret::from_entropy([1; 32]);
        let access = Access {
            credentials: [(secret.digest(), Caller::new("edge", Role::Proxy))].into(),
            ..Access::default()
        };
        let authenticator = Authenticator::new(access, None);
        let ask = async |text: &str| {
            let headers = headers(&[&format!("Bearer {text}")]);
            authenticator.authenticate(&headers, None, |_| false).await
        };
        assert_eq!(ask(secret.reveal()).await.unwrap().name().as_ref(), "edge");
        for wrong in ["tgc_x", Secret::from_entropy([2; 32]).reveal(), "a.b.c"] {
            assert!(matches!(ask(wrong).await, Err(AuthError::Unknown)), "{wrong}");
        }
        let nothing = authenticator.authenticate(&HeaderMap::new(), None, |_| false).await;
        assert!(matches!(nothing, Err(AuthError::Missing)));
    }
}
