//! What a decision can be: the checks in their order, the reasons with their stable codes, and
//! the one place where an error becomes a reason.

mod reason;
mod refusal;

pub use self::reason::{Challenge, Reason};
pub use self::refusal::{AccessError, BindingError, Refusal, StaleError, TenantError};

/// The checks of the gate, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Method and path have a shape.
    Request,
    /// The policy knows the path and the method.
    Route,
    /// There is one token, well-formed.
    Token,
    /// Its issuer is one of ours.
    Issuer,
    /// The issuer signed it.
    Signature,
    /// It is valid, now and for us.
    Claims,
    /// Its tenant and roles are the issuer's to assert, and known.
    Tenant,
    /// Neither it nor anything that it belongs to is revoked, cut off or suspended.
    Revocation,
    /// Roles and scopes give what the route needs.
    Permission,
    /// The data is the acting tenant's, or delegated to it.
    Delegation,
}

impl Check {
    /// All checks in order, with their names.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Request, "request"),
        (Self::Route, "route"),
        (Self::Token, "token"),
        (Self::Issuer, "issuer"),
        (Self::Signature, "signature"),
        (Self::Claims, "claims"),
        (Self::Tenant, "tenant"),
        (Self::Revocation, "revocation"),
        (Self::Permission, "permission"),
        (Self::Delegation, "delegation"),
    ];

    /// The check's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(check, _)| *check == self).map_or("", |(_, name)| name)
    }
}
