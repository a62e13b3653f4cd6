//! Claims that nobody has signed, for questions such as "what if somebody came with these?". Only
//! with the feature `what-if`, which the filter does not have: nothing here may decide a request.

use super::claims::{Claims, ClaimsError};
use super::compact::CompactToken;
use super::json::{Json, JsonError, Object};
use super::keys::VerifiedToken;
use crate::time::UnixTime;
use crate::trust::{Issuer, TokenType};

/// Claims by the word of whoever asks.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedClaims {
    claims: Object,
}

impl StatedClaims {
    /// Reads the claims of a token (RFC 7519, section 4), as strictly as the gate does.
    ///
    /// # Errors
    /// [`JsonError`] says what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, JsonError> {
        Ok(Self { claims: Object::parse(json)? })
    }

    /// `iss`.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match self.claims.get("iss") {
            Some(Json::String(issuer)) => Some(issuer),
            _ => None,
        }
    }

    /// What the claims mean if the issuer has signed them.
    ///
    /// # Errors
    /// [`ClaimsError`] names the first check that fails.
    pub fn claims(&self, issuer: &Issuer, now: UnixTime) -> Result<Claims, ClaimsError> {
        self.as_if_verified(issuer).claims(issuer, now)
    }

    /// A token with these claims, of the type that the issuer's tokens have.
    fn as_if_verified(&self, issuer: &Issuer) -> VerifiedToken {
        let typ = match issuer.token_type {
            TokenType::Any => None,
            TokenType::Jwt => Some("JWT".to_owned()),
            TokenType::AccessToken => Some("at+jwt".to_owned()),
        };
        VerifiedToken { typ, key: None, claims: self.claims.clone() }
    }
}

impl CompactToken<'_> {
    /// What the token claims, by nobody's word but its sender's.
    #[must_use]
    pub fn into_stated(self) -> StatedClaims {
        StatedClaims { claims: self.into_claims() }
    }
}
