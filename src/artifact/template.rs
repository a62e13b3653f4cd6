//! Paths with named parameters, as the policy's source writes them: `/api/v1/reports/{report}`.

use crate::path::{NormalPath, PathError};

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
}
