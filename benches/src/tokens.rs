//! The tokens of a benchmark and the issuers that a policy trusts for them: the same claims,
//! signed with each algorithm by one issuer, or once by the last of many. Keys and tokens come
//! from `tenantguard-mint`, the time from the caller.

use serde_json::Value;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

/// Who issues the tokens, when there is one issuer.
pub const ISSUER: &str = "https://id.example.com";
/// Whom the tokens are for.
pub const AUDIENCE: &str = "api.example.com";
/// What one issuer signs with; it has a key for each.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// The tokens of one signature algorithm.
#[derive(Debug)]
pub struct TokenSet {
    /// What they are signed with.
    pub algorithm: Algorithm,
    /// May read the report that the load asks for.
    pub good: String,
    /// As good, but of a tenant that nobody knows.
    pub foreign: String,
}

/// An issuer that the policy and the native configuration trust.
#[derive(Debug)]
pub struct Issuer {
    /// Its name in a configuration.
    pub name: String,
    /// What its tokens have as `iss`.
    pub url: String,
    /// Its public keys.
    pub jwks: Value,
}

/// All tokens, and the issuers that are trusted beside the one that signed them.
#[derive(Debug)]
pub struct Tokens {
    sets: Vec<TokenSet>,
    issuers: Vec<Issuer>,
}

impl Tokens {
    /// Derives one issuer's keys and signs tokens that are valid for most of an hour from
    /// `now`, in seconds since 1970.
    #[must_use]
    pub fn mint(now: u64) -> Self {
        let keys = ALGORITHMS.map(|algorithm| DevKey::derive(algorithm, "bench"));
        let issuer = Issuer {
            name: "platform".to_owned(),
            url: ISSUER.to_owned(),
            jwks: jwks(&keys.iter().collect::<Vec<_>>()),
        };
        let sets = keys.iter().map(|key| TokenSet::mint(key, &issuer.url, now)).collect();
        Self { sets, issuers: vec![issuer] }
    }

    /// As many issuers as are asked for, each with an ES256 key of its own, and the tokens of
    /// the last one: who tries them in turn gets to it last.
    #[must_use]
    pub fn mint_among(count: usize, now: u64) -> Self {
        let mut sets = Vec::new();
        let issuer = |number| {
            let key = DevKey::derive(Algorithm::Es256, &format!("bench issuer {number}"));
            let name = format!("partner-{number:03}");
            let url = format!("https://{name}.example.com");
            if number + 1 == count {
                sets.push(TokenSet::mint(&key, &url, now));
            }
            Issuer { name, url, jwks: jwks(&[&key]) }
        };
        let issuers = (0..count).map(issuer).collect();
        Self { sets, issuers }
    }

    /// The tokens, by algorithm.
    pub fn sets(&self) -> impl Iterator<Item = &TokenSet> {
        self.sets.iter()
    }

    /// Everyone who is trusted.
    #[must_use]
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }
}

impl TokenSet {
    fn mint(key: &DevKey, issuer: &str, now: u64) -> Self {
        let good = TokenSpec::new(key)
            .claim("iss", issuer)
            .claim("aud", AUDIENCE)
            .claim("sub", "alice@acme.example")
            .claim("tenant_id", "acme")
            .claim("tenant_role", "editor")
            .claim("scope", "reports:read reports:write")
            .claim("jti", format!("bench-{}", key.algorithm()))
            .claim("iat", now)
            .claim("exp", now + 3000);
        Self {
            algorithm: key.algorithm(),
            foreign: good.clone().claim("tenant_id", "nobody").sign(key),
            good: good.sign(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_of_many_issuers_has_its_own_name_url_and_key() {
        let tokens = Tokens::mint_among(3, 1_800_000_000);
        let distinct = |part: fn(&Issuer) -> String| {
            tokens.issuers().iter().map(part).collect::<HashSet<_>>().len()
        };
        assert_eq!(distinct(|issuer| issuer.name.clone()), 3);
        assert_eq!(distinct(|issuer| issuer.url.clone()), 3);
        assert_eq!(distinct(|issuer| issuer.jwks.to_string()), 3);
        assert_eq!(tokens.sets().count(), 1);
    }
}
