//! All of these tests once more, each service in front of a Redis of its own.

use std::process::Command;

use crate::redis_server::Redis;
use crate::rig::{IN_REDIS, Rig};

#[test]
fn everything_holds_in_front_of_redis_too() {
    if std::env::var_os(IN_REDIS).is_some() || Redis::start().unwrap().is_none() {
        return;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    // Fewer at once: each starts a Redis beside its service.
    let done = again.env(IN_REDIS, "1").arg("--test-threads=2").output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
    let summary = told.lines().find(|line| line.starts_with("test result"));
    println!("in front of Redis: {}", summary.unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_which_store_there_is() {
    let rig = Rig::new().await;
    let name = rig.get("looker", "/v1/status").await.json()["store"]["name"].to_string();
    let is_redis = std::env::var_os(IN_REDIS).is_some();
    assert_eq!(name.contains("redis://127.0.0.1"), is_redis, "{name}");
}
