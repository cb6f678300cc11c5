//! Limits on connections.

use std::{io::Write, net::TcpStream as BlockingStream, time::Duration};

use testkit::TestApp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{process::Served, raw};

/// A service that admits two connections of each network, and eight in all.
async fn narrow(trusted: &[&str]) -> TestApp {
    let trusted = trusted.iter().map(|proxy| proxy.parse().unwrap()).collect();
    TestApp::start_with(|settings| {
        settings.network.max_connections = 8;
        settings.network.trusted_proxies = trusted;
    })
    .await
}

/// A connection from this address that got a response, or `None` if it was closed instead.
async fn served(app: &TestApp, address: &str) -> Option<TcpStream> {
    let mut stream = raw::connect_from(app, address).await;
    // Fails if the connection is closed already.
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut status = [0; 12];
    let read = timeout(Duration::from_secs(10), stream.read_exact(&mut status)).await.unwrap();
    read.ok()?;
    assert_eq!(&status, b"HTTP/1.1 200");
    Some(stream)
}

#[tokio::test]
async fn one_network_cannot_take_all_connections() {
    let app = narrow(&[]).await;
    let first = served(&app, "127.0.0.2").await.unwrap();
    let _second = served(&app, "127.0.0.2").await.unwrap();
    assert!(served(&app, "127.0.0.2").await.is_none());
    let _other = served(&app, "127.0.0.3").await.unwrap();
    drop(first);
    for _ in 0..500 {
        if served(&app, "127.0.0.2").await.is_some() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("a closed connection still counts");
}

#[tokio::test]
async fn a_trusted_proxy_can_have_all_connections() {
    let app = narrow(&["127.0.0.2/32"]).await;
    let mut proxied = Vec::new();
    for _ in 0..8 {
        proxied.push(served(&app, "127.0.0.2").await.unwrap());
    }
    assert!(served(&app, "127.0.0.2").await.is_none());
    assert!(served(&app, "127.0.0.3").await.is_none());
}

#[test]
fn a_connection_takes_one_open_file() {
    const CONNECTIONS: usize = 300;
    let directory = tempfile::tempdir().unwrap();
    let service = Served::start(directory.path(), &[]);
    let before = service.open_files();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = BlockingStream::connect(service.address()).unwrap();
        connection.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
        connections.push(connection);
    }
    let mut open = 0;
    for _ in 0..500 {
        open = service.open_files() - before;
        if open >= CONNECTIONS {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(200));
    open = open.max(service.open_files() - before);
    assert!((CONNECTIONS..CONNECTIONS + 20).contains(&open), "{open}");
}
