//! What the demo runs against: two cells' upstreams and Envoy between them and the client.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tenantguard_e2e::client::{self, Response};
use tenantguard_e2e::envoy::{AccessLog, Config, Envoy, Options};
use tenantguard_e2e::policy::plugin_configuration_of;
use tenantguard_e2e::upstream::{CASE_HEADER, Seen, Upstream};

use super::people::{POLICY, People};
use super::story::Scene;

/// The upstreams and Envoy. Everything ends with the value.
pub(super) struct World {
    envoy: Envoy,
    cells: [Upstream; 2],
}

/// What came of a request.
pub(super) struct Outcome {
    /// The audit record.
    pub(super) audit: Value,
    /// The status that the client got.
    pub(super) status: u16,
    /// The request as it arrived upstream, if it did.
    pub(super) upstream: Option<Seen>,
}

impl World {
    pub(super) fn start(filter: &Path, people: &People) -> Result<Self> {
        let cells = [Upstream::start("shared")?, Upstream::start("acme-eu")?];
        let policy = plugin_configuration_of(POLICY, &people.key_files())
            .map_err(|findings| anyhow::anyhow!("the demo's policy: {findings}"))?;
        let mut config = Config::deployed()?;
        config.filter(filter, &policy)?;
        for (name, cell) in ["shared", "acme-eu"].iter().zip(&cells) {
            config.upstream(name, cell.address())?;
        }
        let envoy = Envoy::start(config, Options { concurrency: 1, wasm_log: "warning" })?;
        Ok(Self { envoy, cells })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.envoy.address()
    }

    pub(super) fn access_log(&self) -> &AccessLog {
        self.envoy.access_log()
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.envoy.is_running()
    }

    /// Sends a request and gathers what came of it from the client, the upstreams and the log.
    pub(super) fn play(&self, index: usize, scene: &Scene, people: &People) -> Result<Outcome> {
        let case = format!("demo-{index}");
        let response = client::send(self.address(), &request(&case, scene, people)?)
            .with_context(|| format!("{} {}", scene.method, scene.path))?;
        let upstream = self.cells.iter().flat_map(|cell| cell.seen(&case)).next();
        let audit_id = audit_id(&response, upstream.as_ref())
            .with_context(|| format!("{} {} left no audit id", scene.method, scene.path))?;
        let line = self.access_log().audit(&audit_id)?;
        let audit = line.get("audit").cloned().unwrap_or_default();
        Ok(Outcome { audit, status: response.status, upstream })
    }

    /// Requests to try by hand, with the tokens in `directory`.
    pub(super) fn curl_lines(&self, directory: &Path) -> Result<String> {
        let url = format!("http://{}", self.address());
        let mut text = String::from("\nTry it:\n");
        for (comment, path, token) in [
            ("alice reads acme's report", "/api/v1/reports/7", Some("alice")),
            ("grace of globex asks for it", "/api/v1/tenants/acme/reports/7", Some("grace")),
            ("nobody asks for it", "/api/v1/reports/7", None),
        ] {
            writeln!(text, "\n# {comment}\ncurl -i --path-as-is {url}{path} \\")?;
            let token = token.map(|name| directory.join(format!("{name}.jwt")));
            match token {
                Some(file) => {
                    writeln!(text, "  -H \"authorization: Bearer $(cat '{}')\"", file.display())?;
                }
                None => writeln!(text, "  -H 'x-tenant-id: acme'")?,
            }
        }
        writeln!(
            text,
            "\n# the counts by reason\ncurl -s 'http://{}/stats?filter=tenantguard&usedonly'",
            self.envoy.admin_address()
        )?;
        Ok(text)
    }
}

fn request(case: &str, scene: &Scene, people: &People) -> Result<Vec<u8>> {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: api.example.com\r\n", scene.method, scene.path);
    if let Some(token) = scene.token {
        write!(head, "authorization: Bearer {}\r\n", people.token(token)?)?;
    }
    if let Some((name, value)) = scene.header {
        write!(head, "{name}: {value}\r\n")?;
    }
    write!(head, "{CASE_HEADER}: {case}\r\ncontent-length: 0\r\n\r\n")?;
    Ok(head.into_bytes())
}

/// A permit's id is what the upstream got, a denial's what the client got.
fn audit_id(response: &Response, upstream: Option<&Seen>) -> Option<String> {
    let id = match upstream {
        Some(seen) => seen.header("x-audit-id"),
        None => response.header("x-audit-id"),
    };
    id.map(str::to_owned)
}
