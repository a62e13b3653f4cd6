//! What `reach` tells is what the core lets through, no more and no less.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tenantguard::time::UnixTime;
use tenantguard_policy::reach::{Door, News, Reach, svg};
use tenantguard_policy::{Format, compile};

use super::naive::{self, Fact};
use super::spec::{EVERY, Spec, files, spec};

/// All that a report tells, spelled out.
fn told(reach: &Reach) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    let mut fact = |acting: &str, resource: &str, door: &Door| {
        if door.route == EVERY {
            return;
        }
        facts.insert([acting, resource, &door.method, &door.route].map(str::to_owned).into());
    };
    for class in &reach.classes {
        for permission in class.roles.values().flatten() {
            for door in reach.doors.get(permission).into_iter().flatten() {
                class.tenants.iter().for_each(|tenant| fact(tenant, tenant, door));
            }
        }
    }
    for exception in &reach.exceptions {
        for opened in &exception.doors {
            assert!(exception.roles.values().any(|p| p.contains(&opened.permission)));
            fact(&exception.acting, &exception.resource, &opened.door);
        }
    }
    facts
}

fn reach_at(spec: &Spec, at: u64) -> Option<(Reach, BTreeSet<Fact>)> {
    let policy = spec.compile()?;
    let reach = Reach::of(&policy, Some(UnixTime::from_secs(at)));
    Some((reach, naive::facts(spec, &policy, at)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reach_is_what_the_core_lets_through(spec in spec(), at in prop::sample::select(vec![0, 60, 120, 199, 200])) {
        let found = reach_at(&spec, at);
        prop_assert!(found.is_some(), "refused:\n{}", spec.text("x"));
        let (reach, expected) = found.unwrap();
        prop_assert_eq!(told(&reach), expected, "{}", spec.text("x"));
    }

    #[test]
    fn whatever_is_new_is_news(old in spec(), new in spec(), at in prop::sample::select(vec![0, 60, 120])) {
        let ((before, had), (now, has)) = (reach_at(&old, at).unwrap(), reach_at(&new, at).unwrap());
        prop_assert!(News::since(&before, &before).is_empty());
        if !has.is_subset(&had) {
            prop_assert!(!News::since(&before, &now).is_empty());
        }
        let saved = serde_json::to_string(&now).unwrap();
        prop_assert_eq!(serde_json::from_str::<Reach>(&saved).unwrap(), now);
    }

    #[test]
    fn the_form_is_no_news_and_gives_the_same_picture(spec in spec()) {
        let reach = |name| {
            let policy = compile(&spec.text(name), Format::Yaml, files()).unwrap();
            Reach::of(&policy, None)
        };
        let (one, other) = (reach("x"), reach("another"));
        prop_assert!(News::since(&one, &other).is_empty());
        prop_assert_eq!(svg::draw(&one).lines().count(), svg::draw(&other).lines().count());
    }
}
