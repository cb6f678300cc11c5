use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, TcpStream, ToSocketAddrs},
    time::Duration,
};

use super::{CommandError, settings};

/// How long the service has to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks the service that runs on this machine whether it serves.
pub(super) fn run() -> Result<(), CommandError> {
    let settings = settings()?;
    let unspecified = settings.host.parse().is_ok_and(|host: IpAddr| host.is_unspecified());
    let host = if unspecified { Ipv4Addr::LOCALHOST.to_string() } else { settings.host };
    let address = (host.as_str(), settings.port).to_socket_addrs()?.next();
    let address = address.ok_or_else(|| CommandError::Input(format!("{host} is no address")))?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.lines().next() {
        Some("HTTP/1.1 200 OK") => Ok(()),
        status => Err(CommandError::Input(format!("unhealthy: {}", status.unwrap_or_default()))),
    }
}
