//! Every change at every stage by everybody, and terms that cannot be granted.

use std::sync::Arc;
use std::time::Duration;

use tenantguard::artifact::Policy;
use tenantguard::control::{Act, Consent, Delegate, Delegation, DelegationStage, Label};
use tenantguard::identity::{PermissionName, PrincipalId, TenantId};
use tenantguard_policy::{FileError, Files, Format};

use super::*;

const NOW: u64 = 1_800_000_000;

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn act(by: &str, at: u64) -> Act {
    Act { by: Label::parse(by).unwrap(), at }
}

fn terms() -> Terms {
    Terms {
        from: tenant("acme"),
        to: tenant("partnerco"),
        principals: Delegate::Any,
        permissions: permissions(&["reports:read"]),
        audiences: vec![],
        not_before: NOW,
        expires: NOW + 3600,
    }
}

fn permissions(names: &[&str]) -> Vec<PermissionName> {
    names.iter().map(|name| PermissionName::parse(name).unwrap()).collect()
}

fn consent() -> Consent {
    Consent { act: act("consenter", NOW), reference: None }
}

fn at(stage: DelegationStage) -> Delegation {
    let Terms { from, to, principals, permissions, audiences, not_before, expires } = terms();
    Delegation {
        id: tenant("d"),
        from,
        to,
        principals,
        permissions,
        audiences,
        not_before,
        expires,
        proposed: act("proposer", NOW),
        stage,
    }
}

fn stages() -> [Delegation; 4] {
    let (consent, act) = (consent(), act("stopper", NOW + 1));
    [
        at(DelegationStage::Proposed),
        at(DelegationStage::Consented(consent.clone())),
        at(DelegationStage::Suspended { consent: consent.clone(), act: act.clone() }),
        at(DelegationStage::Revoked { consent: Some(consent), act }),
    ]
}

/// The delegator's, the delegate's, the operator's.
fn everybody() -> [By; 3] {
    [Some("acme"), Some("partnerco"), None].map(|name| By {
        mandate: Mandate { is_operator: name.is_none(), tenant: name.map(tenant) },
        act: act(name.unwrap_or("operator"), NOW + 2),
    })
}

fn amend(amendment: Amendment) -> DelegationChange {
    let terms = terms().digest();
    DelegationChange::Amend { terms, amendment, agreement: Agreement::default() }
}

/// What came of it in one word; `=` before it where nothing has changed.
fn outcome(old: &Delegation, made: Result<Delegation, DelegationError>) -> String {
    match made {
        Ok(new) if new == *old => format!("={}", new.stage.name()),
        Ok(new) => new.stage.name().to_owned(),
        Err(DelegationError::Stage { .. }) => "stage".to_owned(),
        Err(DelegationError::DelegatorOnly { .. } | DelegationError::NotTheDelegate { .. }) => {
            "forbidden".to_owned()
        }
        Err(DelegationError::Changed(_)) => "changed".to_owned(),
        Err(DelegationError::Expired(_)) => "expired".to_owned(),
        Err(DelegationError::Taken(_)) => "taken".to_owned(),
        Err(DelegationError::Outside { .. }) => "outside".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn each_change_at_each_stage_does_what_its_row_says_for_everybody() {
    let longer = || Amendment { expires: Some(NOW + 7200), ..Amendment::default() };
    let agreed =
        || DelegationChange::Consent { terms: terms().digest(), agreement: Agreement::default() };
    let blind = || DelegationChange::Consent {
        terms: Terms { expires: 1, ..terms() }.digest(),
        agreement: Agreement::default(),
    };
    type Row<'a> = (&'a str, &'a dyn Fn() -> DelegationChange, [[&'a str; 4]; 3]);
    const NOT: [&str; 4] = ["forbidden"; 4];
    // Proposed, consented, suspended, revoked; for the delegator, the delegate and the operator.
    let rows: [Row<'_>; 7] = [
        ("consent", &agreed, [["consented", "=consented", "stage", "stage"], NOT, NOT]),
        ("consent to others", &blind, [["changed"; 4], NOT, NOT]),
        ("suspend", &|| DelegationChange::Suspend, {
            let row = ["stage", "suspended", "=suspended", "stage"];
            [row, NOT, row]
        }),
        ("resume", &|| DelegationChange::Resume, {
            [["stage", "=consented", "consented", "stage"], NOT, NOT]
        }),
        ("revoke", &|| DelegationChange::Revoke, {
            [["revoked", "revoked", "revoked", "=revoked"]; 3]
        }),
        ("amend", &|| amend(longer()), {
            let proposed = ["proposed", "proposed", "proposed", "stage"];
            [["consented", "consented", "suspended", "stage"], proposed, proposed]
        }),
        ("amend nothing", &|| amend(Amendment::default()), {
            [["=proposed", "=consented", "=suspended", "stage"]; 3]
        }),
    ];
    for (name, change_to, expected) in rows {
        for (by, expected) in everybody().iter().zip(expected) {
            for (old, expected) in stages().iter().zip(expected) {
                let made = outcome(old, change(old, change_to(), by));
                let (stage, who) = (old.stage.name(), &by.act.by);
                assert_eq!(made, expected, "{name} at {stage} by {who}");
            }
        }
    }
}

#[test]
fn who_agreed_and_who_stopped_it_is_put_down() {
    let [delegator, delegate, operator] = everybody();
    let [proposed, consented, suspended, _] = stages();
    let agreement = Agreement { reference: Some(Label::parse("DPA-114").unwrap()) };
    let agreed = DelegationChange::Consent { terms: terms().digest(), agreement };
    let made = change(&proposed, agreed, &delegator).unwrap();
    assert_eq!(made.proposed, act("proposer", NOW));
    let consent = made.stage.consent().unwrap();
    assert_eq!(consent.act, act("acme", NOW + 2));
    assert_eq!(consent.reference.as_ref().map(Label::as_str), Some("DPA-114"));

    let stopped = change(&consented, DelegationChange::Suspend, &operator).unwrap();
    let DelegationStage::Suspended { act: by, consent: kept } = &stopped.stage else { panic!() };
    assert_eq!((by, kept), (&act("operator", NOW + 2), &self::consent()));
    let ended = change(&suspended, DelegationChange::Revoke, &delegate).unwrap();
    let DelegationStage::Revoked { act: by, consent: kept } = &ended.stage else { panic!() };
    assert_eq!((by, kept.as_ref()), (&act("partnerco", NOW + 2), Some(&self::consent())));

    // Other terms take another consent: the one before it was to others.
    let wider = Amendment { permissions: Some(permissions(&["a:b"])), ..Amendment::default() };
    let made = change(&consented, amend(wider.clone()), &delegate).unwrap();
    assert_eq!((made.stage.consent(), &made.proposed), (None, &act("partnerco", NOW + 2)));
    let made = change(&suspended, amend(wider), &delegator).unwrap();
    assert_eq!(made.stage.consent().unwrap().act, act("acme", NOW + 2));
}

#[test]
fn what_has_expired_can_only_be_ended() {
    let [delegator, ..] = everybody();
    let over = |name: &str| By { act: act(name, NOW + 3600), ..delegator.clone() };
    let agreed =
        DelegationChange::Consent { terms: terms().digest(), agreement: Agreement::default() };
    let longer = amend(Amendment { expires: Some(NOW + 9000), ..Amendment::default() });
    let [proposed, consented, suspended, _] = stages();
    for (old, wanted, expected) in [
        (&proposed, agreed, "expired"),
        (&consented, longer, "expired"),
        (&suspended, DelegationChange::Resume, "expired"),
        (&consented, DelegationChange::Suspend, "suspended"),
        (&consented, DelegationChange::Revoke, "revoked"),
    ] {
        assert_eq!(outcome(old, change(old, wanted, &over("acme"))), expected);
    }
}

#[test]
fn a_proposal_is_made_by_either_side_and_agreed_to_by_one() {
    let propose = |old: Option<&Delegation>, terms: Terms, agrees: bool, by: &By| {
        let consent = agrees.then(Agreement::default);
        propose(old, Proposal { id: tenant("d"), terms, consent }, by)
    };
    let outcome = |old: Option<&Delegation>, made| match old {
        Some(old) => outcome(old, made),
        None => outcome(&at(DelegationStage::Proposed), made),
    };
    let [delegator, delegate, operator] = everybody();
    let stranger = By {
        mandate: Mandate { is_operator: false, tenant: Some(tenant("globex")) },
        ..delegate.clone()
    };
    let [proposed, consented, suspended, revoked] = &stages();
    let other = || Terms { expires: NOW + 1, ..terms() };
    for (old, terms, agrees, by, expected) in [
        (None, terms(), false, &delegator, "proposed"),
        (None, terms(), false, &delegate, "proposed"),
        (None, terms(), false, &operator, "proposed"),
        (None, terms(), false, &stranger, "outside"),
        (None, terms(), true, &delegator, "consented"),
        (None, terms(), true, &delegate, "forbidden"),
        (None, terms(), true, &operator, "forbidden"),
        (None, terms(), true, &stranger, "outside"),
        (Some(proposed), terms(), false, &delegate, "=proposed"),
        (Some(proposed), terms(), true, &delegator, "consented"),
        (Some(proposed), other(), true, &delegator, "taken"),
        (Some(consented), terms(), false, &delegate, "=consented"),
        (Some(consented), other(), false, &delegate, "taken"),
        (Some(suspended), terms(), false, &delegate, "=suspended"),
        (Some(revoked), terms(), false, &delegator, "taken"),
    ] {
        let made = propose(old, terms, agrees, by);
        let stage = old.map(|old| old.stage.name());
        let made = outcome(old, made);
        assert_eq!(made, expected, "{stage:?} {agrees} by {}", by.act.by);
    }
    let made = propose(None, terms(), true, &delegator).unwrap();
    assert_eq!(made.stage.consent().map(|it| &it.act), Some(&made.proposed));
}

const POLICY: &str = "
version: 1
audiences: [api]
issuers:
  p: {issuer: 'https://p.example', keys: {jwks_file: p.jwks.json},
    asserts: {tenants: any, roles: any}}
tenants:
  acme: {isolation: shared}
  partnerco: {isolation: shared}
roles:
  viewer: {permissions: ['reports:read', 'reports:write', 'users:write']}
overrides:
  - {tenant: acme, role: viewer, deny: ['reports:write']}
routes:
  - path: /reports
    methods: {GET: 'reports:read', PUT: 'reports:write'}
  - path: /users
    methods: {PUT: 'users:write'}
";

/// The key of the policy's issuer, whoever it is.
struct OneKey;

impl Files for OneKey {
    fn read(&self, _: &str) -> Result<String, FileError> {
        let key = tenantguard_mint::DevKey::derive(tenantguard_mint::Algorithm::Es256, "a test");
        Ok(tenantguard_mint::jwks(&[&key]).to_string())
    }
}

fn policy() -> Arc<Policy> {
    let compiled = tenantguard_policy::compile(POLICY, Format::Yaml, &OneKey);
    compiled.unwrap_or_else(|findings| panic!("{findings}")).into()
}

#[test]
fn terms_that_cannot_be_granted_are_told_why() {
    let policy = policy();
    let bounds = Bounds {
        policy: Some(&policy),
        has_tenant: &|id| id.as_str() == "newco",
        max_lifetime: Duration::from_secs(7200),
        now: NOW,
    };
    let may = |names: &[&str]| Terms { permissions: permissions(names), ..terms() };
    let many = (0..257).map(|nth| PermissionName::parse(&format!("a:{nth}")).unwrap()).collect();
    let nobody = Delegate::Principals(vec![]);
    let named = Delegate::Principals(vec![PrincipalId::parse("p/alice").unwrap()]);
    for (terms, expected) in [
        (terms(), None),
        (Terms { principals: named, ..terms() }, None),
        (Terms { to: tenant("newco"), ..terms() }, None),
        (Terms { from: tenant("newco"), ..may(&["reports:write"]) }, None),
        (Terms { expires: NOW + 7200, ..terms() }, None),
        (Terms { to: tenant("acme"), ..terms() }, Some("same tenant")),
        (Terms { to: tenant("nowhere"), ..terms() }, Some("no tenant nowhere")),
        (Terms { from: tenant("nowhere"), ..terms() }, Some("no tenant nowhere")),
        (may(&["reports:burn"]), Some("no permission reports:burn")),
        (may(&["reports:read", "reports:write"]), Some("nobody in acme may use reports:write")),
        (may(&[]), Some("permissions names nothing")),
        (Terms { permissions: many, ..terms() }, Some("more than 256")),
        (Terms { principals: nobody, ..terms() }, Some("principals names nothing")),
        (Terms { expires: NOW, ..terms() }, Some("is past")),
        (Terms { not_before: NOW + 3600, ..terms() }, Some("not after it begins")),
        (Terms { expires: NOW + 7201, ..terms() }, Some("limit is 7200 s")),
    ] {
        let told = bounds.check(&terms).err().map(|error| error.to_string());
        match (&told, expected) {
            (None, None) => {}
            (Some(told), Some(part)) => assert!(told.contains(part), "{told}"),
            _ => panic!("{told:?}, not {expected:?}: {terms:?}"),
        }
    }
    // Without a policy nobody knows what a permission is.
    let bounds = Bounds { policy: None, has_tenant: &|_| true, ..bounds };
    assert_eq!(bounds.check(&may(&["reports:burn"])), Ok(()));
}
