//! A path takes the route that the rule names, whatever the other routes are: from left to right a
//! literal before a parameter before a rest, and back if what was chosen leads nowhere.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use proptest::prelude::*;
use tenantguard::artifact::Policy;
use tenantguard::path::NormalPath;
use tenantguard_policy::{Format, NoFiles, compile};

/// A segment of a template. Few names, so that routes share prefixes, and more of them than a node
/// compares in turn.
fn segment() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "longer-than-eight"]),
        2 => Just("{}"),
    ]
}

fn template() -> impl Strategy<Value = Vec<&'static str>> {
    (prop::collection::vec(segment(), 1..5), any::<bool>(), any::<bool>()).prop_map(
        |(mut segments, goes_on, ends_with_slash)| {
            match (goes_on, ends_with_slash) {
                (true, _) => segments.push("{...}"),
                (false, true) => segments.push(""),
                (false, false) => {}
            }
            segments
        },
    )
}

/// As the policy spells it; each parameter has a name of its own.
fn spelled(template: &[&str]) -> String {
    let name = |(at, segment): (usize, &&str)| match *segment {
        "{}" => format!("/{{p{at}}}"),
        "{...}" => format!("/{{p{at}...}}"),
        literal => format!("/{literal}"),
    };
    template.iter().enumerate().map(name).collect()
}

fn policy(templates: &BTreeSet<Vec<&'static str>>) -> Policy {
    let route = |template: &Vec<&str>| format!("{{path: '{}', public: true}}", spelled(template));
    let routes: Vec<String> = templates.iter().map(route).collect();
    let text = format!(
        "version: 1\naudiences: [x]\nissuers: {{}}\ntenants: {{}}\nroles: {{}}\nroutes: [{}]\n",
        routes.join(", ")
    );
    compile(&text, Format::Yaml, &NoFiles).unwrap_or_else(|findings| panic!("{findings}\n{text}"))
}

/// How a template covers a path, segment by segment: less is more specific. `None` if it does not.
fn fit(template: &[&str], path: &[&str]) -> Option<Vec<u8>> {
    match (template.split_first(), path.split_first()) {
        (None, None) => Some(Vec::new()),
        (Some((&"{...}", _)), Some(_)) => Some(vec![2]),
        (Some((kind, template)), Some((segment, path))) => {
            let rank = match *kind {
                "{}" if !segment.is_empty() => 1,
                literal if literal == *segment => 0,
                _ => return None,
            };
            let mut ranks = fit(template, path)?;
            ranks.insert(0, rank);
            Some(ranks)
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_path_takes_the_most_specific_route_that_covers_it(
        templates in prop::collection::btree_set(template(), 1..24),
        paths in prop::collection::vec(template(), 1..40),
    ) {
        let policy = policy(&templates);
        for path in paths {
            let segments: Vec<&str> =
                path.iter().map(|s| if s.starts_with('{') { "a" } else { s }).collect();
            let text = format!("/{}", segments.join("/"));
            let fits = templates.iter().filter_map(|t| Some((Reverse(fit(t, &segments)?), t)));
            let expected = fits.max().map(|(_, template)| spelled(template));
            let normal = NormalPath::parse(text.as_bytes()).unwrap();
            let found = policy.find_route("", &normal).and_then(|it| policy.route(it.route));
            prop_assert_eq!(found.map(|it| it.template().to_owned()), expected, "{}", text);
        }
    }
}
