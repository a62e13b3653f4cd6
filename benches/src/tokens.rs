//! The tokens of a benchmark: the same claims, signed once with RS256 and once with
//! ES256. Keys and tokens come from `tenantguard-mint`, the time from the caller.

use serde_json::Value;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

/// Who issues the tokens; the policy and the native configuration trust exactly this.
pub const ISSUER: &str = "https://id.example.com";
/// Whom the tokens are for.
pub const AUDIENCE: &str = "api.example.com";

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

/// All tokens, and the key set that verifies them.
#[derive(Debug)]
pub struct Tokens {
    sets: Vec<TokenSet>,
    /// The public keys.
    pub jwks: Value,
}

impl Tokens {
    /// Derives the keys and signs tokens that are valid for most of an hour from `now`,
    /// in seconds since 1970.
    #[must_use]
    pub fn mint(now: u64) -> Self {
        let keys: Vec<DevKey> = [Algorithm::Rs256, Algorithm::Es256]
            .into_iter()
            .map(|algorithm| DevKey::derive(algorithm, "bench"))
            .collect();
        Self {
            sets: keys.iter().map(|key| TokenSet::mint(key, now)).collect(),
            jwks: jwks(&keys.iter().collect::<Vec<_>>()),
        }
    }

    /// The tokens, by algorithm.
    pub fn sets(&self) -> impl Iterator<Item = &TokenSet> {
        self.sets.iter()
    }
}

impl TokenSet {
    fn mint(key: &DevKey, now: u64) -> Self {
        let good = TokenSpec::new(key)
            .claim("iss", ISSUER)
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
