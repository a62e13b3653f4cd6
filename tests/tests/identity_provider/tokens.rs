//! The provider's tokens, and those of others in its name.

use anyhow::{Context as _, Result};
use serde_json::Value;
use tenantguard_e2e::idp::IdentityProvider;
use tenantguard_mint::{Algorithm, DevKey, TokenSpec};

use crate::world::{Policy, World, token};

pub(crate) fn permitted(provider: &IdentityProvider) -> Result<()> {
    let realm = provider.realm("main");
    let policy = Policy::new().realm("platform", realm, "refresh: 5m");
    World::with(provider, &policy, 2, |world| {
        for algorithm in ["ES256", "RS256", "EdDSA"] {
            let token = realm.token_by(algorithm, "acme", "editor", "reports:read")?;
            world.ask(&token)?.permitted().context(algorithm)?;
        }
        let other = realm.token("elsewhere", "editor", "reports:read")?;
        world.ask(&other)?.refused(403, "tenant.unknown")?;
        let scopeless = realm.token("acme", "editor", "reports:write")?;
        world.ask(&scopeless)?.refused(403, "scope.missing")
    })
}

pub(crate) fn forged(provider: &IdentityProvider) -> Result<()> {
    let (realm, other) = (provider.realm("forged"), provider.realm("forger"));
    let policy = Policy::new().realm("platform", realm, "refresh: 5m");
    World::with(provider, &policy, 2, |world| {
        let genuine = token(realm)?;
        world.ask(&genuine)?.permitted()?;

        // The same claims and key id, another key.
        let mut spec = TokenSpec::new(&DevKey::derive(Algorithm::Es256, "a forger's"));
        spec.header = part(&genuine, 0)?;
        spec.claims = part(&genuine, 1)?;
        let key = DevKey::derive(Algorithm::Es256, "a forger's");
        world.ask(&spec.sign(&key))?.refused(401, "token.signature")?;

        // The provider's signature over other claims.
        let altered = spec.claim("tenant_id", "globex").signing_input();
        let (_, signature) = genuine.rsplit_once('.').context("the token has no signature")?;
        world.ask(&format!("{altered}.{signature}"))?.refused(401, "token.signature")?;

        // A genuine token of an issuer that the policy does not have, and its key in our issuer's
        // name.
        let foreign = token(other)?;
        world.ask(&foreign)?.refused(401, "issuer.unknown")?;
        let (header, _) = genuine.split_once('.').context("the token has no header")?;
        let (_, rest) = foreign.split_once('.').context("the token has no claims")?;
        let (_, signature) = rest.split_once('.').context("the token has no signature")?;
        let claims = genuine.split('.').nth(1).context("the token has no claims")?;
        world.ask(&format!("{header}.{claims}.{signature}"))?.refused(401, "token.signature")?;

        // None of this has done harm to the genuine one.
        world.ask(&genuine)?.permitted()
    })
}

fn part(token: &str, index: usize) -> Result<serde_json::Map<String, Value>> {
    use base64::Engine as _;
    let part = token.split('.').nth(index).context("the token has too few parts")?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part)?;
    Ok(serde_json::from_slice(&bytes)?)
}
