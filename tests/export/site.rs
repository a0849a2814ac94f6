//! A web server that serves files, and nothing but files.

use std::{net::SocketAddr, path::PathBuf};

use axum::{
    Router,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Response},
};

/// Serves a directory on a free port of loopback for as long as the test runs.
pub async fn serve(dir: PathBuf) -> SocketAddr {
    let file = move |uri: Uri| {
        let path = dir.join(uri.path().trim_start_matches('/'));
        async move { read(path).await }
    };
    answer(Router::new().fallback(file)).await
}

/// Answers as these routes do, in the same way.
pub async fn answer(routes: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

async fn read(path: PathBuf) -> Response {
    match tokio::fs::read(path).await {
        Ok(bytes) => bytes.into_response(),
        Err(_) => (StatusCode::NOT_FOUND, "<html>nothing here").into_response(),
    }
}
