use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use super::{CommandError, read_settings};

/// How long the service may take to respond.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Checks that the service on this machine is up.
pub(super) fn run() -> Result<(), CommandError> {
    let settings = read_settings()?;
    let mut stream = connect(&settings.host, settings.port)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    match response.lines().next() {
        Some("HTTP/1.1 200 OK") => Ok(()),
        status => Err(CommandError::Input(format!("unhealthy: {}", status.unwrap_or_default()))),
    }
}

/// Connects to the first of these addresses that accepts a connection.
fn connect(host: &[IpAddr], port: u16) -> Result<TcpStream, CommandError> {
    let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
    for &address in host {
        let address = SocketAddr::new(reachable(address), port);
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = io::Error::new(error.kind(), format!("{address}: {error}")),
        }
    }
    Err(failed.into())
}

/// The address itself, or loopback for one that means all addresses of this machine.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_checked_in_its_own_family() {
        for (host, expected) in
            [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("192.0.2.1", "192.0.2.1")]
        {
            assert_eq!(reachable(host.parse().unwrap()).to_string(), expected);
        }
    }
}
