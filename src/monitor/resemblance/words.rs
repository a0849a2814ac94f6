//! Words that tell nobody apart: what is put before and after names to pass for their owner, legal
//! forms, articles, and labels that are no names. In the look of `look`.

use std::{collections::HashSet, sync::LazyLock};

use super::look;

type Words = LazyLock<HashSet<String>>;

/// What passes for a part of somebody: its bills, its service, its country.
static ADDED: Words = LazyLock::new(|| {
    looked(
        "facture factures facturation paiement paiements payer client clients clientele espace mon \
         ma mes votre compte comptes service services contact secure securise securisee securite \
         login connexion portail portal pay payment bill bills billing invoice invoices my account \
         accounts online enligne support help aide info infos infor officiel officielle official \
         site web www app mail remboursement verification verif attestation attestations certificat \
         certification certifie preuve domicile digital numerique direct pro particulier \
         particuliers group groupe france fr eu europe international eco agence abonnement \
         abonnements contrat contrats relation urgence assistance",
    )
});

/// Legal forms, of France and its neighbours.
static FORMS: Words = LazyLock::new(|| {
    looked(
        "sa sas sasu sarl eurl earl snc scs sca sci scop scic scp selarl gie gip epic ei eirl cie \
         compagnie se gmbh ag kg ohg ug ev ltd limited plc llp llc inc incorporated corp corporation \
         co company bv nv bvba sprl srl spa sapa sl slu lda oy oyj ab as asa aps is sro zoo doo kft zrt \
         societe anonyme",
    )
});

/// Words that hold others together.
static LITTLE: Words = LazyLock::new(|| {
    looked("de du des d la le les l et a au aux en the of and und der die das van di del della y")
});

/// Labels that stand before an ending and are nobody's name.
const NOT_NAMES: [&str; 14] = [
    "co", "com", "net", "org", "gov", "gouv", "edu", "ac", "asso", "nom", "tm", "prd", "www", "web",
];

fn looked(words: &str) -> HashSet<String> {
    words.split_whitespace().map(look).collect()
}

pub fn is_added(word: &str) -> bool {
    ADDED.contains(word) || LITTLE.contains(word)
}

pub fn is_form(word: &str) -> bool {
    FORMS.contains(word)
}

pub fn is_little(word: &str) -> bool {
    LITTLE.contains(word)
}

/// Of a label as it is, and not as it looks.
pub fn is_no_name(label: &str) -> bool {
    NOT_NAMES.contains(&label)
}
