//! The requests that a route is for, without the names of its parameters: two routes with the same
//! shapes cover the same requests. Two shapes have a meet, the requests that are in both, which is
//! a shape again; that is what makes a comparison of two policies' routes complete.

use std::fmt;

use tenantguard::artifact::host::HostFrame;
use tenantguard::artifact::template::Segment;

/// One path segment, or one label of a host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// This text.
    Literal(Box<str>),
    /// Any one that is not empty.
    Any,
    /// Everything from here on, at least one.
    Rest,
}

/// Some hosts and some paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Shape {
    /// The labels of the host; none for any host.
    host: Option<Vec<Part>>,
    path: Vec<Part>,
}

impl Shape {
    /// The shape of a route on one of its hosts.
    pub(crate) fn new(host: Option<HostFrame<'_>>, path: &[Segment]) -> Self {
        let path = path.iter().map(|segment| match segment {
            Segment::Literal(text) => Part::Literal(text.clone()),
            Segment::Parameter(_) => Part::Any,
            Segment::Rest(_) => Part::Rest,
        });
        Self { host: host.map(labels), path: path.collect() }
    }

    /// The requests that both shapes are for; `None` if there are none.
    pub(crate) fn meet(&self, other: &Self) -> Option<Self> {
        let path = meet(&self.path, &other.path)?;
        let host = match (&self.host, &other.host) {
            (None, any) | (any, None) => any.clone(),
            (Some(a), Some(b)) => Some(meet(a, b)?),
        };
        Some(Self { host, path })
    }

    /// How many segments its path has.
    pub(crate) fn depth(&self) -> usize {
        self.path.len()
    }

    /// The fixed texts in it.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &str> {
        self.host.iter().flatten().chain(&self.path).filter_map(|part| match part {
            Part::Literal(text) => Some(&**text),
            Part::Any | Part::Rest => None,
        })
    }

    /// A host and a path of this shape that are of no narrower shape: `fresh` is a text that no
    /// route has, `depth` is deeper than every route.
    pub(crate) fn witness(&self, fresh: &str, depth: usize) -> (String, String) {
        let text = |part: &Part| match part {
            Part::Literal(text) => text.to_string(),
            Part::Any => fresh.to_owned(),
            Part::Rest => vec![fresh; depth].join("/"),
        };
        let host = self.host.as_deref().map(|labels| join(labels.iter().map(text), "."));
        let path = join(self.path.iter().map(text), "/");
        (host.unwrap_or_else(|| format!("{fresh}.{fresh}.invalid")), format!("/{path}"))
    }

    /// The host as a message shows it, if the shape is not for any.
    pub(crate) fn host_text(&self) -> Option<String> {
        self.host.as_deref().map(|labels| join(labels.iter().map(ToString::to_string), "."))
    }

    /// The path as a message shows it.
    pub(crate) fn path_text(&self) -> String {
        format!("/{}", join(self.path.iter().map(ToString::to_string), "/"))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Literal(text) => text,
            Self::Any => "{}",
            Self::Rest => "{...}",
        })
    }
}

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

/// The labels of a host pattern, left to right.
fn labels(frame: HostFrame<'_>) -> Vec<Part> {
    let split = |text: &str| -> Vec<Part> {
        let labels = text.split('.').filter(|label| !label.is_empty());
        labels.map(|label| Part::Literal(label.into())).collect()
    };
    match frame {
        HostFrame::Whole(text) => split(text),
        HostFrame::Around { before, after } => {
            [split(before), vec![Part::Any], split(after)].concat()
        }
    }
}

fn meet(a: &[Part], b: &[Part]) -> Option<Vec<Part>> {
    let mut both = Vec::with_capacity(a.len().max(b.len()));
    let (mut left, mut right) = (a, b);
    loop {
        match (left.split_first(), right.split_first()) {
            (None, None) => return Some(both),
            (Some((Part::Rest, _)), Some(_)) => return Some([both.as_slice(), right].concat()),
            (Some(_), Some((Part::Rest, _))) => return Some([both.as_slice(), left].concat()),
            (Some((one, rest)), Some((other, others))) => {
                both.push(meet_of_one(one, other)?);
                (left, right) = (rest, others);
            }
            (None, Some(_)) | (Some(_), None) => return None,
        }
    }
}

fn meet_of_one(a: &Part, b: &Part) -> Option<Part> {
    match (a, b) {
        (Part::Any, Part::Literal(text)) | (Part::Literal(text), Part::Any) => {
            (!text.is_empty()).then(|| Part::Literal(text.clone()))
        }
        (a, b) => (a == b).then(|| a.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantguard::artifact::host::HostPattern;
    use tenantguard::artifact::template::Template;

    fn shape(host: &str, path: &str) -> Shape {
        let pattern = HostPattern::parse(host).ok();
        let template = Template::parse(path).unwrap();
        Shape::new(pattern.as_ref().map(HostPattern::frame), template.segments())
    }

    #[test]
    fn a_meet_is_what_both_cover() {
        for (a, b, both) in [
            ("/a/{x}", "/a/{y}", Some("/a/{}")),
            ("/{x}/b", "/a/{y}", Some("/a/b")),
            ("/a/{x...}", "/a/{y}/c", Some("/a/{}/c")),
            ("/a/{x...}", "/{y...}", Some("/a/{...}")),
            ("/a/{x...}", "/a", None),
            ("/a/{x...}", "/a/", Some("/a/")),
            ("/a/{x}", "/a/", None),
            ("/a", "/b", None),
            ("/a", "/a/{x}", None),
        ] {
            let (a, b) = (shape("", a), shape("", b));
            assert_eq!(a.meet(&b).map(|m| m.path_text()).as_deref(), both, "{a:?} {b:?}");
            assert_eq!(a.meet(&b), b.meet(&a));
        }
    }

    #[test]
    fn hosts_meet_label_by_label() {
        for (a, b, both) in [
            ("", "api.example.com", Some("api.example.com")),
            ("{t}.example.com", "api.example.com", Some("api.example.com")),
            ("{t}.example.com", "{u}.example.com", Some("{}.example.com")),
            ("{t}.example.com", "api.{u}.com", Some("api.example.com")),
            ("{t}.example.com", "a.b.example.com", None),
            ("a.example.com", "b.example.com", None),
        ] {
            let met = shape(a, "/x").meet(&shape(b, "/x"));
            assert_eq!(met.and_then(|m| m.host_text()).as_deref(), both, "{a} {b}");
        }
    }

    #[test]
    fn a_witness_is_of_the_shape() {
        let (host, path) = shape("{t}.example.com", "/a/{x}/{rest...}").witness("new", 3);
        assert_eq!((host.as_str(), path.as_str()), ("new.example.com", "/a/new/new/new/new"));
    }
}
