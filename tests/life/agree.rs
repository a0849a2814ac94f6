//! Where the registry and the model must say the same: in everything that can be asked.

use probant_core::{
    cose_key::CoseKey,
    key::{Kid, Use},
    registry::Registry,
};

use crate::{
    cast::{self, ISSUERS},
    judged::{Issuer, Key},
    model::Model,
};

pub fn assert_agreed(registry: &Registry, model: &Model) {
    let now = model.judged();
    for kid in cast::every_kid() {
        match now.keys.get(&kid) {
            Some(key) => assert_key(registry, model, &kid, key),
            None => assert!(registry.key(&kid).is_none(), "nobody brought key {kid}"),
        }
        let subject = format!("key:{kid}");
        assert_eq!(registry.next_seq(&subject), model.next_seq(&subject), "{subject}");
    }
    for id in ISSUERS {
        match now.issuers.get(id) {
            Some(issuer) => assert_issuer(registry, model, id, issuer),
            None => assert!(registry.issuer(id).is_none(), "nobody enrolled {id}"),
        }
        let subject = format!("issuer:{id}");
        assert_eq!(registry.next_seq(&subject), model.next_seq(&subject), "{subject}");
    }
    assert_eq!(registry.issuers().len(), now.issuers.len());
    assert_eq!(registry.policy().list_count_max, now.list_count_max);
    assert_eq!(registry.next_seq("policy"), model.next_seq("policy"));
    for r#use in Use::LEDGER_ALL {
        let own = registry.own_key(r#use).map(CoseKey::kid);
        assert_eq!(own.as_ref(), now.own.get(&r#use), "{use:?}");
        let mut ever: Vec<_> = now.keys.iter().filter(|(_, key)| key.r#use == r#use).collect();
        ever.sort_by_key(|(_, key)| key.brought.entry);
        let ever: Vec<_> = ever.iter().map(|(_, key)| key.brought.entry).collect();
        assert_eq!(registry.own_entries(r#use).collect::<Vec<_>>(), ever, "{use:?}");
    }
}

fn assert_key(registry: &Registry, model: &Model, kid: &Kid, key: &Key) {
    let signer = registry.key(kid).unwrap_or_else(|| panic!("key {kid} was brought"));
    assert_eq!(signer.key.kid(), *kid);
    assert_eq!((signer.r#use, &signer.owner), (key.r#use, &key.owner), "{kid}");
    assert_eq!(signer.added, key.brought, "{kid}");
    assert_eq!(signer.status, model.key_value(&key.owner, kid), "{kid} of {}", key.owner);
}

fn assert_issuer(registry: &Registry, model: &Model, id: &str, expected: &Issuer) {
    let issuer = registry.issuer(id).unwrap_or_else(|| panic!("{id} was enrolled"));
    assert_eq!(issuer.record, expected.record, "{id}");
    assert_eq!(issuer.enrolled, expected.enrolled, "{id}");
    assert_eq!(issuer.void, expected.void.is_some(), "{id}");
    assert_eq!(issuer.status, model.issuer_value(id), "{id}");
}
