//! The claims of a verified token, valid now and for us (RFC 7519, section 4.1; RFC 8725).
//!
//! Times are whole seconds. `exp`, `iat`, and a principal are always required; where tenant,
//! principal, roles and scope stand is the issuer's [`ClaimMap`]. What they name is kept as text
//! here, and given meaning in [`crate::gate`].

use super::claim_values::{
    bound_to, is_absent, roles, scopes, subject, text, text_or_list, time, vouched_by,
};
use super::json::Object;
use super::keys::VerifiedToken;
use crate::time::UnixTime;
use crate::trust::{CertificateDigest, ClaimPath, Issuer, TenantSource, TokenType};

/// Why a verified token is not valid here and now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// A claim that is required and absent.
    #[error("the claim {0} is missing")]
    Missing(&'static str),
    /// A claim of another type than it must have.
    #[error("the claim {claim} is not {expected}")]
    WrongType {
        /// The claim.
        claim: String,
        /// What it must be.
        expected: &'static str,
    },
    /// `typ` is not one of the issuer's.
    #[error("the token's typ {0:?} is not one that the issuer uses")]
    Type(String),
    /// There is no `typ`, and the issuer always sets one.
    #[error("the token has no typ, and the issuer always sets one")]
    NoType,
    /// `exp` is past.
    #[error("the token expired at {0}")]
    Expired(UnixTime),
    /// `nbf` or `iat` is in the future, past the issuer's skew.
    #[error("the token is not valid before {0}")]
    NotYetValid(UnixTime),
    /// `exp - iat` is over the issuer's maximum, or negative.
    #[error("the token lives {lives} s, the issuer's limit is {limit} s")]
    Lifetime {
        /// `exp - iat` in seconds.
        lives: u64,
        /// The limit in seconds.
        limit: u64,
    },
    /// A claim that the policy requires is absent.
    #[error("the claim {0} is missing, which the policy requires")]
    Required(ClaimPath),
    /// The principal is an address that the issuer has not verified, or of no domain of ours.
    #[error("the claim {0} is no verified address of a domain that the policy names")]
    Email(ClaimPath),
    /// `cnf` that is no binding to a certificate.
    #[error("the claim cnf binds the token to something that cannot be checked here")]
    Confirmation,
    /// `aud` names none of our audiences.
    #[error("the token is for another audience")]
    Audience,
}

/// Claims that hold now, by the word of their issuer, mapped to ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The principal's subject.
    pub subject: String,
    /// The tenant as the token names it, if it does.
    pub tenant: Option<String>,
    /// The roles, under our names for them.
    pub roles: Vec<String>,
    /// The scopes, if there is such a claim.
    pub scopes: Option<Vec<String>>,
    /// `jti`, if there is one.
    pub id: Option<String>,
    /// The `kid` of the key that signed the token, if it has one.
    pub key: Option<String>,
    /// `sid`, if there is one (OpenID Connect Front-Channel Logout, section 3).
    pub session: Option<String>,
    /// `iat`.
    pub issued: UnixTime,
    /// `exp`.
    pub expires: UnixTime,
    /// The later of `iat` and `nbf`.
    pub begins: UnixTime,
    /// `cnf.x5t#S256`: the certificate that the token is bound to.
    pub bound_to: Option<CertificateDigest>,
    /// `delegated_tenant_id`: the tenant whose data the token says it is for.
    pub delegated_tenant: Option<String>,
    /// `delegation_id`: the delegation that the token says it is under.
    pub delegation: Option<String>,
    /// `act.iss` of a delegation token: by whose word the principal is who it is (RFC 8693,
    /// section 4.1).
    pub vouched_by: Option<String>,
    /// Those of our audiences that the token is for.
    pub audiences: Vec<Box<str>>,
    /// Whether it has claims that must not leave the gate.
    pub has_dropped: bool,
}

impl VerifiedToken {
    /// Checks type, times, audience and the shape of the claims, and maps them.
    ///
    /// # Errors
    /// [`ClaimsError`] names the first check that fails.
    pub fn claims(&self, issuer: &Issuer, now: UnixTime) -> Result<Claims, ClaimsError> {
        self.check_type(issuer.token_type)?;
        let (claims, map) = (&self.claims, &issuer.claims);
        let expires = time(claims, "exp")?.ok_or(ClaimsError::Missing("exp"))?;
        let issued = time(claims, "iat")?.ok_or(ClaimsError::Missing("iat"))?;
        let times = Times { expires, issued, not_before: time(claims, "nbf")? };
        times.check(issuer, now)?;
        let audiences = audiences(claims, issuer)?;
        if let Some(required) = map.required.iter().find(|path| is_absent(claims, path)) {
            return Err(ClaimsError::Required(required.clone()));
        }
        Ok(Claims {
            subject: subject(claims, &map.principal)?,
            tenant: match &map.tenant {
                TenantSource::Claim(path) => text(claims, path)?,
                TenantSource::Constant(tenant) => Some(tenant.to_string()),
            },
            roles: roles(claims, &map.roles)?,
            scopes: scopes(claims, &map.scope)?,
            id: text(claims, &ClaimPath::name("jti"))?,
            key: self.key.clone(),
            session: text(claims, &ClaimPath::name("sid"))?,
            issued: UnixTime::from_secs(issued),
            expires: UnixTime::from_secs(expires),
            begins: UnixTime::from_secs(times.begins()),
            bound_to: bound_to(claims)?,
            delegated_tenant: text(claims, &ClaimPath::name("delegated_tenant_id"))?,
            delegation: text(claims, &ClaimPath::name("delegation_id"))?,
            vouched_by: match issuer.delegation_tokens {
                true => vouched_by(claims)?,
                false => None,
            },
            audiences,
            has_dropped: map.drop.iter().any(|path| path.find(claims).is_some()),
        })
    }

    fn check_type(&self, accepted: TokenType) -> Result<(), ClaimsError> {
        let typ = self.typ.as_deref().map(|typ| {
            let typ = typ.to_ascii_lowercase();
            typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
        });
        let is_accepted = match (accepted, typ.as_deref()) {
            (TokenType::Any, None | Some("jwt" | "at+jwt"))
            | (TokenType::Jwt, Some("jwt"))
            | (TokenType::AccessToken, Some("at+jwt")) => true,
            (TokenType::Any | TokenType::Jwt | TokenType::AccessToken, _) => false,
        };
        match &self.typ {
            _ if is_accepted => Ok(()),
            Some(typ) => Err(ClaimsError::Type(typ.clone())),
            None => Err(ClaimsError::NoType),
        }
    }
}

/// The times of a token, in seconds since the epoch.
struct Times {
    expires: u64,
    issued: u64,
    not_before: Option<u64>,
}

impl Times {
    fn begins(&self) -> u64 {
        self.not_before.map_or(self.issued, |nbf| nbf.max(self.issued))
    }

    fn check(&self, issuer: &Issuer, now: UnixTime) -> Result<(), ClaimsError> {
        let skew = issuer.skew.as_secs();
        let now = now.as_secs();
        if now >= self.expires.saturating_add(skew) {
            return Err(ClaimsError::Expired(UnixTime::from_secs(self.expires)));
        }
        let begins = self.begins();
        if begins > now.saturating_add(skew) {
            return Err(ClaimsError::NotYetValid(UnixTime::from_secs(begins)));
        }
        let lives = self.expires.saturating_sub(self.issued);
        let limit = issuer.max_lifetime.as_secs();
        if lives > limit || self.expires < self.issued {
            return Err(ClaimsError::Lifetime { lives, limit });
        }
        Ok(())
    }
}

/// `aud` by exact match: no trailing slash, no case is forgiven (RFC 8725, section 3.9).
fn audiences(claims: &Object, issuer: &Issuer) -> Result<Vec<Box<str>>, ClaimsError> {
    let named = text_or_list(claims, &ClaimPath::name("aud"))?.unwrap_or_default();
    let own = issuer.audiences.iter();
    let ours: Vec<_> =
        own.filter(|own| named.iter().any(|audience| **audience == ***own)).cloned().collect();
    if ours.is_empty() { Err(ClaimsError::Audience) } else { Ok(ours) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::Namespace;
    use crate::token::KeySet;
    use crate::trust::{
        Asserts, Authority, ClaimMap, ClientCertificate, IssuerKeys, UnlistedRoles,
    };
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const NOW: u64 = 1_800_000_000;

    fn issuer(token_type: TokenType) -> Issuer {
        Issuer {
            url: "https://id.example.com".into(),
            namespace: Namespace::parse("platform").unwrap(),
            keys: IssuerKeys::Inline(KeySet::default()),
            algorithms: vec![],
            audiences: vec!["api".into()],
            tenants: Asserts::Any,
            roles: Asserts::Any,
            unlisted_roles: UnlistedRoles::Refuse,
            claims: ClaimMap::default(),
            client_certificate: ClientCertificate::AsBound,
            max_lifetime: Duration::from_secs(3_600),
            skew: Duration::from_secs(30),
            authority: Authority::RolesAndScopes,
            token_type,
            delegation_tokens: false,
        }
    }

    fn check(claims: &str) -> Result<Claims, ClaimsError> {
        let claims = claims.replace("NOW", &NOW.to_string());
        let token = VerifiedToken {
            typ: None,
            key: None,
            claims: Object::parse(claims.as_bytes()).unwrap(),
        };
        token.claims(&issuer(TokenType::Any), UnixTime::from_secs(NOW))
    }

    fn with_times(exp: u64, iat: u64, nbf: Option<u64>) -> Result<Claims, ClaimsError> {
        let nbf = nbf.map(|nbf| format!(r#","nbf":{nbf}"#)).unwrap_or_default();
        check(&format!(r#"{{"sub":"a","aud":"api","exp":{exp},"iat":{iat}{nbf}}}"#))
    }

    #[test]
    fn times_hold_to_the_second_with_the_issuers_skew() {
        let at = UnixTime::from_secs;
        assert!(with_times(NOW + 1, NOW, None).is_ok());
        assert!(with_times(NOW - 29, NOW - 60, None).is_ok());
        assert_eq!(with_times(NOW - 30, NOW - 60, None), Err(ClaimsError::Expired(at(NOW - 30))));
        assert!(with_times(NOW + 60, NOW + 30, None).is_ok());
        let early = Err(ClaimsError::NotYetValid(at(NOW + 31)));
        assert_eq!(with_times(NOW + 60, NOW + 31, None), early);
        assert_eq!(with_times(NOW + 60, NOW, Some(NOW + 31)), early);
        assert!(with_times(NOW + 3_600, NOW, None).is_ok());
        let long = ClaimsError::Lifetime { lives: 3_601, limit: 3_600 };
        assert_eq!(with_times(NOW + 3_601, NOW, None), Err(long));
        let backwards = ClaimsError::Lifetime { lives: 0, limit: 3_600 };
        assert_eq!(with_times(NOW - 10, NOW, None), Err(backwards));
        assert!(with_times(u64::MAX, NOW, None).is_err());
        assert!(with_times(u64::MAX, u64::MAX, Some(u64::MAX)).is_err());
    }

    #[test]
    fn the_audience_matches_exactly() {
        for (aud, is_ours) in [
            (r#""api""#, true),
            (r#"["other","api"]"#, true),
            (r#""api/""#, false),
            (r#""API""#, false),
            (r#"[]"#, false),
            (r#""""#, false),
        ] {
            let claims = format!(r#"{{"sub":"a","aud":{aud},"exp":NOW,"iat":NOW}}"#);
            assert_eq!(check(&claims).is_ok(), is_ours, "{aud}");
        }
        assert_eq!(check(r#"{"sub":"a","exp":NOW,"iat":NOW}"#), Err(ClaimsError::Audience));
    }

    #[test]
    fn a_claim_of_another_type_is_refused() {
        for (member, claim) in [
            (r#""exp":1e10"#, "exp"),
            (r#""exp":"NOW""#, "exp"),
            (r#""exp":NOW.5"#, "exp"),
            (r#""exp":null"#, "exp"),
            (r#""exp":NOW,"iat":-5"#, "iat"),
            (r#""exp":NOW,"iat":NOW,"nbf":true"#, "nbf"),
            (r#""exp":NOW,"iat":NOW,"aud":7"#, "aud"),
            (r#""exp":NOW,"iat":NOW,"aud":["api",7]"#, "aud"),
            (r#""exp":NOW,"iat":NOW,"aud":"api","sub":7"#, "sub"),
            (r#""exp":NOW,"iat":NOW,"aud":"api","sub":"a","tenant_id":["acme"]"#, "tenant_id"),
            (r#""exp":NOW,"iat":NOW,"aud":"api","sub":"a","tenant_role":{}"#, "tenant_role"),
            (r#""exp":NOW,"iat":NOW,"aud":"api","sub":"a","scope":["x"]"#, "scope"),
            (r#""exp":NOW,"iat":NOW,"aud":"api","sub":"a","jti":7"#, "jti"),
        ] {
            match check(&format!("{{{member}}}")) {
                Err(ClaimsError::WrongType { claim: named, .. }) => assert_eq!(named, claim),
                other => panic!("{member}: {other:?}"),
            }
        }
        for (missing, claims) in [("exp", r#"{"iat":NOW}"#), ("iat", r#"{"exp":NOW}"#)] {
            assert_eq!(check(claims), Err(ClaimsError::Missing(missing)));
        }
        let nobody = check(r#"{"exp":NOW,"iat":NOW,"aud":"api"}"#);
        assert_eq!(nobody, Err(ClaimsError::Required(ClaimPath::name("sub"))));
    }

    #[test]
    fn the_type_is_one_that_the_issuer_uses() {
        for (accepted, typ, is_accepted) in [
            (TokenType::Any, None, true),
            (TokenType::Any, Some("JWT"), true),
            (TokenType::Any, Some("application/at+jwt"), true),
            (TokenType::Any, Some("id_token+jwt"), false),
            (TokenType::Any, Some("secevent+jwt"), false),
            (TokenType::Jwt, Some("jwt"), true),
            (TokenType::Jwt, None, false),
            (TokenType::Jwt, Some("at+jwt"), false),
            (TokenType::AccessToken, Some("AT+JWT"), true),
            (TokenType::AccessToken, Some("JWT"), false),
        ] {
            let claims = format!(r#"{{"sub":"a","aud":"api","exp":{NOW},"iat":{NOW}}}"#);
            let token = VerifiedToken {
                key: None,
                typ: typ.map(str::to_owned),
                claims: Object::parse(claims.as_bytes()).unwrap(),
            };
            let checked = token.claims(&issuer(accepted), UnixTime::from_secs(NOW));
            assert_eq!(checked.is_ok(), is_accepted, "{accepted:?} {typ:?}");
        }
    }
}
