//! The order of keys: the fields of the language as its shapes list them; names that the author
//! chose stay as they are.

use crate::read::shapes::{self, Shape};

/// What is known of a value by where it stands.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A map with known fields.
    Fields(&'static Shape),
    /// A map from names, or a list, of such maps.
    Of(&'static Shape),
    /// Anything else.
    Free,
}

impl Form {
    /// The form of a whole policy.
    pub(super) const ROOT: Self = Self::Fields(&shapes::POLICY);

    /// The form of the value under a key of this one.
    pub(super) fn under(self, key: &str) -> Self {
        match self {
            Self::Fields(shape) => field(shape, key),
            Self::Of(shape) => Self::Fields(shape),
            Self::Free => Self::Free,
        }
    }

    /// The form of an item, if this is a list.
    pub(super) fn item(self) -> Self {
        match self {
            Self::Of(shape) => Self::Fields(shape),
            Self::Fields(_) | Self::Free => Self::Free,
        }
    }

    /// Where a key stands among its siblings. What is not known comes last, in the text's order.
    pub(super) fn position(self, key: &str) -> usize {
        match self {
            Self::Fields(shape) => {
                let mut fields = shape.fields().iter();
                fields.position(|field| *field == key).unwrap_or(usize::MAX)
            }
            Self::Of(_) | Self::Free => 0,
        }
    }
}

fn field(shape: &Shape, key: &str) -> Form {
    match (shape.name(), key) {
        ("Policy", "token") => Form::Fields(&shapes::TOKEN),
        ("Policy", "paths") => Form::Fields(&shapes::PATHS),
        ("Policy", "limits") => Form::Fields(&shapes::LIMITS),
        ("Policy", "cross_tenant") => Form::Fields(&shapes::CROSS_TENANT),
        ("Policy", "issuers") => Form::Of(&shapes::ISSUER),
        ("Policy", "tenant_roles") => Form::Fields(&shapes::TENANT_ROLES),
        ("Policy", "tenants") => Form::Of(&shapes::TENANT),
        ("Policy" | "Tenant", "roles") => Form::Of(&shapes::ROLE),
        ("Policy", "overrides") => Form::Of(&shapes::OVERRIDE),
        ("Policy", "routes") => Form::Of(&shapes::ROUTE),
        ("Policy", "delegations") => Form::Of(&shapes::DELEGATION),
        ("Issuer", "keys") => Form::Fields(&shapes::KEYS),
        ("Issuer", "asserts") => Form::Fields(&shapes::ASSERTS),
        ("Issuer", "claims") => Form::Fields(&shapes::CLAIMS),
        ("Issuer", "client_certificate") => Form::Fields(&shapes::CERTIFICATE),
        ("Claims", "tenant") => Form::Fields(&shapes::CLAIM_OF_TENANT),
        ("Claims", "principal") => Form::Fields(&shapes::CLAIM_OF_PRINCIPAL),
        ("Claims", "roles") => Form::Fields(&shapes::CLAIM_OF_ROLES),
        ("Delegation", "consent") => Form::Fields(&shapes::CONSENT),
        _ => Form::Free,
    }
}
