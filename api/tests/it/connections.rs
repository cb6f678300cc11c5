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

/// A connection from this address with a request whose body is missing.
async fn waiting_for_a_body(app: &TestApp, address: &str) -> TcpStream {
    let mut stream = raw::connect_from(app, address).await;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 100");
    stream
}

#[tokio::test]
async fn one_network_cannot_take_all_connections() {
    let app = narrow(&[]).await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        busy.push(waiting_for_a_body(&app, "127.0.0.2").await);
    }
    assert!(served(&app, "127.0.0.2").await.is_none());
    let _other = served(&app, "127.0.0.3").await.unwrap();
    drop(busy);
    for _ in 0..500 {
        if served(&app, "127.0.0.2").await.is_some() {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("a closed connection still counts");
}

#[tokio::test]
async fn connections_that_are_left_open_make_room_for_new_ones_of_their_network() {
    let app = narrow(&[]).await;
    let mut silent = raw::connect_from(&app, "127.0.0.2").await;
    let mut idle = served(&app, "127.0.0.2").await.unwrap();
    let mut kept = Vec::new();
    for _ in 0..2 {
        kept.push(served(&app, "127.0.0.2").await.unwrap());
    }
    for closed in [&mut silent, &mut idle] {
        let mut rest = Vec::new();
        timeout(Duration::from_secs(3), closed.read_to_end(&mut rest)).await.unwrap().unwrap();
    }
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

#[tokio::test]
async fn a_client_that_closes_its_sending_half_gets_its_response() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/api/notes"] {
        let mut stream = raw::connect_from(&app, "127.0.0.2").await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut response = Vec::new();
        let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut response)).await;
        read.unwrap().unwrap();
        assert!(response.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&response));
    }
}
