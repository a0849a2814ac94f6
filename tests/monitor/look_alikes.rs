//! The measure of resemblance, held to look-alikes.txt: those who resemble somebody, and those who do
//! not.

use probant::monitor::resemblance::{Appearance, Likeness};
use probant_core::statement::IssuerRecord;

fn appearance(fields: &str) -> Appearance {
    let fields: Vec<_> = fields.split('|').map(str::trim).collect();
    let [id, name, country, number] = fields[..] else { panic!("{fields:?}") };
    let record = IssuerRecord {
        legal_name: name.into(),
        country: country.into(),
        registration: number.into(),
    };
    Appearance::new(&id.parse().unwrap(), &record)
}

fn names(found: &[Likeness]) -> String {
    let name = |likeness| serde_json::to_value(likeness).unwrap().as_str().unwrap().to_owned();
    let names: Vec<_> = found.iter().map(name).collect();
    if names.is_empty() { "-".into() } else { names.join(",") }
}

#[test]
fn look_alikes_are_found_and_others_are_not() {
    let (mut own, mut wrong, mut count) = (None, Vec::new(), 0);
    for line in include_str!("look-alikes.txt").lines().map(str::trim) {
        let Some((expected, fields)) = line.split_once(' ').filter(|(first, _)| *first != "#")
        else {
            continue;
        };
        if expected == "own" {
            own = Some(appearance(fields));
            continue;
        }
        count += 1;
        let found = names(&own.as_ref().unwrap().likenesses(&appearance(fields)));
        if found != expected {
            wrong.push(format!("{fields}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty() && count > 70, "{count} {wrong:#?}");
}

#[test]
fn whoever_resembles_is_resembled_by_looks_and_never_by_itself() {
    let own = appearance("energie.example | Énergie du Ponant SA | FR | 552 081 317");
    let huge = format!("{}.example | {} | FR | 9", "a-".repeat(31) + "a", "é".repeat(100));
    for other in [own.clone(), appearance(&huge)] {
        assert!(!own.likenesses(&other).contains(&Likeness::DomainElsewhere));
    }
    assert_eq!(names(&appearance(&huge).likenesses(&own)), "-");
}
