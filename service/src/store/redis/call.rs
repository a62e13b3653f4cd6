//! The functions that Redis runs: one library, loaded once (FUNCTION LOAD, since 7.0), or, where the
//! server or the user's ACL does not have that, the same bodies as scripts (EVALSHA).

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::{Cmd, FromRedisValue, RedisResult, cmd, from_redis_value};

use super::connection::Connection;

macro_rules! functions {
    ($($function:ident = $name:literal, $file:literal;)*) => {
        /// A function of the library.
        #[derive(Debug, Clone, Copy)]
        pub(super) enum Function { $($function),* }

        impl Function {
            const ALL: &[Self] = &[$(Self::$function),*];

            const fn name(self) -> &'static str {
                match self { $(Self::$function => $name),* }
            }

            const fn body(self) -> &'static str {
                match self { $(Self::$function => include_str!($file)),* }
            }
        }
    };
}

functions! {
    Append = "tenantguard_1_append", "lua/append.lua";
    Seed = "tenantguard_1_seed", "lua/seed.lua";
    SessionCreate = "tenantguard_1_session_create", "lua/session_create.lua";
    SessionTouch = "tenantguard_1_session_touch", "lua/session_touch.lua";
    SessionRemove = "tenantguard_1_session_remove", "lua/session_remove.lua";
}

/// The library of all functions. Its name and theirs carry its version: two versions of this
/// program can use one Redis.
static LIBRARY: LazyLock<String> = LazyLock::new(|| {
    let mut library = "#!lua name=tenantguard_1\n".to_owned();
    for function in Function::ALL {
        let (name, body) = (function.name(), function.body());
        library.push_str(&format!(
            "redis.register_function('{name}', function(keys, args)\n{body}\nend)\n"
        ));
    }
    library
});

/// How functions are called on one Redis.
#[derive(Debug, Default)]
pub(super) struct Caller {
    by_script: AtomicBool,
}

impl Caller {
    /// Calls scripts only, as where functions are not to be had.
    pub(super) fn by_script() -> Self {
        Self { by_script: AtomicBool::new(true) }
    }

    pub(super) async fn call<T: FromRedisValue>(
        &self,
        connection: &mut Connection,
        function: Function,
        keys: &[String],
        args: &[&[u8]],
    ) -> RedisResult<T> {
        let value = if self.by_script.load(Ordering::Relaxed) {
            script(connection, function, keys, args).await?
        } else {
            self.function(connection, function, keys, args).await?
        };
        Ok(from_redis_value(value)?)
    }

    async fn function(
        &self,
        connection: &mut Connection,
        function: Function,
        keys: &[String],
        args: &[&[u8]],
    ) -> RedisResult<redis::Value> {
        let call = with(cmd("FCALL").arg(function.name()), keys, args);
        let error = match call.query_async(connection).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !is_unknown_function(&error) && !is_forbidden(&error) {
            return Err(error);
        }
        let load = cmd("FUNCTION").arg("LOAD").arg("REPLACE").arg(LIBRARY.as_str()).to_owned();
        match load.query_async::<redis::Value>(connection).await {
            Ok(_) => call.query_async(connection).await,
            Err(error) if is_forbidden(&error) => {
                tracing::info!(%error, "Redis has no functions for this user; scripts are used");
                self.by_script.store(true, Ordering::Relaxed);
                script(connection, function, keys, args).await
            }
            Err(error) => Err(error),
        }
    }
}

async fn script(
    connection: &mut Connection,
    function: Function,
    keys: &[String],
    args: &[&[u8]],
) -> RedisResult<redis::Value> {
    let body = format!("local keys, args = KEYS, ARGV\n{}", function.body());
    let script = redis::Script::new(&body);
    let call = with(cmd("EVALSHA").arg(script.get_hash()), keys, args);
    match call.query_async(connection).await {
        Err(error) if error.code() == Some("NOSCRIPT") => {
            with(cmd("EVAL").arg(&body), keys, args).query_async(connection).await
        }
        other => other,
    }
}

fn with(call: &mut Cmd, keys: &[String], args: &[&[u8]]) -> Cmd {
    call.arg(keys.len()).arg(keys);
    for arg in args {
        call.arg(*arg);
    }
    call.clone()
}

fn is_unknown_function(error: &redis::RedisError) -> bool {
    error.to_string().contains("Function not found")
}

/// An ACL that keeps a command back, or a server that does not know it.
fn is_forbidden(error: &redis::RedisError) -> bool {
    error.code() == Some("NOPERM") || error.to_string().contains("unknown command")
}
