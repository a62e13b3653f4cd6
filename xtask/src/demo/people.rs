//! Who takes part in the demo: two identity providers with their keys, five people with tokens,
//! and one forger. Everything is written to `target/demo` for the reader to look at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

/// Long enough to try things out after `--keep`.
const LIFETIME: u64 = 4 * 3_600;

const PLATFORM: &str = "https://id.example.com";
const PARTNERCO: &str = "https://sso.partnerco.example";

/// The policy of the demo.
pub(super) const POLICY: &str = include_str!("policy.yaml");
/// What it must decide, for `tenantguard policy test`.
const TESTS: &str = include_str!("policy.test.yaml");

/// The keys and tokens of the demo.
pub(super) struct People {
    platform: DevKey,
    partnerco: DevKey,
    tokens: BTreeMap<&'static str, String>,
}

impl People {
    /// Makes every key and every token.
    pub(super) fn make() -> Result<Self> {
        let platform = DevKey::derive(Algorithm::Es256, "demo platform");
        let partnerco = DevKey::derive(Algorithm::EdDsa, "demo partnerco");
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
        let claims = Claims { now: now.as_secs() };

        let alice = claims.of(PLATFORM, &platform, "alice", "acme", "editor");
        let alice = alice.claim("scope", "reports:read reports:write");
        let grace = claims.of(PLATFORM, &platform, "grace", "globex", "viewer");
        let grace = grace.claim("scope", "reports:read reports:write");
        let paula = claims.of(PARTNERCO, &partnerco, "paula", "partnerco", "analyst");
        let paula = paula.claim("scope", "reports:read partner:read");

        let forger = DevKey::derive(Algorithm::Es256, "demo forger");
        let expired =
            alice.clone().claim("iat", claims.now - 7_200).claim("exp", claims.now - 3_600);
        let tokens = BTreeMap::from([
            ("alice", alice.sign(&platform)),
            ("grace", grace.sign(&platform)),
            ("paula", paula.sign(&partnerco)),
            ("alice-read-only", alice.clone().claim("scope", "reports:read").sign(&platform)),
            ("alice-no-tenant", alice.clone().without_claim("tenant_id").sign(&platform)),
            ("alice-expired", expired.sign(&platform)),
            ("alice-forged", alice.clone().sign(&forger)),
            ("alice-unsigned", unsigned(&alice, &platform)),
            ("paula-for-acme", paula.clone().claim("tenant_id", "acme").sign(&partnerco)),
            ("paula-admin", paula.claim("tenant_role", "admin").sign(&partnerco)),
        ]);
        Ok(Self { platform, partnerco, tokens })
    }

    /// A token by its name.
    pub(super) fn token(&self, name: &str) -> Result<&str> {
        self.tokens.get(name).map(String::as_str).with_context(|| format!("no token {name}"))
    }

    /// The key sets that the policy names as files.
    pub(super) fn key_files(&self) -> BTreeMap<String, String> {
        [("platform", &self.platform), ("partnerco", &self.partnerco)]
            .map(|(name, key)| (format!("{name}.jwks.json"), format!("{:#}\n", jwks(&[key]))))
            .into()
    }

    /// Writes policy, keys and tokens as somebody would keep them.
    pub(super) fn write(&self, directory: &Path) -> Result<()> {
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))
        };
        write("policy.yaml", POLICY)?;
        write("policy.test.yaml", TESTS)?;
        for (name, key_set) in self.key_files() {
            write(&name, &key_set)?;
        }
        for (name, key) in [("platform", &self.platform), ("partnerco", &self.partnerco)] {
            write(&format!("{name}.private.jwk.json"), &format!("{:#}\n", key.private_jwk()))?;
        }
        for (name, token) in &self.tokens {
            write(&format!("{name}.jwt"), token)?;
        }
        Ok(())
    }
}

struct Claims {
    now: u64,
}

impl Claims {
    fn of(&self, issuer: &str, key: &DevKey, who: &str, tenant: &str, role: &str) -> TokenSpec {
        TokenSpec::new(key)
            .claim("iss", issuer)
            .claim("aud", "api.example.com")
            .claim("sub", who)
            .claim("tenant_id", tenant)
            .claim("tenant_role", role)
            .claim("iat", self.now)
            .claim("exp", self.now + LIFETIME)
            .claim("jti", format!("demo-{who}"))
    }
}

/// The oldest trick: `alg: none` and an empty signature.
fn unsigned(spec: &TokenSpec, key: &DevKey) -> String {
    let signed = spec.clone().header("alg", "none").sign(key);
    let input = signed.rsplit_once('.').map_or(signed.as_str(), |(input, _)| input);
    format!("{input}.")
}
