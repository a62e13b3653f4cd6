//! A way to Redis that can be cut.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

/// Passes bytes on until it is cut: then every connection ends, and no new one is made.
pub(crate) struct Relay {
    pub(crate) port: u16,
    pub(crate) is_cut: Arc<AtomicBool>,
}

impl Relay {
    pub(crate) fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = Arc::clone(&is_cut);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if cut.load(Ordering::Relaxed) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let (Ok(client_2), Ok(server_2)) = (client.try_clone(), server.try_clone()) else {
                    continue;
                };
                let (cut_1, cut_2) = (Arc::clone(&cut), Arc::clone(&cut));
                std::thread::spawn(move || pass(client, server, &cut_1));
                std::thread::spawn(move || pass(server_2, client_2, &cut_2));
            }
        });
        Ok(Self { port, is_cut })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
    use std::io::{ErrorKind, Read as _, Write as _};
    let mut buffer = vec![0; 65_536];
    let _ = from.set_read_timeout(Some(Duration::from_millis(10)));
    while !is_cut.load(Ordering::Relaxed) {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) if to.write_all(&buffer[..count]).is_ok() => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            _ => break,
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
