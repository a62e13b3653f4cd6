//! `partner onboard`, against a real OpenID provider, and against servers that are none.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::thread;

use serde_json::{Value, json};
use tenantguard_e2e::client;
use tenantguard_e2e::idp::{IdentityProvider, Keys};
use tenantguard_mint::{Algorithm, DevKey, TokenSpec, jwks};

use crate::{Room, Run};

/// One provider for all tests here; without Node, none.
fn provider() -> Option<&'static IdentityProvider> {
    static PROVIDER: OnceLock<Option<IdentityProvider>> = OnceLock::new();
    let start = || IdentityProvider::start_or_skip("tests of `partner onboard`").unwrap();
    PROVIDER.get_or_init(start).as_ref()
}

fn onboard(room: &Room, stdin: &str, url: &str, more: &[&str]) -> Run {
    let command = ["partner", "onboard", url, "--name", "partnerco"];
    room.run_with(stdin, command.iter().chain(more))
}

const WITH_TOKEN: [&str; 2] = ["--initial-access-token-file", "-"];

fn made(room: &Room) -> Vec<String> {
    let entries = std::fs::read_dir(room.directory.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut made: Vec<_> = names.filter(|name| name.starts_with("partnerco.")).collect();
    made.sort();
    made
}

#[test]
fn a_partner_is_trusted_with_nothing_until_the_lists_are_filled_in() {
    let Some(provider) = provider() else { return };
    let (room, realm) = (Room::new(), provider.realm("main"));
    let run = onboard(&room, provider.initial_access_token(), &realm.issuer(), &WITH_TOKEN);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.err.contains("left out key 4 (encryption)"), "{run:?}");

    let fragment = run.out.split_once("issuers:\n").unwrap().1;
    let policy = crate::POLICY.replace("issuers:\n", &format!("issuers:\n{fragment}"));
    let verify = |policy: &str, role| {
        room.write("policy.yaml", policy);
        let token = realm.token("acme", role, "reports:read").unwrap();
        let command = ["token", "verify", "--policy", "policy.yaml", "--format", "json"];
        let run = room.run_with(&token, command);
        assert_eq!(run.err, "", "{run:?}");
        let line: Value = serde_json::from_str(&run.out).unwrap();
        line["reason"].as_str().unwrap_or("accepted").to_owned()
    };
    assert_eq!(verify(&policy, "viewer"), "issuer.tenant");
    let policy = policy.replace("tenants: []", "tenants: [acme]");
    assert_eq!(verify(&policy, "viewer"), "issuer.role");
    let policy = policy.replace("roles: []", "roles: [viewer]");
    assert_eq!(verify(&policy, "viewer"), "accepted");
    assert_eq!(verify(&policy, "editor"), "issuer.role");
}

#[test]
fn the_registered_client_proves_itself_by_its_key() {
    let Some(provider) = provider() else { return };
    let (room, realm) = (Room::new(), provider.realm("main"));
    let run = onboard(
        &room,
        &format!("{}\n", provider.initial_access_token()),
        &realm.issuer(),
        &[&WITH_TOKEN[..], &["--format", "json"]].concat(),
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    let done: Value = serde_json::from_str(&run.out).unwrap();
    let key = serde_json::from_str(&room.read("partnerco.client.key.json")).unwrap();
    let key = DevKey::from_private_jwk(&key).unwrap();
    let client: Value = serde_json::from_str(&room.read("partnerco.client.json")).unwrap();
    let id = client["client_id"].as_str().unwrap();
    assert_eq!(done["client"]["client_id"], id);
    assert!(!run.out.contains(client["registration_access_token"].as_str().unwrap()));

    let answer = ask_for_token(provider, &client, &key);
    assert!(answer["access_token"].is_string(), "{answer}");
    let other = DevKey::derive(Algorithm::Es256, "not the client's");
    assert_eq!(ask_for_token(provider, &client, &other)["error"], "invalid_client");
}

/// The client credentials grant with `private_key_jwt` (RFC 7523, section 2.2).
fn ask_for_token(provider: &IdentityProvider, client: &Value, key: &DevKey) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let assertion = TokenSpec::new(key)
        .claim("iss", client["client_id"].clone())
        .claim("sub", client["client_id"].clone())
        .claim("aud", client["issuer"].clone())
        .claim("jti", now.to_string())
        .claim("iat", now)
        .claim("exp", now + 60)
        .sign(key);
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let body = format!(
        "grant_type=client_credentials&scope=reports%3Aread&client_assertion_type={kind}\
         &client_assertion={assertion}"
    );
    let address = provider.address();
    let endpoint = client["token_endpoint"].as_str().unwrap();
    let path = endpoint.strip_prefix(&format!("http://{address}")).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    client::send(address, request.as_bytes()).unwrap().json().unwrap()
}

#[cfg(unix)]
#[test]
fn secrets_are_their_owners_and_nothing_is_ever_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(provider) = provider() else { return };
    let (room, realm) = (Room::new(), provider.realm("twice"));
    let first = onboard(&room, provider.initial_access_token(), &realm.issuer(), &WITH_TOKEN);
    assert_eq!(first.code, Some(0), "{first:?}");
    let files = made(&room);
    let names = ["partnerco.client.json", "partnerco.client.key.json", "partnerco.jwks.json"];
    assert_eq!(files, names);
    for secret in &files[..2] {
        let mode = std::fs::metadata(room.path(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let before = files.iter().map(|name| room.read(name)).collect::<Vec<_>>();
    let again = onboard(&room, provider.initial_access_token(), &realm.issuer(), &WITH_TOKEN);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("partnerco.jwks.json") && again.err.contains("help: "), "{again:?}");
    assert_eq!(files.iter().map(|name| room.read(name)).collect::<Vec<_>>(), before);

    // A key alone is enough to stop it.
    std::fs::remove_file(room.path("partnerco.jwks.json")).unwrap();
    std::fs::remove_file(room.path("partnerco.client.json")).unwrap();
    let again = onboard(&room, provider.initial_access_token(), &realm.issuer(), &WITH_TOKEN);
    assert_eq!((again.code, made(&room).len()), (Some(2), 1), "{again:?}");
}

#[test]
fn what_goes_wrong_is_said_and_leaves_nothing_behind() {
    let Some(provider) = provider() else { return };
    let down = provider.realm("partner-down");
    down.keys(Keys::Fail).unwrap();
    let huge = provider.realm("partner-huge");
    huge.keys(Keys::Huge).unwrap();
    let main = provider.realm("main").issuer();
    let base = main.strip_suffix("/realms/main").unwrap();
    for (url, stdin, more, said) in [
        (format!("{main}/"), "", &[][..], &[main.as_str(), "give exactly"][..]),
        (main.clone(), "", &[], &["--initial-access-token-file"]),
        (main.clone(), "wrong", &WITH_TOKEN, &["--initial-access-token-file", "401"]),
        (down.issuer(), "", &[], &["/partner-down/jwks answered 503", "the keys are not here"]),
        (huge.issuer(), "", &[], &["more than 65536 bytes"]),
        (format!("{base}/nothing"), "", &[], &["404", "/.well-known/openid-configuration"]),
    ] {
        let room = Room::new();
        let run = onboard(&room, stdin, &url, more);
        assert_eq!(run.code, Some(2), "{url}: {run:?}");
        assert!(said.iter().all(|said| run.err.contains(said)), "{said:?}: {run:?}");
        assert!(run.err.contains("help: ") && run.out.is_empty(), "{run:?}");
        assert!(made(&room).is_empty(), "{url}: {:?}", made(&room));
    }
}

#[test]
fn a_url_that_is_no_issuers_is_refused_before_anything_is_asked() {
    for url in [
        "http://sso.partnerco.example",
        "sso.partnerco.example",
        "ftp://sso.partnerco.example",
        "https://user@sso.partnerco.example",
        "https://sso.partnerco.example?x=y",
        "https://sso.partnerco.example#x",
        "https://sso\u{202e}.example",
        "https://",
        "http://127.0.0.1:1/.well-known/openid-configuration",
    ] {
        let room = Room::new();
        let run = onboard(&room, "", url, &[]);
        assert_eq!((run.code, made(&room).len()), (Some(2), 0), "{url}: {run:?}");
        let reasons = ["is not the URL of an issuer", "does not use https"];
        assert!(reasons.iter().any(|reason| run.err.contains(reason)), "{url}: {run:?}");
        assert!(run.err.contains("help: ") && !run.err.contains('\u{202e}'), "{url}: {run:?}");
    }
}

#[test]
fn what_a_hostile_configuration_leads_to_is_not_followed() {
    let key = DevKey::derive(Algorithm::Es256, "a partner's");
    let keys = jwks(&[&key]).to_string();
    type Change = (&'static str, Value);
    let cases: [(Change, &str); 7] = [
        (("jwks_uri", json!("http://keys.example/jwks")), "does not use https"),
        (("jwks_uri", json!("file:///etc/passwd")), "it is no URL"),
        (("jwks_uri", json!("https://a@keys.example/jwks")), "user name"),
        (("jwks_uri", Value::Null), "has no jwks_uri"),
        (("registration_endpoint", json!("http://reg.example/")), "does not use https"),
        (("registration_endpoint", Value::Null), "--no-registration"),
        (("token_endpoint_auth_methods_supported", json!(["none"])), "private_key_jwt"),
    ];
    for ((member, value), said) in cases {
        let keys = keys.clone();
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/.well-known/openid-configuration" => {
                let mut metadata = asked.metadata();
                metadata[member] = value.clone();
                json_answer(&metadata.to_string())
            }
            "/jwks" => json_answer(&keys),
            other => panic!("{other} was asked"),
        });
        let room = Room::new();
        let run = onboard(&room, "", &server.url, &[]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains(said), "{said}: {run:?}");
        assert!(made(&room).is_empty(), "{:?}", made(&room));
    }
}

#[test]
fn an_answer_that_is_none_ends_it() {
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\n\
                     content-length: 0\r\n\r\n";
    let huge = json_answer(&format!("{{\"issuer\": \"{}\"}}", "x".repeat(70_000)));
    let cases: [(&str, String, &str); 6] = [
        ("/.well-known/openid-configuration", elsewhere.to_owned(), "https://evil.example/"),
        ("/.well-known/openid-configuration", huge, "more than 65536 bytes"),
        ("/.well-known/openid-configuration", json_answer("<html>"), "an OpenID configuration"),
        ("/jwks", elsewhere.to_owned(), "https://evil.example/"),
        ("/jwks", json_answer("[]"), "a JSON Web Key Set"),
        ("/jwks", json_answer(r#"{"keys": [{"kty": "oct", "k": "AA"}]}"#), "none of the keys"),
    ];
    for (path, answer, said) in cases {
        let server = Server::start(move |asked| match asked.path.as_str() {
            asked_path if asked_path == path => answer.clone(),
            "/.well-known/openid-configuration" => json_answer(&asked.metadata().to_string()),
            other => panic!("{other} was asked"),
        });
        let room = Room::new();
        let run = onboard(&room, "", &server.url, &[]);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.err.contains(said), "{said}: {run:?}");
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let server = Server::start(|_| {
        thread::sleep(std::time::Duration::from_secs(20));
        String::new()
    });
    let start = std::time::Instant::now();
    let run = onboard(&Room::new(), "", &server.url, &["--timeout", "300ms"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("did not answer") && run.err.contains("--timeout"), "{run:?}");
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn a_client_that_authenticates_otherwise_is_not_taken() {
    let key = DevKey::derive(Algorithm::Es256, "a partner's");
    let keys = jwks(&[&key]).to_string();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/.well-known/openid-configuration" => json_answer(&asked.metadata().to_string()),
        "/jwks" => json_answer(&keys),
        _ => {
            let client = json!({"client_id": "x\u{1b}[31m", "client_secret": "s"}).to_string();
            json_answer(&client).replace("200 OK", "201 Created")
        }
    });
    let room = Room::new();
    let run = onboard(&room, "", &server.url, &[]);
    assert_eq!((run.code, made(&room).len()), (Some(2), 0), "{run:?}");
    assert!(run.err.contains("client_secret_basic") && !run.err.contains('\u{1b}'), "{run:?}");
}

/// A server that answers what a test wants it to.
struct Server {
    url: String,
}

struct Asked {
    url: String,
    path: String,
}

impl Asked {
    /// A configuration with which all would go well.
    fn metadata(&self) -> Value {
        let url = &self.url;
        json!({
            "issuer": url,
            "jwks_uri": format!("{url}/jwks"),
            "registration_endpoint": format!("{url}/reg"),
            "token_endpoint": format!("{url}/token"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        })
    }
}

fn json_answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Server {
    fn start(answer: impl Fn(Asked) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = url.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let path = read_path(&mut stream);
                let answer = answer(Asked { url: own.clone(), path });
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url }
    }
}

/// The path of a request; its body, if it has one, is left.
fn read_path(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}
