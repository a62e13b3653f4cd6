//! Configurations that can be served, and those that cannot, with what is said about each.

use super::*;

const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A file with an administrator, and `more`.
fn with_admin(more: &str) -> String {
    let admin = format!("name = \"root\"\nrole = \"admin\"\nsha256 = \"{SHA256}\"");
    format!("{more}\n[[auth.credentials]]\n{admin}\n")
}

fn load(text: &str, variables: &[(&str, &str)], flags: Flags) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("control.toml");
    std::fs::write(&path, text).unwrap();
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Config::load(Flags { config: Some(path), ..flags }, variables.into_iter())
}

#[test]
fn an_administrator_is_all_that_a_configuration_needs() {
    let config = load(&with_admin(""), &[], Flags::default()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7070");
    assert!(config.tls.is_none() && config.policy.is_none());
    assert_eq!(config.feed.hold.get().as_secs(), 1);
    assert!(config.store.url.starts_with("file:/") && config.store.url.ends_with("/control.redb"));
}

#[test]
fn flags_are_over_the_environment_and_that_over_the_file() {
    let file = with_admin("listen = \"127.0.0.1:1\"\npolicy = \"file.yaml\"");
    let variables = [("TENANTGUARD_SERVE_LISTEN", "127.0.0.1:2")];
    let config = load(&file, &variables, Flags::default()).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert!(config.policy.unwrap().ends_with("file.yaml"));
    let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
    assert_eq!(load(&file, &variables, flags).unwrap().listen.port(), 3);
}

#[test]
fn without_tls_nobody_else_is_listened_to() {
    for (listen, is_served) in
        [("127.0.0.1:0", true), ("[::1]:0", true), ("0.0.0.0:0", false), ("10.0.0.1:0", false)]
    {
        let loaded = load(&with_admin(&format!("listen = {listen:?}")), &[], Flags::default());
        assert_eq!(loaded.is_ok(), is_served, "{listen}");
        if let Err(error) = loaded {
            assert!(matches!(error, ConfigError::PlainElsewhere { .. }), "{error}");
            assert!(error.help().unwrap().contains("[tls]"));
        }
    }
    let tls = "listen = \"0.0.0.0:0\"\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"";
    assert!(load(&with_admin(tls), &[], Flags::default()).is_ok());
}

#[test]
fn what_cannot_be_served_is_refused_with_what_to_mend() {
    let credential =
        |rest: &str| format!("[[auth.credentials]]\nname = \"a\"\nsha256 = \"{SHA256}\"\n{rest}");
    for (text, expected) in [
        (String::new(), "nobody could call"),
        (with_admin("lisen = \"x\""), "unknown field `lisen`"),
        (with_admin("listen = \"everywhere\""), "line 1"),
        (with_admin("[limits]\nbody = \"64\""), "64KiB"),
        (with_admin("[feed]\nlease = \"0s\""), "number above zero"),
        (with_admin("[feed]\nhold = \"2s\""), "at most 1s"),
        (with_admin("[feed]\nlease = \"500ms\""), "lease"),
        (with_admin("[auth.tokens]\nadmin = \"control:admin\""), "no policy"),
        (with_admin("policy = \"p\"\n[auth.tokens]\nadmin = \"admin\""), "resource:action"),
        (with_admin("policy = \"p\"\n[auth.tokens]\ndelegations = \"d\""), "resource:action"),
        (with_admin("[delegations]\nmax_lifetime = \"0d\""), "number above zero"),
        (with_admin("[exchange]\nkeys = \"k\""), "no policy"),
        (with_admin("policy = \"p\"\n[exchange]\nalgorithm = \"ES256\""), "missing field `keys`"),
        (with_admin("policy = \"p\"\n[exchange]\nkeys = \"k\"\nlifetime = \"6m\""), "lives for"),
        (with_admin("policy = \"p\"\n[exchange]\nkeys = \"k\"\nlifetime = \"1ms\""), "lives for"),
        (with_admin("policy = \"p\"\n[exchange]\nkeys = \"k\"\nrotate = \"59m\""), "signs for"),
        (
            with_admin("policy = \"p\"\n[exchange]\nkeys = \"k\"\nalgorithm = \"RS256\""),
            "unknown variant `RS256`",
        ),
        (with_admin("[[auth.certificates]]\nsan = \"x\"\nrole = \"proxy\""), "no client_ca"),
        (with_admin("[keys]\nidp = \"http://id.example.com\""), "over https"),
        (with_admin("[keys]\nidp = \"https://id.example.com/jwks\""), "without a path"),
        (with_admin("[keys]\nidp = \"id.example.com\""), "over https"),
        (with_admin("[store]\nca_file = \"x\""), "unknown field `ca_file`"),
        (with_admin("[store.tenants.acme]\nca = \"x\""), "missing field `url`"),
        (credential("role = \"root\""), "unknown variant `root`"),
        (credential("role = \"tenant_admin\""), "needs the tenant"),
        (credential("role = \"tenant_admin\"\ntenant = \"a/b\""), "tenant has '/'"),
        (credential("role = \"proxy\"\ntenant = \"acme\""), "only a tenant_admin"),
        (credential(&format!("role = \"proxy\"\n{}", credential("role = \"proxy\""))), "same"),
        (with_admin("").replace("9f86", "9f8"), "64 hexadecimal digits"),
        (with_admin("").replace("root", "a b"), "visible ASCII"),
    ] {
        let error = load(&text, &[], Flags::default()).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let flags = Flags { config: Some("nowhere.toml".into()), ..Flags::default() };
    let error = Config::load(flags, std::iter::empty()).unwrap_err();
    assert!(error.to_string().contains("nowhere.toml"), "{error}");
}

/// What the README shows stands for what is built in, where it does not say otherwise.
#[test]
fn the_configuration_in_the_readme_is_read_and_shows_what_is_built_in() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"));
    let readme = readme.unwrap();
    let block = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let config = load(block.unwrap(), &[], Flags::default()).unwrap();
    let built_in = load(&with_admin(""), &[], Flags::default()).unwrap();
    assert_eq!(config.limits, built_in.limits);
    assert_eq!(config.listen, built_in.listen);
    assert_eq!(config.feed, built_in.feed);
    assert_eq!(config.log, built_in.log);
    let names = |config: &Config| {
        let StoreSource { url, journal, .. } = &config.store;
        [Path::new(url), journal].map(|path| path.file_name().map(ToOwned::to_owned))
    };
    assert_eq!(names(&config), names(&built_in));
    assert!(config.access.needs_policy() && config.access.needs_client_ca());
}
