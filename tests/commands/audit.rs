//! Audits over the network: cut off, told to end, gone on with, and held to what was seen before.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use probant_core::framing::frame;

use super::*;

/// Which heights were asked for, and the connections on which nothing more is said.
type Served = thread::JoinHandle<(Vec<usize>, Vec<TcpStream>)>;

/// Serves blocks from a height on, as often as `sends` has entries: so many of them, and then it hangs
/// up, or says nothing more. Gives its URL too.
fn serve(blocks: Vec<Vec<u8>>, sends: Vec<(usize, bool)>) -> (String, Served) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut asked = Vec::new();
        let mut open = Vec::new();
        for (count, hangs) in sends {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = [0; 2048];
            let read = socket.read(&mut request).unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let height = request.strip_prefix("GET /blocks/from/").unwrap();
            let height: usize = height.split(' ').next().unwrap().parse().unwrap();
            let records = |blocks: &[Vec<u8>]| -> Vec<u8> {
                blocks.iter().flat_map(|block| frame(block).unwrap()).collect()
            };
            let all = records(&blocks[height..]);
            write!(
                socket,
                "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                all.len()
            )
            .unwrap();
            // Whoever asks only to see that somebody answers hangs up first.
            let _ = socket.write_all(&records(&blocks[height..(height + count).min(blocks.len())]));
            asked.push(height);
            if hangs {
                open.push(socket);
            }
        }
        (asked, open)
    });
    (url, served)
}

async fn desk() -> (Desk, Vec<Vec<u8>>) {
    let desk = Desk::new().await;
    for name in ["a", "b", "c"] {
        desk.write(&format!("bills/{name}.pdf"), name);
        desk.certify(&[]).expect(0, "");
    }
    let blocks = desk.ledger.world().blocks.iter().map(|sealed| sealed.block.encode()).collect();
    (desk, blocks)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_was_cut_off_goes_on_where_it_was() {
    let (desk, blocks) = desk().await;
    let last = blocks.len() - 1;
    assert!(last >= 4, "{last}");
    let (url, served) = serve(blocks, vec![(3, false), (0, false), (99, false)]);
    desk.run(&["audit", &url, "--state", "seen"]).expect(3, "NOT READ: block 3");
    let words =
        format!("WHOLE: blocks 0 to {last} passed every check, 0 to 2 of them in an earlier");
    desk.run(&["audit", &url, "--state", "seen", "--resume"]).expect(0, &words);
    // The last block that passed is asked for again: it has to be the same.
    assert_eq!(served.join().unwrap().0, [0, 0, 2]);
    desk.run(&["audit", &desk.ledger.url, "--resume", "--state", "nothing"])
        .expect(2, "nothing that was kept can be resumed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_is_told_to_end_does() {
    for signal in ["-TERM", "-INT"] {
        let (desk, blocks) = desk().await;
        let (url, served) = serve(blocks, vec![(2, true)]);
        let mut child = desk.command(&["audit", &url, "--state", "seen"]).spawn().unwrap();
        let ran = tokio::task::block_in_place(|| {
            // It has asked, and nothing more will come.
            let _open = served.join().unwrap();
            let pid = child.id().to_string();
            assert!(child.try_wait().unwrap().is_none());
            Command::new("kill").args([signal, &pid]).status().unwrap();
            Ran(child.wait_with_output().unwrap())
        });
        ran.expect(130, "INTERRUPTED: ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_held_to_what_was_seen_of_it_by_every_way_to_it() {
    let (desk, blocks) = desk().await;
    let audit = |url: &str, more: &[&str]| {
        desk.run(&[&["audit", url, "--state", "seen", "--html", "audit.html"], more].concat())
    };
    audit(&desk.ledger.url, &[]).expect(0, "first audit of this ledger here");
    audit(&desk.ledger.url, &[]).expect(0, "it is that history");
    let (lagging, served) = serve(blocks[..3].to_vec(), vec![(3, false)]);
    audit(&lagging, &[]).expect(3, "BEHIND: this auditor has seen block");
    served.join().unwrap();
    let page = fs::read_to_string(desk.at("audit.html")).unwrap();
    assert!(page.contains("BEHIND: this auditor has seen block"), "{page}");
    let ran = desk.run(&["audit", &desk.ledger.url, "--no-state"]).expect(0, "WHOLE: blocks 0 to");
    assert!(!ran.text().contains("held to"), "{}", ran.text());
    // Nobody's home: it is said that nothing is kept.
    desk.run(&["audit", &desk.ledger.url]).expect(0, "what was seen is not kept");
    let mut at_home = desk.command(&["audit", &desk.ledger.url]);
    let ran = Ran(at_home.env("HOME", desk.at("home")).output().unwrap());
    ran.expect(0, "home/.local/state/probant/audit");
    desk.write("note", "no checkpoint");
    desk.run(&["audit", &desk.ledger.url, "--since", "note"]).expect(2, "a signed note is needed");
}
