//! Many documents at once: the ledger's word, about what was asked.

use probant::{Error, client::Client, verdict::Verdict};
use probant_core::Fingerprint;

use super::{Desk, prefixes::Edit, sample_world::ISSUER, statuses::document};

/// So many made-up documents, and one that is certified at this place.
fn asked(count: usize, at: usize) -> Vec<Fingerprint> {
    let name = |number| if number == at { "a".into() } else { format!("nobody's {number}") };
    (0..count).map(|number| document(&name(number))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_documents_is_asked_about_a_thousand_at_a_time() {
    let desk = Desk::new().await;
    let entry = desk.certified("a", (ISSUER, 9));
    let client = Client::new(&desk.ledger.url).unwrap();
    for (count, at, requests) in [(0, 0, 0), (1, 0, 1), (1000, 999, 1), (1001, 1000, 2)] {
        desk.ledger.faults().requests.clear();
        let said = client.documents_of(&asked(count, at)).await.unwrap();
        assert_eq!(said.len(), count);
        for (number, one) in said.iter().enumerate() {
            let entries: Vec<_> = one.certifications.iter().map(|one| one.entry).collect();
            let expected = if number == at {
                (Verdict::Certified, vec![entry])
            } else {
                (Verdict::Unknown, vec![])
            };
            assert_eq!((one.verdict, entries), expected);
            assert_eq!(one.head.height, 2);
        }
        assert_eq!(desk.ledger.faults().requests, vec!["POST /documents"; requests]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_other_documents_is_a_lie() {
    let desk = Desk::new().await;
    desk.certified("a", (ISSUER, 9));
    let client = Client::new(&desk.ledger.url).unwrap();
    let asked = asked(3, 1);
    let edits: [(Edit, &str); 4] = [
        (|answer| documents(answer).reverse(), "another document is in the place of"),
        (|answer| drop(documents(answer).pop()), "3 documents were asked about, it is about 2"),
        (
            |answer| {
                let again = documents(answer)[0].clone();
                documents(answer).push(again);
            },
            "3 documents were asked about, it is about 4",
        ),
        (
            |answer| documents(answer)[2] = documents(answer)[1].clone(),
            "another document is in the place of",
        ),
    ];
    for (edit, why) in edits {
        desk.ledger.faults().edit = Some(Box::new(edit));
        match client.documents_of(&asked).await {
            Err(Error::Stop(words)) => assert!(words.contains(why), "{words}"),
            other => panic!("{other:?}"),
        }
    }
    desk.ledger.faults().edit = Some(Box::new(|answer| *answer = "no ledger".into()));
    let no_ledger = client.documents_of(&asked).await;
    assert!(matches!(no_ledger, Err(Error::Busy { .. })), "{no_ledger:?}");
}

fn documents(answer: &mut serde_json::Value) -> &mut Vec<serde_json::Value> {
    answer["documents"].as_array_mut().unwrap()
}
