//! A token's handle: what a revocation names, and what an audit record shows instead of the token.

use std::fmt;

use crate::control::{Handle, HandleHash, TokenName};
use crate::identity::TenantId;

/// The hash of a token's [`Handle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHandle(HandleHash);

impl TokenHandle {
    /// The handle of a token.
    #[must_use]
    pub fn new(issuer: &str, tenant: &TenantId, jti: Option<&str>, token: &str) -> Self {
        Self(Handle::Token { issuer, tenant, name: TokenName::of(jti, token) }.hash())
    }

    /// What a revocation of it names.
    #[must_use]
    pub const fn hash(&self) -> HandleHash {
        self.0
    }
}

impl fmt::Display for TokenHandle {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
