// The page in English. The same keys as words/fr.js; `{name}` is replaced by a value.
export default {
  skip: "Skip to the content",
  pages: "Pages",
  language: "Language",
  "nav.verify": "Verify",
  "nav.explorer": "Explorer",
  "nav.api": "API",
  "title.verify": "Is this document certified? · Probant",
  "title.explorer": "Explorer · Probant",

  "verify.question": "Is this document certified?",
  "verify.choose": "Choose documents",
  "verify.drop": "or drop them here; a .proof file may come with its document",
  "verify.kept":
    "Your document is read here, in your browser, and goes nowhere. Only its fingerprint is looked up.",
  "verify.prefix": "Send only the beginning of the fingerprint",
  "verify.prefix.note":
    "The rest is compared here. Where several documents begin so, the ledger cannot tell which one it is.",

  answers: "Answers",
  "answers.there.one": "{count} answer is there.",
  "answers.there.other": "{count} answers are there.",
  "wait.hashing": "Reading the document…",
  "wait.asking": "Asking the ledger, and verifying what it answers…",
  "wait.verifying": "Verifying the proof…",

  "outcome.certified": "Certified",
  "outcome.stood": "Was certified",
  "outcome.linked": "Certified. Is it the one you hold?",
  "outcome.superseded": "Replaced",
  "outcome.revoked": "Withdrawn",
  "outcome.distrusted": "No longer trusted",
  "outcome.unknown": "Unknown",
  "outcome.unknown.says":
    "This ledger knows no certification of exactly these bytes, up to block {height}, {age}. That does not make the document a forgery: it may have been scanned, printed to a file or saved again, or never have been certified here. Ask for the original file, from whoever gave you this one or from the issuer.",
  "outcome.lie": "The ledger’s answer does not hold",
  "outcome.lie.says":
    "What this ledger says is not what it can show. Do not rely on it, whatever it says: keep the document, and tell the ledger’s operator and the issuer.",
  "outcome.stranger": "This is another ledger",
  "outcome.stranger.says":
    "Nothing is verified against a ledger that you do not know. Read what is said above.",
  "outcome.stale": "The ledger’s answer is too old",
  "outcome.stale.says":
    "The newest block that the ledger shows is block {height}, sealed {age}; 10 minutes are allowed. What happened since is not known. Try again; if it stays so, tell the ledger’s operator.",
  "outcome.behind": "The ledger’s answer is too old",
  "outcome.behind.says":
    "The ledger showed block {newest}, and then answered as of block {height}. What happened between is not known. Try again; if it stays so, tell the ledger’s operator.",
  "outcome.aged": "This answer has grown old",
  "outcome.aged.says":
    "It is as of block {height}, sealed {age}. What happened since is not known: ask again.",
  "outcome.ahead": "Two clocks do not agree",
  "outcome.ahead.says":
    "The newest block, {height}, is of a time that has not come by the clock of this machine. Set the clock right, and try again.",
  "outcome.unreachable": "The ledger gives no answer",
  "outcome.unreachable.says":
    "It is out of reach, or busy. Nothing can be said about the document now. With its .proof file it can be verified without the ledger.",
  "outcome.curious": "The ledger wants to know more",
  "outcome.curious.says":
    "It says that too many documents begin like this one. To answer, it must be given the whole fingerprint: then it knows which document you hold.",
  "outcome.damaged": "This link is damaged",
  "outcome.damaged.says":
    "It names no document. Scan or open it again, or bring the document itself.",
  "outcome.unverified": "Not verified",
  "outcome.unverified.says":
    "The ledger says: {said}. That is its word alone: this browser cannot verify its proofs.",
  "outcome.altered": "Not the document of this proof",
  "outcome.altered.says":
    "The proof is of other bytes: this document was altered, or it is another one.",
  "outcome.refused": "The proof does not hold",
  "outcome.refused.says":
    "The .proof file does not show what it should: it was damaged or altered, or it is for another ledger. Ask the ledger about the document itself.",
  "outcome.alone": "A proof without its document",
  "outcome.alone.says":
    "Choose the document and its .proof file together: a proof says nothing until the document is read.",
  "outcome.nameless": "Verified against what?",
  "outcome.nameless.says":
    "The ledger is out of reach, and no identity is pinned. Paste the ledger’s identity below, and bring document and proof again.",
  "outcome.unable": "This browser cannot verify",
  "outcome.unable.says": "Signatures cannot be verified here: read what is said above.",
  "outcome.unreadable": "The document cannot be read",
  "outcome.unreadable.says":
    "Your browser could not read it. A folder cannot be verified: choose the files in it.",
  "outcome.failed": "This page has failed",
  "outcome.failed.says": "That is a fault of the page, and says nothing about the document.",

  "standing.certified": "{by} certified exactly these bytes, and that stands.",
  "standing.stood": "{by} certified exactly these bytes. That stood {age}, at block {height}.",
  "standing.linked": "{by} certified the document that this link names, and that stands.",
  "standing.superseded":
    "{by} certified these bytes, and put another document in their place on {time}. Ask for the new one.",
  "standing.revoked":
    "{by} certified these bytes, and took that back on {time}: {reason}. Do not rely on them.",
  "standing.distrusted.compromised":
    "These bytes were certified in the name of {by}, with a key that was in other hands since {since}. Do not rely on them.",
  "standing.distrusted.void":
    "These bytes were certified in the name of {by}, with a key that counts as never given, since {since}. Do not rely on them.",
  "reason.unspecified": "no reason is given",
  "reason.issued-in-error": "it was issued in error",
  "reason.withdrawn": "it was right, and holds no longer",
  "reason.obtained-by-fraud": "it was obtained by fraud",
  "reason.superseded": "it was replaced",
  "says.certified":
    "This does not say that what the document states is true, nor that the certification stands after that block.",
  "says.fallen": "Exactly these bytes were certified, and that does not stand.",

  "answer.linked": "The document of this link",
  "answer.fingerprint": "Fingerprint",
  "answer.by": "Certified by",
  "answer.when": "Certified on",
  "answer.where": "In the ledger",
  "answer.where.is": "block {block}, entry {entry}",
  "answer.others.one": "with {count} document",
  "answer.others.other": "one of {count} documents",
  "answer.replacement": "Replaced by",
  "answer.fresh": "As of",
  "answer.asof": "block {block}",
  "answer.checked": "How",
  "answer.online": "The ledger was asked, and its proof verified in this browser",
  "answer.offline": "With the proof file alone: no network was used, nobody was asked",
  "answer.offline.first":
    "With the proof file alone: the ledger was asked who it is, and nothing else",
  "answer.against": "Against",

  "answer.domain": "Its domain",
  "domain.ask": "Ask {domain}",
  "domain.before":
    "Its domain can say whether the key that signed is its own. It is asked only if you press: it then learns that somebody checks, from which address and on which site, but not which document.",
  "domain.asking": "{domain} is asked…",
  "domain.asked": "Asked",
  "domain.confirmed":
    "{domain} confirms the key that signed: it lists it. So who the issuer is rests on its domain’s word too, and not on the operator’s alone.",
  "domain.not-listed":
    "{domain} does not list the key that signed, but others. An old key may have been taken out; one that never was there is not the issuer’s. Ask the issuer, by another way.",
  "domain.unpublished":
    "{domain} publishes no keys. That takes nothing away: who the issuer is rests on the operator’s word, as before.",
  "domain.unusable":
    "What {domain} publishes is no list of keys. That takes nothing away: who the issuer is rests on the operator’s word, as before.",
  "domain.unreachable":
    "{domain} could not be asked from a browser: it does not answer, or does not let pages ask it. That says nothing about the key. Without a browser: probant issuer check {domain}",

  "caution.linked":
    "No document was read. Bring yours here: it is compared with the one that the link names.",
  "caution.offline": "Whether it was withdrawn since, only the ledger knows: ask it.",
  "caution.withdrawn": "{by} certified the same bytes too, and withdrew them.",
  "caution.replaced": "{by} certified the same bytes too, and replaced them.",

  "note.key.retired": "Its key was retired on {since}: what was sealed before stands.",
  "note.key.stopped": "Its key was stopped on {since}: what was sealed before stands.",
  "note.key.compromised":
    "Its key was in other hands since {since}: what was sealed before stands.",
  "note.key.void": "Its key counts as never given, since {since}.",
  "note.issuer.suspended": "Its issuer is suspended since {since}: what was sealed before stands.",
  "note.notshown.one": "{count} more certification, which was not checked.",
  "note.notshown.other": "{count} more certifications, which were not checked.",
  "note.atleast.one": "At least {count} more certification, which was not checked.",
  "note.atleast.other": "At least {count} more certifications, which were not checked.",
  "note.first":
    "Verified against the identity that the ledger gives of itself: compare it, and pin it.",
  "note.unknown":
    "This rests on the ledger’s word: that something is not there cannot be proven by it.",
  "note.complete": "That no other issuer says otherwise rests on the ledger’s word.",
  "note.prefix.none":
    "Asked by the first {digits} digits of its fingerprints. No document on this ledger begins so.",
  "note.prefix.one":
    "Asked by the first {digits} digits of its fingerprints. Only {count} document begins so: the ledger can tell which one it is.",
  "note.prefix.other":
    "Asked by the first {digits} digits of its fingerprints. For the ledger it may be any of {count} documents that begin so, or none.",

  "action.proof": "Save the proof",
  "action.print": "Print an attestation",
  "action.named": "with the document’s name",
  "action.ask": "Ask the ledger too",
  "action.again": "Ask again",
  "action.name": "Ask by the whole fingerprint",
  "action.choose": "Choose the document",

  "details.all": "In detail",
  "details.fingerprints": "Fingerprints and link",
  "details.steps": "The verification, step by step",
  "details.technical": "For whoever looks into it",
  "details.others.one": "{count} other certification",
  "details.others.other": "{count} other certifications",
  "link.says":
    "This link opens straight on the answer, here or from a QR code on the document. What follows the # is not sent to the ledger with the page.",
  "link.copy": "Copy the link",
  "link.copied": "The link is copied.",
  "link.selected": "The link is selected: copy it.",

  "steps.says":
    "What your browser did with the proof, in the order of the ledger’s format (docs/format.md 11.3). Each step must hold before the next is taken.",
  "step.passed": "holds",
  "step.refusing": "does not hold",
  "step.form": "Form",
  "step.form.says": "The proof is whole, and written in the one form that is allowed.",
  "step.document": "Document",
  "step.document.says": "The fingerprint computed here is in the list that the issuer signed.",
  "step.registry": "Registry",
  "step.registry.says":
    "From the first entry of the ledger, signature by signature, to the issuer and its key.",
  "step.statement": "Statement",
  "step.statement.says": "The issuer’s statement is signed by that key.",
  "step.head": "Head",
  "step.head.says": "The newest block of the proof is sealed by the ledger’s key.",
  "step.paths": "Paths",
  "step.paths.says":
    "The statement, both blocks and the registry are in the tree under that one seal.",
  "step.sealed": "Sealed",
  "step.sealed.says": "The block that sealed the statement gives the time that counts.",
  "step.first-receipt": "First receipt",
  "step.first-receipt.says":
    "What the ledger answered when the document was certified says the same.",
  "step.checkpoint": "Checkpoint",
  "step.checkpoint.says":
    "The head of the tree as the ledger signs it for witnesses: it is that of the newest block.",
  "step.statuses": "Statuses",
  "step.statuses.says":
    "As of the newest block: whether the document, its issuer and the key have fallen.",

  "identity.asking": "Which ledger is this?",
  "identity.asking.says": "The ledger is asked who it is.",
  "identity.missing": "Which ledger is this?",
  "identity.missing.says":
    "The ledger did not say who it is. If its operator gave you its identity, paste it.",
  "identity.unable": "Which ledger is this?",
  "identity.unable.says":
    "What the ledger says of itself cannot be verified here: read what is said above.",
  "identity.first": "A ledger that this browser sees for the first time",
  "identity.first.says":
    "Everything is verified against this identity, which the ledger gives of itself. Compare it with the one that its operator publishes elsewhere, on paper or on another site. If they are the same, pin it: from then on, another ledger in its place is noticed.",
  "identity.pinned": "The ledger that you trust",
  "identity.pinned.says": "Everything is verified against this identity, pinned in this browser.",
  "identity.since": "Pinned on",
  "identity.pin": "Pin it",
  "identity.forget": "Forget it",
  "identity.forget.says": "Forget it only if you know why it is no longer the right one.",
  "identity.paste": "I was given another identity",
  "identity.input": "Identity of the ledger",
  "identity.wrong":
    "This is no identity of a ledger: it is a name, a plus sign, and 64 digits or letters from a to f.",

  "stop.stranger": "Stop: this is not the ledger that you pinned",
  "stop.stranger.says":
    "Somebody else may be answering in its place. Do not rely on anything that this site says, and ask the ledger’s operator by another way. A proof file is still verified against the identity that you pinned. What answers says that it is:",
  "stop.changed": "Stop: another ledger answers than before",
  "stop.changed.says":
    "Somebody else may be answering in its place. Do not rely on anything that this site says, and ask the ledger’s operator by another way. What answers says that it is:",
  "stop.genesis": "Stop: this ledger cannot show who it is",
  "stop.genesis.says":
    "Its first block does not hold. Do not rely on anything that this site says.",
  "stop.insecure": "This address is not secure: nothing can be verified",
  "stop.insecure.says":
    "Browsers verify signatures only over HTTPS, or on the machine itself (localhost). Open this page over HTTPS. Until then only the ledger’s word is shown, and it is not verified.",
  "stop.old": "This browser cannot verify signatures",
  "stop.old.says":
    "It does not know Ed25519: it is older than the middle of 2025, or has it switched off. Take a newer one. Until then only the ledger’s word is shown, and it is not verified.",

  "meaning.title": "What the answers say",
  "meaning.certified":
    "Exactly these bytes, by this issuer, at this time; and that stands as of the block that is named.",
  "meaning.stood":
    "By its proof file, which is older than 10 minutes: only the ledger knows what happened since.",
  "meaning.superseded": "The issuer put a corrected document in its place.",
  "meaning.revoked": "The issuer took it back.",
  "meaning.distrusted": "The key that signed was in other hands: it counts as never said.",
  "meaning.unknown":
    "The ledger knows nothing of these bytes. It does not say that they are forged.",

  "attestation.title": "Attestation of a verification",
  "attestation.document": "Document",
  "attestation.verified": "Verified on",
  "attestation.how": "How",
  "attestation.identity": "Ledger",
  "attestation.again": "To verify it yourself",
  "attestation.again.page":
    "Open this address, and drop the document there; or compare the fingerprint:",
  "attestation.again.command": "Or by the command line, with the document:",
  "attestation.noproof":
    "This paper proves nothing by itself: anyone can print anything. The document and its proof do.",

  "footer.read": "Whoever wants to know what verifies their document can read it, as it is:",
  "footer.page": "the page",
  "footer.verifier": "the verifier",
  "footer.word":
    "What is shown here is the ledger’s word. Verdicts on documents are verified; all of the ledger is replayed by probant audit.",

  "time.ahead": "ahead of this machine’s clock",
  "time.now": "just now",

  "fact.fingerprint": "Fingerprint",
  "fact.bytes": "Bytes",
  "fact.kind": "Kind",
  "fact.position": "Place in the list",
  "fact.count": "Documents in the list",
  "fact.root": "Root",
  "fact.ledger": "Ledger id",
  "fact.origin": "Origin",
  "fact.entries": "Entries followed",
  "fact.issuer": "Issuer",
  "fact.kid": "Key",
  "fact.keyEntry": "Entry that brought the key",
  "fact.iat": "Signed on, by the issuer’s clock",
  "fact.height": "Block",
  "fact.timeMs": "Sealed on",
  "fact.size": "Entries in the tree",
  "fact.noteKey": "Note key",
  "fact.mlDsa44": "Signature by ML-DSA-44",
  "outcome.signed": "Verified",
  "outcome.unchecked": "There, and not checked: browsers do not know ML-DSA-44 yet",
  "fact.sealKey": "Seal key",
  "fact.paths": "Paths",
  "fact.first": "First entry",
  "fact.index": "Entry",
  "fact.statusRoot": "Root of the statuses",
  "fact.standing": "Standing",
  "fact.issuerState": "Issuer",
  "fact.key": "Key",
  "fact.fall": "Fall",
  "fact.state": "State",
  "fact.sinceMs": "Since",
  "fact.entry": "Entry",
  "fact.reason": "Reason",
  "fact.replacement": "Replacement",
};
