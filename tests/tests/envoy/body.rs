//! The limit of a route's body: held to what is announced, and to what comes.

use anyhow::{Result, ensure};
use tenantguard_e2e::client;
use tenantguard_e2e::upstream::CASE_HEADER;

use crate::world::World;

const UPLOAD: &str =
    r#"{"token": {"subject": "alice"}, "request": {"method": "POST", "path": "/api/v1/uploads"}}"#;
/// The limit of the route in the corpus policy.
const LIMIT: usize = 1024;

pub(crate) fn limit() -> Result<()> {
    World::with(
        |_| Ok(()),
        |world| {
            for (id, length, status) in [
                ("at-the-limit", LIMIT, 200),
                ("announced-beyond", LIMIT + 1, 413),
                ("far-beyond", 64 * LIMIT, 413),
            ] {
                let announced = upload(world, id, length, Framing::Length)?;
                ensure!(announced == status, "{id}: {announced}");
                let chunked = upload(world, &format!("{id}-chunked"), length, Framing::Chunked)?;
                ensure!(chunked == status, "{id}, chunked: {chunked}");
            }
            world.settle_log()?;
            let refusals = world.envoy.access_log().lines()?.into_iter().filter(|line| {
                line.pointer("/audit/reason").is_some_and(|reason| reason == "request.body")
            });
            ensure!(refusals.count() == 4, "not every refusal is in the log once");
            Ok(())
        },
    )
}

enum Framing {
    Length,
    Chunked,
}

/// The status of a request with a body.
fn upload(world: &World, id: &str, length: usize, framing: Framing) -> Result<u16> {
    let request = world.prepare(UPLOAD)?;
    let body = vec![b'x'; length];
    let (name, value) = match framing {
        Framing::Length => ("content-length", length.to_string()),
        Framing::Chunked => ("transfer-encoding", "chunked".to_owned()),
    };
    let mut wire = request.http1(&[(CASE_HEADER, id), (name, &value)]);
    match framing {
        Framing::Length => wire.extend_from_slice(&body),
        Framing::Chunked => {
            for chunk in body.chunks(LIMIT / 2) {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
        }
    }
    Ok(client::send(world.envoy.address(), &wire)?.status)
}
