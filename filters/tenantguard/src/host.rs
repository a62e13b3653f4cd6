//! Every call into the proxy, with failures as values.

use std::time::{Duration, SystemTime};

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, Bytes, GrpcStatusCode, MapType};
use tenantguard::headers::HeaderChanges;
use tenantguard::request::HeaderList;
use tenantguard::trust::CertificateDigest;

/// The bytes of a property, if the host has it. The parts of its path are joined by zero bytes, as
/// the host takes them: taking a path together for every request costs more than it shows.
pub(crate) fn property_bytes(path: &str) -> Option<Bytes> {
    hostcalls::get_property(vec![path]).ok().flatten()
}

/// A property that is text.
pub(crate) fn property(path: &str) -> Option<String> {
    property_bytes(path).and_then(|bytes| String::from_utf8(bytes).ok())
}

/// The SHA-256 digest of the client's certificate, under mTLS.
pub(crate) fn peer_certificate() -> Option<CertificateDigest> {
    let hex = property("connection\0sha256_peer_certificate_digest")?;
    let bytes = hex.as_bytes().chunks_exact(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Puts a value where the access log finds it, as `wasm.KEY` in filter state.
pub(crate) fn set_filter_state(key: &str, value: &[u8]) {
    if let Err(status) = hostcalls::set_property(vec![key], Some(value)) {
        log::error!("filter state {key} could not be set: {status:?}");
    }
}

/// The wall clock.
pub(crate) fn since_epoch() -> Option<Duration> {
    let time = hostcalls::get_current_time().ok()?;
    time.duration_since(SystemTime::UNIX_EPOCH).ok()
}

/// Every request header with every value. None at all if the host does not say.
pub(crate) fn request_headers() -> HeaderList {
    hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default()
}

/// The names of the request's trailers.
pub(crate) fn request_trailer_names() -> Vec<String> {
    let trailers = hostcalls::get_map_bytes(MapType::HttpRequestTrailers).unwrap_or_default();
    trailers.into_iter().map(|(name, _)| name).collect()
}

/// Removes a request trailer.
pub(crate) fn remove_request_trailer(name: &str) -> Result<(), HostError> {
    hostcalls::remove_map_value(MapType::HttpRequestTrailers, name).map_err(|_| HostError)
}

/// The host refused a change that the request must not go on without.
#[derive(Debug)]
pub(crate) struct HostError;

/// Makes all changes, removals first.
pub(crate) fn change_request_headers(changes: &HeaderChanges) -> Result<(), HostError> {
    let map = MapType::HttpRequestHeaders;
    for name in &changes.remove {
        hostcalls::remove_map_value(map, name).map_err(|_| HostError)?;
    }
    for (name, value) in &changes.set {
        hostcalls::set_map_value_bytes(map, name, Some(value.as_bytes())).map_err(|_| HostError)?;
    }
    Ok(())
}

/// Sets a header of the answer, in place of what the upstream may have there.
pub(crate) fn set_response_header(name: &str, value: &str) {
    if hostcalls::set_map_value(MapType::HttpResponseHeaders, name, Some(value)).is_err() {
        log::error!("the host refused a header of the answer");
    }
}

/// Lets a paused request go on.
pub(crate) fn resume_request() {
    if hostcalls::resume_http_request().is_err() {
        log::error!("a request could not be resumed");
    }
}

/// Makes a context the one that further calls are for; `false` if it is gone.
pub(crate) fn enter_context(id: u32) -> bool {
    hostcalls::set_effective_context(id).is_ok()
}

/// Has the root context's tick called this often.
pub(crate) fn set_tick_period(period: Duration) {
    if hostcalls::set_tick_period(period).is_err() {
        log::error!("the host gives no tick: nothing can be fetched");
    }
}

/// Ends the stream whose context is in effect. A second time the proxy does not survive.
pub(crate) fn end_stream() {
    if hostcalls::reset_http_request().is_err() {
        log::error!("a stream could not be ended");
    }
}

/// A value in shared data, with its version.
pub(crate) fn shared(key: &str) -> Option<(Bytes, u32)> {
    match hostcalls::get_shared_data(key) {
        Ok((Some(value), version)) => Some((value, version.unwrap_or(0))),
        _ => None,
    }
}

/// The version of a value in shared data. Of an empty value, that costs the host no copy of it.
pub(crate) fn shared_version(key: &str) -> Option<u32> {
    hostcalls::get_shared_data(key).ok()?.1
}

/// Sets a value in shared data.
pub(crate) fn set_shared(key: &str, value: &[u8]) {
    if hostcalls::set_shared_data(key, Some(value), None).is_err() {
        log::error!("{key} could not be set in shared data");
    }
}

/// Sets a value in shared data if it still has this version.
pub(crate) fn swap_shared(key: &str, value: &[u8], version: u32) -> bool {
    hostcalls::set_shared_data(key, Some(value), Some(version)).is_ok()
}

/// Sets a value in shared data if there is none. The host compares versions only where there is a
/// value, and this version no value ever has.
pub(crate) fn create_shared(key: &str, value: &[u8]) -> bool {
    swap_shared(key, value, u32::MAX)
}

/// Begins a call to a cluster; `None` if there is no such cluster.
pub(crate) fn begin_call(
    cluster: &str,
    headers: Vec<(&str, &str)>,
    body: Option<&[u8]>,
    timeout: Duration,
) -> Option<u32> {
    hostcalls::dispatch_http_call(cluster, headers, body, Vec::new(), timeout).ok()
}

/// The headers of the answer at hand.
pub(crate) fn call_response_headers() -> HeaderList {
    hostcalls::get_map_bytes(MapType::HttpCallResponseHeaders).unwrap_or_default()
}

/// The body of the answer at hand.
pub(crate) fn call_response_body(size: usize) -> Bytes {
    let body = hostcalls::get_buffer(BufferType::HttpCallResponseBody, 0, size);
    body.ok().flatten().unwrap_or_default()
}

/// Answers in place of the upstream.
pub(crate) fn respond_http(status: u16, headers: &[(String, String)], body: &[u8]) {
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if hostcalls::send_http_response(u32::from(status), headers, Some(body)).is_err() {
        log::error!("an answer with status {status} could not be sent");
    }
}

/// Answers a gRPC client in place of the upstream.
pub(crate) fn respond_grpc(status: u32, message: &str, headers: &[(String, String)]) {
    let metadata = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    if hostcalls::send_grpc_response(grpc_code(status), Some(message), metadata).is_err() {
        log::error!("an answer with gRPC status {status} could not be sent");
    }
}

fn grpc_code(status: u32) -> GrpcStatusCode {
    match status {
        1 => GrpcStatusCode::Cancelled,
        3 => GrpcStatusCode::InvalidArgument,
        7 => GrpcStatusCode::PermissionDenied,
        8 => GrpcStatusCode::ResourceExhausted,
        12 => GrpcStatusCode::Unimplemented,
        14 => GrpcStatusCode::Unavailable,
        16 => GrpcStatusCode::Unauthenticated,
        _ => GrpcStatusCode::Unknown,
    }
}
