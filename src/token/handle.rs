//! A token's handle: what a revocation names, and what an audit record shows instead of the token.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::hex;
use crate::identity::TenantId;

/// The hash of (issuer, tenant, `jti`), or of (issuer, tenant, the digest of what was signed) where
/// a token has no `jti`. The signature does not count: an ECDSA signature has a second form that is
/// as good, and the handle must not change with it. Bound to the tenant, so one tenant's handle
/// never names another's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHandle([u8; 16]);

impl TokenHandle {
    /// The handle of a token.
    #[must_use]
    pub fn new(issuer: &str, tenant: &TenantId, jti: Option<&str>, token: &str) -> Self {
        let mut hash = Sha256::new();
        // Each part with its length, so that no two tuples hash alike.
        let mut part = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        part(issuer.as_bytes());
        part(tenant.as_str().as_bytes());
        match jti {
            Some(jti) => {
                part(b"jti");
                part(jti.as_bytes());
            }
            None => {
                let (signed, _) = token.rsplit_once('.').unwrap_or((token, ""));
                part(b"sha256");
                part(&Sha256::digest(signed.as_bytes()));
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut handle = [0; 16];
        handle.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(handle)
    }
}

impl fmt::Display for TokenHandle {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_handle_differs_wherever_its_tuple_does() {
        let tenant = |name| TenantId::parse(name).unwrap();
        let handle = TokenHandle::new("https://a", &tenant("acme"), Some("1"), "t");
        assert_eq!(handle, TokenHandle::new("https://a", &tenant("acme"), Some("1"), "another"));
        let without_jti = |token| TokenHandle::new("https://a", &tenant("acme"), None, token);
        assert_eq!(without_jti("h.c.one"), without_jti("h.c.two"));
        assert_ne!(without_jti("h.c.one"), without_jti("h.d.one"));
        for other in [
            TokenHandle::new("https://b", &tenant("acme"), Some("1"), "t"),
            TokenHandle::new("https://a", &tenant("globex"), Some("1"), "t"),
            TokenHandle::new("https://a", &tenant("acme"), Some("2"), "t"),
            TokenHandle::new("https://aa", &tenant("cme"), Some("1"), "t"),
            TokenHandle::new("https://a", &tenant("acme"), None, "t"),
            TokenHandle::new("https://a", &tenant("acme"), None, "1"),
        ] {
            assert_ne!(handle, other);
        }
        assert_eq!(handle.to_string().len(), 32);
    }
}
