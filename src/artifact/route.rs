//! One route of the policy: its template, and what a request on it needs.

use std::fmt;

use crate::path::{NormalPath, PathError};
use crate::permissions::PermissionId;

/// The longest method name that is accepted, in bytes.
const METHOD_LIMIT: usize = 32;

/// An HTTP method in upper case (RFC 9110, section 9.1), such as `GET`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(Box<str>);

impl Method {
    /// Accepts upper-case letters, `-` and `_`: methods are case-sensitive, and one that is not in
    /// upper case is a mistake.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_method = (1..=METHOD_LIMIT).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'));
        is_method.then(|| Self(text.into()))
    }

    /// The method as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One segment of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// This text, in normal form.
    Literal(Box<str>),
    /// `{name}`: any one segment that is not empty.
    Parameter(Box<str>),
    /// `{name...}`, in the last place: everything from here on, at least one segment.
    Rest(Box<str>),
}

/// Why a text is not a path template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The literal parts do not make a path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The literal parts are not in normal form, so no request could ever match them.
    #[error("is not in normal form; write {normal}")]
    NotNormal {
        /// The same template in normal form.
        normal: String,
    },
    /// A `{` or `}` that does not enclose a whole segment, or an odd name between them.
    #[error(
        "has {segment:?}, but a parameter is a whole segment such as {{name}} or, in the last place, {{name...}}"
    )]
    Parameter {
        /// The segment.
        segment: String,
    },
    /// The same parameter twice.
    #[error("has the parameter {{{name}}} twice")]
    Repeated {
        /// The parameter.
        name: String,
    },
}

/// A path with named parameters: `/api/v1/reports/{report}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Template {
    text: Box<str>,
    segments: Vec<Segment>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        // Braces are no path characters: with them gone, the rest must be a normal path.
        let plain = text.replace(['{', '}'], "");
        let normal = NormalPath::parse(plain.as_bytes())?;
        if normal.as_str() != plain {
            return Err(TemplateError::NotNormal { normal: normal.as_str().to_owned() });
        }
        let parts: Vec<&str> = text.strip_prefix('/').unwrap_or(text).split('/').collect();
        let mut segments: Vec<Segment> = Vec::with_capacity(parts.len());
        for (part, nth) in parts.iter().zip(1..) {
            let segment = Self::segment(part, nth == parts.len())?;
            if segments.iter().any(|earlier| same_parameter(earlier, &segment)) {
                let name = segment.parameter().unwrap_or_default().to_owned();
                return Err(TemplateError::Repeated { name });
            }
            segments.push(segment);
        }
        Ok(Self { text: text.into(), segments })
    }

    fn segment(part: &str, is_last: bool) -> Result<Segment, TemplateError> {
        let Some(inner) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) else {
            return match part.contains(['{', '}']) {
                true => Err(TemplateError::Parameter { segment: part.to_owned() }),
                false => Ok(Segment::Literal(part.into())),
            };
        };
        let (name, is_rest) = match inner.strip_suffix("...") {
            Some(name) => (name, true),
            None => (inner, false),
        };
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match (is_name, is_rest) {
            (true, false) => Ok(Segment::Parameter(name.into())),
            (true, true) if is_last => Ok(Segment::Rest(name.into())),
            _ => Err(TemplateError::Parameter { segment: part.to_owned() }),
        }
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its segments, left to right.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The place of the parameter `name` among the segments; a rest is no single value and does
    /// not count.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.segments.iter().position(|s| matches!(s, Segment::Parameter(n) if **n == *name))
    }
}

fn same_parameter(a: &Segment, b: &Segment) -> bool {
    a.parameter().is_some() && a.parameter() == b.parameter()
}

impl Segment {
    /// The name of the parameter or rest.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Parameter(name) | Self::Rest(name) => Some(name),
        }
    }
}

/// A billable kind of use (design: one usage event for each permitted request).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Not billed: health checks, partner syncs.
    None,
    /// A call of the API.
    ApiCall,
    /// A write into storage.
    StorageWrite,
    /// A call under a delegation.
    CrossTenantDelegation,
}

impl Usage {
    /// Every kind, as the policy spells it.
    pub const ALL: [(&'static str, Self); 4] = [
        ("none", Self::None),
        ("api_call", Self::ApiCall),
        ("storage_write", Self::StorageWrite),
        ("cross_tenant_delegation", Self::CrossTenantDelegation),
    ];

    /// The kind as the policy and the usage event spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, usage)| *usage == self).map_or("none", |(name, _)| name)
    }
}

/// Where a request says whose data it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceTenant {
    /// It does not: the data is the acting tenant's.
    Acting,
    /// The path segment with this index.
    PathSegment(usize),
}

/// What a route asks of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// No identity at all, for these methods.
    Public {
        /// The methods that pass.
        methods: Vec<Method>,
    },
    /// A tenant's token, and for each method a permission.
    Tenant {
        /// The methods, each with the permission that it needs.
        methods: Vec<(Method, PermissionId)>,
        /// Whose data it is.
        resource: ResourceTenant,
    },
}

/// One route of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The paths that it covers.
    pub template: Template,
    /// What it asks.
    pub access: Access,
    /// What a permitted request is billed as.
    pub usage: Usage,
}

impl Route {
    /// The methods that the route knows, in the order of the policy.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        let (public, tenant) = match &self.access {
            Access::Public { methods } => (methods.as_slice(), &[][..]),
            Access::Tenant { methods, .. } => (&[][..], methods.as_slice()),
        };
        public.iter().chain(tenant.iter().map(|(method, _)| method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_template_has_literals_parameters_and_one_last_rest() {
        let template = Template::parse("/api/v1/reports/{report}").unwrap();
        assert_eq!(template.parameter("report"), Some(3));
        assert_eq!(template.parameter("tenant"), None);
        let rest = Template::parse("/files/{path...}").unwrap();
        assert_eq!(rest.segments().last(), Some(&Segment::Rest("path".into())));
    }

    #[test]
    fn a_template_that_no_request_could_match_is_refused() {
        for bad in [
            "",
            "reports",
            "/a//b",
            "/a/../b",
            "/%61",
            "/a{b}",
            "/{a",
            "/{}",
            "/{a b}",
            "/{a}/{a}",
            "/{rest...}/a",
            "/a#b",
            "/a;b",
            "/{a}{b}",
            "/a?b",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_method_is_in_upper_case() {
        assert!(Method::parse("GET").is_some());
        assert!(Method::parse("M-SEARCH").is_some());
        for bad in ["", "get", "G T", "GET\n", &"A".repeat(33)] {
            assert!(Method::parse(bad).is_none(), "{bad:?}");
        }
    }
}
