//! The API's description and its page, as they are served.

use hyper::Method;

use crate::harness::{Home, bounded};

#[tokio::test]
async fn the_description_is_served_and_every_path_in_it_is_there() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        let reply = client.get("/openapi.json").await;
        reply.clone().expect(200, "application/json", "no-cache");
        let document = reply.json();
        assert_eq!(document["openapi"], "3.1.0");
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() > 25, "{}", paths.len());
        for (path, item) in paths {
            for method in ["get", "post", "put", "delete"] {
                let path = path.replace(['{', '}'], "");
                let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let reply = client.send(verb, &path, vec![]).await;
                let is_described = item.get(method).is_some();
                assert_eq!(reply.status != 405, is_described, "{method} {path}");
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                assert!(!text.contains("nothing at this path"), "{method} {path}: {text}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_page_of_the_api_loads_nothing_from_elsewhere() {
    bounded(60, async {
        let home = Home::init();
        let server = home.serve(&[]);
        let client = server.client();
        for (path, content_type) in [
            ("/api", "text/html; charset=utf-8"),
            ("/page/api.js", "text/javascript; charset=utf-8"),
            ("/page/api.css", "text/css; charset=utf-8"),
        ] {
            let reply = client.get(path).await;
            let policy = reply.header("content-security-policy").to_owned();
            assert!(
                policy.contains("default-src 'none'") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            let text = reply.expect(200, content_type, "no-cache");
            let text = str::from_utf8(&text).unwrap();
            assert!(!text.contains("//cdn") && !text.contains("https://"), "{path}");
            assert!(!text.contains("style=") && !text.contains("onclick"), "{path}");
        }
        let page = client.get("/api").await.body;
        let page = str::from_utf8(&page).unwrap();
        assert!(page.contains("src=\"page/api.js\"") && page.contains("href=\"page/api.css\""));
    })
    .await;
}
