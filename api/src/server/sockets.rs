use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

use tokio::net::TcpSocket;

/// How many connections may wait to be accepted, per address.
const BACKLOG: u32 = 1_024;

/// Listens on each of the host's addresses that this machine has, and returns the first one with the
/// port.
///
/// # Errors
/// If one of the addresses is in use, or the machine has none of them.
pub(super) fn listen(host: &[IpAddr], port: u16) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let mut sockets = Vec::new();
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for &address in host {
        match socket(SocketAddr::new(address, port)) {
            Ok(socket) => sockets.push(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failed = error,
        }
    }
    match sockets.first().map(TcpListener::local_addr) {
        Some(address) => Ok((address?, sockets)),
        None => Err(failed),
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without this, the port of a process that has just ended could not be reused for a minute.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
