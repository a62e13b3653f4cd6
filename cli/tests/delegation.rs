//! `tenantguard delegation` against a service: two tenants' administrators and the operator.

use serde_json::Value;

use super::serve::{Service, room, with_admin_of};
use super::{Room, Run};

struct Scene {
    room: Room,
    service: Service,
}

impl Scene {
    /// A service with a policy, and administrators of acme and of globex.
    fn new() -> Self {
        Self::with("")
    }

    /// With more settings.
    fn with(settings: &str) -> Self {
        let room = room();
        let config = room.read("control.toml");
        let globex = with_admin_of(&room, "globex");
        room.write("control.toml", format!("policy = \"policy.yaml\"\n{settings}{config}{globex}"));
        let service = Service::start(&room);
        Self { room, service }
    }

    fn ask(&self, caller: &str, stdin: &str, arguments: &[&str]) -> Run {
        self.service.ask(&self.room, caller, stdin, &[&["delegation"], arguments].concat())
    }

    fn propose(&self, caller: &str, more: &[&str]) -> Run {
        let terms = ["--from", "acme", "--to", "globex", "--permission", "reports:read"];
        let id = if more.contains(&"--id") { &[][..] } else { &["--id", "d1"] };
        let rest = ["--any-principal", "--expires", &self.soon(), "--reason", "x"];
        self.ask(caller, "", &[&["propose"], &terms[..], id, &rest, more].concat())
    }

    fn soon(&self) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        (now.as_secs() + 3600).to_string()
    }

    fn shown(&self, caller: &str) -> Value {
        let shown = self.ask(caller, "", &["show", "d1", "--format", "json"]);
        serde_json::from_str(&shown.out).unwrap_or_else(|_| panic!("{shown:?}"))
    }
}

#[test]
fn a_consent_shows_the_terms_asks_and_names_them() {
    let scene = Scene::new();
    let proposed = scene.propose("globex", &[]);
    assert_eq!(proposed.code, Some(0), "{proposed:?}");
    assert!(proposed.out.contains("proposed") && proposed.out.contains("consent of acme"));
    let consent = ["consent", "d1", "--reference", "DPA-114", "--reason", "we agree"];

    for no in ["", "n\n", "nonsense\n"] {
        let refused = scene.ask("acme", no, &consent);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for part in ["globex", "reports:read", "Consent for acme? [y/N]", "nothing was changed"] {
            assert!(refused.err.contains(part), "{refused:?}");
        }
    }
    assert_eq!(scene.shown("acme")["stage"], "proposed");
    let partner = scene.ask("globex", "y\n", &consent);
    assert!(partner.code == Some(2) && partner.err.contains("auth.forbidden"), "{partner:?}");
    let other = scene.ask("acme", "", &[&consent[..], &["--terms", &"0".repeat(64)]].concat());
    assert!(other.code == Some(2) && other.err.contains("delegation.changed"), "{other:?}");
    assert!(other.err.contains("tenantguard delegation show"), "{other:?}");

    let agreed = scene.ask("acme", "y\n", &consent);
    assert!(agreed.code == Some(0) && agreed.out.contains("d1 is consented"), "{agreed:?}");
    let shown = scene.ask("globex", "", &["show", "d1"]);
    for part in ["consented", "by acme at", "DPA-114", "by globex at"] {
        assert!(shown.out.contains(part), "{shown:?}");
    }
}

#[test]
fn delegations_are_listed_amended_suspended_and_revoked() {
    let scene = Scene::new();
    let made = scene.propose("acme", &["--consent", "--reference", "DPA-7"]);
    assert!(made.code == Some(0) && made.out.contains("d1 is consented"), "{made:?}");
    let amend = ["amend", "d1", "--expires", "4102444800", "--reason", "for ever", "--yes"];
    let refused = scene.ask("acme", "", &amend);
    assert!(refused.code == Some(2) && refused.err.contains("delegation.terms"), "{refused:?}");
    let longer = (scene.soon().parse::<u64>().unwrap() + 60).to_string();
    let amend = ["amend", "d1", "--expires", &longer, "--reason", "longer"];
    let refused = scene.ask("acme", "n\n", &amend);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("reports:read") && refused.err.contains("Amend d1? [y/N]"));
    let amend = [&amend[..], &["--yes"]].concat();
    assert!(scene.ask("acme", "", &amend).out.contains("d1 is consented"));

    for (caller, verb, stage) in [
        ("root", "suspend", "suspended"),
        ("acme", "resume", "consented"),
        ("globex", "revoke", "revoked"),
    ] {
        let done = scene.ask(caller, "", &[verb, "d1", "--reason", "x", "--wait"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.out.contains(&format!("d1 is {stage}")), "{done:?}");
        assert!(done.out.contains("no proxy follows the feed"), "{done:?}");
    }
    let again = scene.ask("acme", "", &["revoke", "d1", "--reason", "x"]);
    assert!(again.out.contains("already so"), "{again:?}");

    for (query, is_found) in [
        (&["--from", "acme"][..], true),
        (&["--to", "globex", "--stage", "revoked"], true),
        (&["--stage", "consented"], false),
        (&["--to", "acme"], false),
    ] {
        let listed = scene.ask("acme", "", &[&["list"], query].concat());
        assert_eq!(listed.out.contains("reports:read"), is_found, "{query:?}: {listed:?}");
    }
    let lines = scene.ask("globex", "", &["list", "--format", "json"]).out;
    let line: Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!((&line["id"], &line["stage"]), (&"d1".into(), &"revoked".into()));
    let nothing = scene.ask("acme", "", &["amend", "d1", "--reason", "x"]);
    assert!(nothing.code == Some(2) && nothing.err.contains("--expires"), "{nothing:?}");
}

const STATIC: &str = "\
delegations:
  globex-may-read:
    from: acme
    to: globex
    principals: [platform/gina]
    permissions: [reports:read]
    not_before: 2026-01-01T00:00:00Z
    expires: 2096-01-01T00:00:00Z
    consent: {by: admin@acme.example, at: 2026-01-01T00:00:00Z, reference: DPA-7}
";

#[test]
fn who_can_shows_static_and_living_grants_together() {
    let scene = Scene::new();
    scene.room.write("static.yaml", super::POLICY.to_owned() + STATIC);
    assert_eq!(scene.propose("acme", &["--consent"]).code, Some(0));
    let ask = |caller: &str, more: &[&str]| scene.ask(caller, "", &[&["who-can"], more].concat());
    let living = ask("acme", &["acme"]);
    assert_eq!(living.code, Some(0), "{living:?}");
    assert!(living.out.contains("living d1") && !living.out.contains("static"), "{living:?}");
    let both = ask("acme", &["acme", "--policy", "static.yaml"]);
    for part in ["living d1", "static globex-may-read", "platform/gina", "DPA-7", "anybody"] {
        assert!(both.out.contains(part), "{part}: {both:?}");
    }
    let alone = ["delegation", "who-can", "acme", "--policy", "static.yaml"];
    let alone = scene.room.run(alone);
    assert!(alone.out.contains("globex-may-read") && !alone.out.contains("d1"), "{alone:?}");

    for (more, is_somebody) in [
        (&["--permission", "reports:read"][..], true),
        (&["--permission", "reports:write"], false),
        (&["--at", "2020-01-01T00:00:00Z"], false),
        (&["--at", "2095-01-01T00:00:00Z"], true),
    ] {
        let told = ask("acme", &[&["acme", "--policy", "static.yaml"], more].concat());
        let is_nobody = told.out.contains("no delegation lets anybody at the data of acme");
        assert_eq!(is_nobody, !is_somebody, "{more:?}: {told:?}");
    }
    let json = ask("root", &["acme", "--policy", "static.yaml", "--format", "json"]).out;
    let json: Value = serde_json::from_str(json.trim()).unwrap();
    assert_eq!(json["grants"].as_array().map(Vec::len), Some(2), "{json}");
    let other = ask("globex", &["acme"]);
    assert!(other.code == Some(2) && other.err.contains("tenant.forbidden"), "{other:?}");
    assert_eq!(scene.ask("acme", "", &["revoke", "d1", "--reason", "x"]).code, Some(0));
    assert!(ask("acme", &["acme"]).out.contains("no delegation lets anybody"));
}

#[test]
fn a_token_is_exchanged_for_one_that_is_good_for_the_delegators_data() {
    let scene = Scene::with("exchange = {keys = \"exchange.keys.json\"}\n");
    assert_eq!(scene.propose("acme", &["--consent"]).code, Some(0));
    let mint = ["token", "mint", "--key", "dev.key.json", "--policy", "policy.yaml", "--issuer"];
    let gina = ["platform", "--tenant", "globex", "--subject", "gina", "--role", "editor"];
    let scope = ["--scope", "reports:read reports:write"];
    let own = scene.room.run([&mint[..], &gina, &scope].concat());
    assert_eq!(own.code, Some(0), "{own:?}");
    scene.room.write("own.jwt", &own.out);

    let exchange = ["token", "exchange", "--subject-token-file", "own.jwt"];
    let ask =
        |more: &[&str]| scene.service.ask(&scene.room, "acme", "", &[&exchange, more].concat());
    let token = ask(&["--delegation", "d1"]);
    assert_eq!((token.code, token.out.trim().split('.').count()), (Some(0), 3), "{token:?}");
    let told = ask(&["--tenant", "acme", "--format", "json"]).out;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["scope"], &told["expires_in"]), (&"reports:read".into(), &300.into()));

    scene.room.write("own.jwt", &token.out);
    for (more, part) in [(&["--delegation", "d1"][..], "exchange.token"), (&[], "--delegation")] {
        let refused = ask(more);
        assert!(refused.code == Some(2) && refused.err.contains(part), "{more:?}: {refused:?}");
    }
    scene.room.write("own.jwt", &own.out);
    let other = ask(&["--delegation", "d2"]);
    assert!(other.code == Some(2) && other.err.contains("exchange.target"), "{other:?}");
}

#[test]
fn reach_shows_living_grants_beside_those_of_the_policy() {
    let scene = Scene::new();
    let reach = |more: &[&str]| {
        let arguments = [&["policy", "reach", "policy.yaml", "--format", "json"], more].concat();
        let run = scene.service.ask(&scene.room, "root", "", &arguments);
        let told: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
        let of = |it: &Value| it["delegation"].as_str().unwrap().to_owned();
        told["exceptions"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let before = reach(&["--live"]);
    assert!(!before.contains(&"d1".to_owned()));
    scene.propose("acme", &[]);
    assert_eq!(reach(&["--live"]), before, "what is only proposed opens nothing");
    scene.ask("acme", "", &["revoke", "d1", "--reason", "x"]);
    scene.propose("acme", &["--id", "d2", "--consent", "--reference", "DPA-7"]);
    let live = reach(&["--live"]);
    assert!(live.contains(&"d2".to_owned()), "{live:?}");
    assert_eq!(reach(&[]), before, "without --live it is the policy's alone");
    assert_eq!(reach(&["--live", "--at", "2036-01-01T00:00:00Z"]), Vec::<String>::new());
}
