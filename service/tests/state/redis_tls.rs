//! Redis over TLS: by its own authority, with a client's certificate where Redis asks for one, and
//! refused in plain words where trust is missing.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::Result;
use rcgen::SanType;
use tempfile::TempDir;
use tenantguard_service::state::Safety;
use tenantguard_service::store::{
    RedisClientFiles, RedisSettings, RedisStore, Store as _, StoreError,
};

use crate::authority::Authority;
use crate::redis_server::{Redis, free_port};
use crate::support::{in_front_of, note, revoke, token, until};

const LOCALHOST: SanType = SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST));

/// Certificates in files.
struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Result<Self> {
        let files = Self { dir: tempfile::tempdir()? };
        files.write("ca.pem", "server", &Authority::new())?;
        files.write("other.pem", "stranger", &Authority::new())?;
        Ok(files)
    }

    fn write(&self, root: &str, name: &str, authority: &Authority) -> Result<()> {
        let (certificate, key) = authority.sign(LOCALHOST);
        std::fs::write(self.at(root), authority.issuer.pem())?;
        std::fs::write(self.at(&format!("{name}.pem")), certificate.pem())?;
        std::fs::write(self.at(&format!("{name}.key.pem")), key.serialize_pem())?;
        Ok(())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn pair(&self, name: &str) -> Option<RedisClientFiles> {
        let (certificate, key) =
            (self.at(&format!("{name}.pem")), self.at(&format!("{name}.key.pem")));
        Some(RedisClientFiles { certificate, key })
    }
}

fn start(files: &Files, clients: &str) -> Result<Option<(Redis, String)>> {
    let port = free_port()?.to_string();
    let at = |name: &str| files.at(name).display().to_string();
    let args = [
        ["--tls-port", &port],
        ["--tls-cert-file", &at("server.pem")],
        ["--tls-key-file", &at("server.key.pem")],
        ["--tls-ca-cert-file", &at("ca.pem")],
        ["--tls-auth-clients", clients],
    ];
    let redis = Redis::start_with(args.as_flattened())?;
    Ok(redis.map(|redis| (redis, format!("rediss://127.0.0.1:{port}"))))
}

#[tokio::test]
async fn redis_is_trusted_by_the_authority_that_is_named_and_by_no_other() -> Result<()> {
    let files = Files::new()?;
    let Some((redis, url)) = start(&files, "no")? else { return Ok(()) };
    let trusting = |ca: Option<&str>| -> Result<RedisSettings> {
        Ok(RedisSettings { ca: ca.map(|name| files.at(name)), ..RedisSettings::new(url.parse()?) })
    };
    let control = in_front_of(&redis.dir.path().join("journal"), trusting(Some("ca.pem"))?).await?;
    until("Redis", async || control.status().store.trouble.is_none()).await;
    let receipt = control.apply(vec![revoke(token("acme", 1))], note()).await?;
    assert_eq!(receipt.safety, Safety::Store);
    // Wrong, or the public ones, which did not sign it.
    for ca in [Some("other.pem"), None] {
        let error = RedisStore::new(&trusting(ca)?)?.head().await.expect_err("no trust");
        println!("{error}");
        assert!(matches!(error, StoreError::Untrusted { .. }), "{ca:?}: {error}");
        assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    }
    let plain = url.replace("rediss:", "redis:");
    let settings =
        RedisSettings { ca: Some(files.at("ca.pem")), ..RedisSettings::new(plain.parse()?) };
    let error = RedisStore::new(&settings).err().expect("a mistake").to_string();
    assert!(error.contains("without TLS"), "{error}");
    std::fs::write(files.at("empty.pem"), "no certificate")?;
    for (name, said) in [("nowhere.pem", "cannot read"), ("empty.pem", "has no certificate")] {
        let error = RedisStore::new(&trusting(Some(name))?).err().expect("a mistake").to_string();
        assert!(error.contains(name) && error.contains(said), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn where_redis_asks_for_a_certificate_one_is_shown() -> Result<()> {
    let files = Files::new()?;
    let Some((_redis, url)) = start(&files, "yes")? else { return Ok(()) };
    for (client, is_let_in) in
        [(files.pair("server"), true), (files.pair("stranger"), false), (None, false)]
    {
        let ca = Some(files.at("ca.pem"));
        let settings = RedisSettings { ca, client, ..RedisSettings::new(url.parse()?) };
        let head = RedisStore::new(&settings)?.head().await;
        println!("{head:?}");
        assert_eq!(head.is_ok(), is_let_in, "{head:?}");
        if let Err(error) = head {
            assert!(matches!(error, StoreError::Untrusted { .. }), "{error}");
        }
    }
    Ok(())
}
