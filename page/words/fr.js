// La page en français. The same keys as words/en.js; `{name}` is replaced by a value.
export default {
  skip: "Aller au contenu",
  pages: "Pages",
  language: "Langue",
  "nav.verify": "Vérifier",
  "nav.explorer": "Explorer",
  "nav.api": "API",
  "title.verify": "Ce document est-il certifié ? · Probant",
  "title.explorer": "Explorateur · Probant",

  "verify.question": "Ce document est-il certifié ?",
  "verify.choose": "Choisir des documents",
  "verify.drop": "ou déposez-les ici ; un fichier .proof peut accompagner son document",
  "verify.kept":
    "Votre document est lu ici, dans votre navigateur, et ne part nulle part. Seule son empreinte est recherchée.",
  "verify.prefix": "N’envoyer que le début de l’empreinte",
  "verify.prefix.note":
    "Le reste est comparé ici. Si plusieurs documents commencent ainsi, le registre ne sait pas duquel il s’agit.",

  answers: "Réponses",
  "answers.there.one": "{count} réponse est là.",
  "answers.there.other": "{count} réponses sont là.",
  "wait.hashing": "Lecture du document…",
  "wait.asking": "Le registre est interrogé, et sa réponse vérifiée…",
  "wait.verifying": "La preuve est vérifiée…",

  "outcome.certified": "Certifié",
  "outcome.stood": "Était certifié",
  "outcome.linked": "Certifié. Est-ce celui que vous tenez ?",
  "outcome.superseded": "Remplacé",
  "outcome.revoked": "Retiré",
  "outcome.distrusted": "N’est plus digne de confiance",
  "outcome.unknown": "Inconnu",
  "outcome.unknown.says":
    "Ce registre ne connaît aucune certification d’exactement ces octets, jusqu’au bloc {height}, {age}. Ce n’est pas pour autant un faux : le document a pu être numérisé, réimprimé ou réenregistré, ou n’avoir jamais été certifié ici. Demandez le fichier d’origine à qui vous l’a remis, ou à l’émetteur.",
  "outcome.lie": "La réponse du registre ne tient pas",
  "outcome.lie.says":
    "Ce que dit ce registre n’est pas ce qu’il sait montrer. Ne vous y fiez pas, quoi qu’il dise : gardez le document, et prévenez l’opérateur du registre et l’émetteur.",
  "outcome.stranger": "C’est un autre registre",
  "outcome.stranger.says":
    "Rien n’est vérifié auprès d’un registre que vous ne connaissez pas. Lisez ce qui est dit plus haut.",
  "outcome.stale": "La réponse du registre est trop ancienne",
  "outcome.stale.says":
    "Le dernier bloc que montre le registre est le bloc {height}, scellé {age} ; 10 minutes sont admises. Ce qui s’est passé depuis n’est pas connu. Réessayez ; si cela dure, prévenez l’opérateur du registre.",
  "outcome.behind": "La réponse du registre est trop ancienne",
  "outcome.behind.says":
    "Le registre a montré le bloc {newest}, puis répondu à la date du bloc {height}. Ce qui s’est passé entre les deux n’est pas connu. Réessayez ; si cela dure, prévenez l’opérateur du registre.",
  "outcome.aged": "Cette réponse a vieilli",
  "outcome.aged.says":
    "Elle vaut pour le bloc {height}, scellé {age}. Ce qui s’est passé depuis n’est pas connu : redemandez.",
  "outcome.ahead": "Deux horloges ne s’accordent pas",
  "outcome.ahead.says":
    "Le dernier bloc, {height}, est d’un moment qui n’est pas encore venu selon l’horloge de cette machine. Mettez-la à l’heure, et réessayez.",
  "outcome.unreachable": "Le registre ne répond pas",
  "outcome.unreachable.says":
    "Il est hors d’atteinte, ou occupé. Rien ne peut être dit du document pour l’instant. Avec son fichier .proof, il se vérifie sans le registre.",
  "outcome.curious": "Le registre veut en savoir plus",
  "outcome.curious.says":
    "Il dit que trop de documents commencent comme celui-ci. Pour répondre, il lui faut l’empreinte entière : il sait alors quel document vous tenez.",
  "outcome.damaged": "Ce lien est abîmé",
  "outcome.damaged.says":
    "Il ne nomme aucun document. Scannez-le ou ouvrez-le de nouveau, ou apportez le document lui-même.",
  "outcome.unverified": "Non vérifié",
  "outcome.unverified.says":
    "Le registre dit : {said}. Ce n’est que sa parole : ce navigateur ne sait pas vérifier ses preuves.",
  "outcome.altered": "Pas le document de cette preuve",
  "outcome.altered.says":
    "La preuve porte sur d’autres octets : ce document a été modifié, ou c’en est un autre.",
  "outcome.refused": "La preuve ne tient pas",
  "outcome.refused.says":
    "Le fichier .proof ne montre pas ce qu’il devrait : il est abîmé ou modifié, ou il est d’un autre registre. Interrogez le registre sur le document lui-même.",
  "outcome.alone": "Une preuve sans son document",
  "outcome.alone.says":
    "Choisissez le document et son fichier .proof ensemble : une preuve ne dit rien tant que le document n’est pas lu.",
  "outcome.nameless": "Vérifier auprès de qui ?",
  "outcome.nameless.says":
    "Le registre est hors d’atteinte, et aucune identité n’est retenue. Collez ci-dessous l’identité du registre, puis redonnez le document et sa preuve.",
  "outcome.unable": "Ce navigateur ne peut pas vérifier",
  "outcome.unable.says":
    "Les signatures ne peuvent pas être vérifiées ici : lisez ce qui est dit plus haut.",
  "outcome.unreadable": "Le document ne peut pas être lu",
  "outcome.unreadable.says":
    "Votre navigateur n’a pas pu le lire. Un dossier ne se vérifie pas : choisissez les fichiers qu’il contient.",
  "outcome.failed": "Cette page est en défaut",
  "outcome.failed.says": "La faute est à la page, et cela ne dit rien du document.",

  "standing.certified": "{by} a certifié exactement ces octets, et cela tient.",
  "standing.stood": "{by} a certifié exactement ces octets. Cela tenait {age}, au bloc {height}.",
  "standing.linked": "{by} a certifié le document que nomme ce lien, et cela tient.",
  "standing.superseded":
    "{by} a certifié ces octets, puis a mis un autre document à leur place le {time}. Demandez le nouveau.",
  "standing.revoked":
    "{by} a certifié ces octets, puis est revenu là-dessus le {time} : {reason}. Ne vous y fiez pas.",
  "standing.distrusted.compromised":
    "Ces octets ont été certifiés au nom de {by}, avec une clé tombée en d’autres mains depuis le {since}. Ne vous y fiez pas.",
  "standing.distrusted.void":
    "Ces octets ont été certifiés au nom de {by}, avec une clé qui compte comme jamais donnée, depuis le {since}. Ne vous y fiez pas.",
  "reason.unspecified": "sans raison donnée",
  "reason.issued-in-error": "il a été émis par erreur",
  "reason.withdrawn": "il était juste, et ne vaut plus",
  "reason.obtained-by-fraud": "il a été obtenu par fraude",
  "reason.superseded": "il a été remplacé",
  "says.certified":
    "Cela ne dit pas que ce qu’énonce le document est vrai, ni que la certification tient après ce bloc.",
  "says.fallen": "Exactement ces octets ont été certifiés, et cela ne tient plus.",

  "answer.linked": "Le document de ce lien",
  "answer.fingerprint": "Empreinte",
  "answer.by": "Certifié par",
  "answer.when": "Certifié le",
  "answer.where": "Au registre",
  "answer.where.is": "bloc {block}, écriture {entry}",
  "answer.others.one": "avec {count} document",
  "answer.others.other": "l’un de {count} documents",
  "answer.replacement": "Remplacé par",
  "answer.fresh": "État au",
  "answer.asof": "bloc {block}",
  "answer.checked": "Comment",
  "answer.online": "Le registre a été interrogé, et sa preuve vérifiée dans ce navigateur",
  "answer.offline": "Avec le seul fichier de preuve : sans réseau, sans rien demander à personne",
  "answer.offline.first":
    "Avec le seul fichier de preuve : on a demandé au registre qui il est, et rien d’autre",
  "answer.against": "Auprès de",

  "answer.domain": "Son domaine",
  "domain.ask": "Interroger {domain}",
  "domain.before":
    "Son domaine peut dire si la clé qui a signé est bien la sienne. Il n’est interrogé que si vous appuyez : il apprend alors que quelqu’un vérifie, de quelle adresse et sur quel site, mais pas quel document.",
  "domain.asking": "{domain} est interrogé…",
  "domain.asked": "Interrogé",
  "domain.confirmed":
    "{domain} confirme la clé qui a signé : elle est dans sa liste. Qui est l’émetteur repose donc aussi sur la parole de son domaine, et plus sur celle de l’opérateur seul.",
  "domain.not-listed":
    "La clé qui a signé n’est pas dans la liste de {domain}, qui en contient d’autres. Une ancienne clé a pu en être retirée ; une clé qui n’y fut jamais n’est pas celle de l’émetteur. Joignez l’émetteur par une autre voie.",
  "domain.unpublished":
    "{domain} ne publie pas de clés. Cela n’enlève rien : qui est l’émetteur repose sur la parole de l’opérateur, comme avant.",
  "domain.unusable":
    "Ce que publie {domain} n’est pas une liste de clés. Cela n’enlève rien : qui est l’émetteur repose sur la parole de l’opérateur, comme avant.",
  "domain.unreachable":
    "{domain} n’a pas pu être interrogé depuis un navigateur : il ne répond pas, ou ne se laisse pas interroger par une page. Cela ne dit rien de la clé. Sans navigateur : probant issuer check {domain}",

  "caution.linked":
    "Aucun document n’a été lu. Apportez ici le vôtre : il est comparé à celui que nomme le lien.",
  "caution.offline": "S’il a été retiré depuis, seul le registre le sait : interrogez-le.",
  "caution.withdrawn": "{by} a aussi certifié ces octets, et les a retirés.",
  "caution.replaced": "{by} a aussi certifié ces octets, et les a remplacés.",

  "note.key.retired": "Sa clé a été remisée le {since} : ce qui fut scellé avant tient.",
  "note.key.stopped": "Sa clé a été arrêtée le {since} : ce qui fut scellé avant tient.",
  "note.key.compromised":
    "Sa clé est tombée en d’autres mains depuis le {since} : ce qui fut scellé avant tient.",
  "note.key.void": "Sa clé compte comme jamais donnée, depuis le {since}.",
  "note.issuer.suspended":
    "Son émetteur est suspendu depuis le {since} : ce qui fut scellé avant tient.",
  "note.notshown.one": "{count} autre certification, qui n’a pas été vérifiée.",
  "note.notshown.other": "{count} autres certifications, qui n’ont pas été vérifiées.",
  "note.atleast.one": "Au moins {count} autre certification, qui n’a pas été vérifiée.",
  "note.atleast.other": "Au moins {count} autres certifications, qui n’ont pas été vérifiées.",
  "note.first":
    "Vérifié auprès de l’identité que le registre donne de lui-même : comparez-la, et retenez-la.",
  "note.unknown":
    "Cela repose sur la parole du registre : qu’une chose n’y soit pas, il ne peut pas le prouver.",
  "note.complete": "Qu’aucun autre émetteur ne dise le contraire repose sur la parole du registre.",
  "note.prefix.none":
    "Demandé par les {digits} premiers chiffres de ses empreintes. Aucun document de ce registre ne commence ainsi.",
  "note.prefix.one":
    "Demandé par les {digits} premiers chiffres de ses empreintes. {count} seul document commence ainsi : le registre sait duquel il s’agit.",
  "note.prefix.other":
    "Demandé par les {digits} premiers chiffres de ses empreintes. Pour le registre, ce peut être n’importe lequel des {count} documents qui commencent ainsi, ou aucun.",

  "action.proof": "Télécharger la preuve",
  "action.print": "Imprimer une attestation",
  "action.named": "avec le nom du document",
  "action.ask": "Interroger aussi le registre",
  "action.again": "Redemander",
  "action.name": "Interroger par l’empreinte entière",
  "action.choose": "Choisir le document",

  "details.all": "En détail",
  "details.fingerprints": "Empreintes et lien",
  "details.steps": "La vérification, étape par étape",
  "details.technical": "Pour qui s’y penche",
  "details.others.one": "{count} autre certification",
  "details.others.other": "{count} autres certifications",
  "link.says":
    "Ce lien ouvre droit sur la réponse, d’ici ou d’un code QR sur le document. Ce qui suit le # n’est pas envoyé au registre avec la page.",
  "link.copy": "Copier le lien",
  "link.copied": "Le lien est copié.",
  "link.selected": "Le lien est sélectionné : copiez-le.",

  "steps.says":
    "Ce que votre navigateur a fait de la preuve, dans l’ordre du format du registre (docs/format.md 11.3). Chaque étape doit tenir avant la suivante.",
  "step.passed": "tient",
  "step.refusing": "ne tient pas",
  "step.form": "Forme",
  "step.form.says": "La preuve est entière, et écrite dans la seule forme admise.",
  "step.document": "Document",
  "step.document.says": "L’empreinte calculée ici est dans la liste que l’émetteur a signée.",
  "step.registry": "Inscriptions",
  "step.registry.says":
    "Depuis la première écriture du registre, signature après signature, jusqu’à l’émetteur et sa clé.",
  "step.statement": "Déclaration",
  "step.statement.says": "La déclaration de l’émetteur est signée par cette clé.",
  "step.head": "Tête",
  "step.head.says": "Le dernier bloc de la preuve est scellé par la clé du registre.",
  "step.paths": "Chemins",
  "step.paths.says":
    "La déclaration, les deux blocs et les inscriptions sont dans l’arbre sous ce seul sceau.",
  "step.sealed": "Scellement",
  "step.sealed.says": "Le bloc qui a scellé la déclaration donne l’heure qui compte.",
  "step.first-receipt": "Premier reçu",
  "step.first-receipt.says":
    "Ce que le registre a répondu quand le document fut certifié dit la même chose.",
  "step.checkpoint": "Point de contrôle",
  "step.checkpoint.says":
    "La tête de l’arbre, telle que le registre la signe pour ses témoins : c’est celle du dernier bloc.",
  "step.statuses": "États",
  "step.statuses.says": "Au dernier bloc : si le document, son émetteur et la clé sont tombés.",

  "identity.asking": "Quel est ce registre ?",
  "identity.asking.says": "On demande au registre qui il est.",
  "identity.missing": "Quel est ce registre ?",
  "identity.missing.says":
    "Le registre n’a pas dit qui il est. Si son opérateur vous a donné son identité, collez-la.",
  "identity.unable": "Quel est ce registre ?",
  "identity.unable.says":
    "Ce que le registre dit de lui-même ne peut pas être vérifié ici : lisez ce qui est dit plus haut.",
  "identity.first": "Un registre que ce navigateur voit pour la première fois",
  "identity.first.says":
    "Tout est vérifié auprès de cette identité, que le registre donne de lui-même. Comparez-la avec celle que son opérateur publie ailleurs, sur papier ou sur un autre site. Si c’est la même, retenez-la : un autre registre à sa place sera alors remarqué.",
  "identity.pinned": "Le registre auquel vous vous fiez",
  "identity.pinned.says": "Tout est vérifié auprès de cette identité, retenue dans ce navigateur.",
  "identity.since": "Retenue le",
  "identity.pin": "La retenir",
  "identity.forget": "L’oublier",
  "identity.forget.says": "Ne l’oubliez que si vous savez pourquoi elle n’est plus la bonne.",
  "identity.paste": "On m’a donné une autre identité",
  "identity.input": "Identité du registre",
  "identity.wrong":
    "Ce n’est pas l’identité d’un registre : un nom, un signe plus, et 64 chiffres ou lettres de a à f.",

  "stop.stranger": "Halte : ce n’est pas le registre que vous avez retenu",
  "stop.stranger.says":
    "Quelqu’un d’autre répond peut-être à sa place. Ne vous fiez à rien de ce que dit ce site, et joignez l’opérateur du registre par une autre voie. Un fichier de preuve est toujours vérifié auprès de l’identité que vous avez retenue. Ce qui répond se dit :",
  "stop.changed": "Halte : un autre registre répond qu’auparavant",
  "stop.changed.says":
    "Quelqu’un d’autre répond peut-être à sa place. Ne vous fiez à rien de ce que dit ce site, et joignez l’opérateur du registre par une autre voie. Ce qui répond se dit :",
  "stop.genesis": "Halte : ce registre ne sait pas montrer qui il est",
  "stop.genesis.says": "Son premier bloc ne tient pas. Ne vous fiez à rien de ce que dit ce site.",
  "stop.insecure": "Cette adresse n’est pas sûre : rien ne peut être vérifié",
  "stop.insecure.says":
    "Les navigateurs ne vérifient les signatures qu’en HTTPS, ou sur la machine même (localhost). Ouvrez cette page en HTTPS. D’ici là seule la parole du registre est montrée, et elle n’est pas vérifiée.",
  "stop.old": "Ce navigateur ne sait pas vérifier les signatures",
  "stop.old.says":
    "Il ne connaît pas Ed25519 : il est d’avant la mi-2025, ou l’a désactivé. Prenez-en un plus récent. D’ici là seule la parole du registre est montrée, et elle n’est pas vérifiée.",

  "meaning.title": "Ce que disent les réponses",
  "meaning.certified":
    "Exactement ces octets, par cet émetteur, à ce moment ; et cela tient au bloc qui est nommé.",
  "meaning.stood":
    "D’après son fichier de preuve, vieux de plus de 10 minutes : la suite, seul le registre la sait.",
  "meaning.superseded": "L’émetteur a mis un document corrigé à sa place.",
  "meaning.revoked": "L’émetteur l’a repris.",
  "meaning.distrusted":
    "La clé qui a signé était en d’autres mains : cela compte comme jamais dit.",
  "meaning.unknown": "Le registre ne sait rien de ces octets. Il ne dit pas que c’est un faux.",

  "attestation.title": "Attestation de vérification",
  "attestation.document": "Document",
  "attestation.verified": "Vérifié le",
  "attestation.how": "Comment",
  "attestation.identity": "Registre",
  "attestation.again": "Pour le vérifier vous-même",
  "attestation.again.page":
    "Ouvrez cette adresse, et déposez-y le document ; ou comparez l’empreinte :",
  "attestation.again.command": "Ou en ligne de commande, avec le document :",
  "attestation.noproof":
    "Ce papier ne prouve rien par lui-même : chacun peut tout imprimer. Le document et sa preuve, si.",

  "footer.read": "Qui veut savoir ce qui vérifie son document peut le lire, tel quel :",
  "footer.page": "la page",
  "footer.verifier": "le vérificateur",
  "footer.word":
    "Ce qui est montré ici est la parole du registre. Les verdicts sur les documents sont vérifiés ; tout le registre est rejoué par probant audit.",

  "time.ahead": "en avance sur l’horloge de cette machine",
  "time.now": "à l’instant",

  "fact.fingerprint": "Empreinte",
  "fact.bytes": "Octets",
  "fact.kind": "Sorte",
  "fact.position": "Place dans la liste",
  "fact.count": "Documents dans la liste",
  "fact.root": "Racine",
  "fact.ledger": "Identifiant du registre",
  "fact.origin": "Origine",
  "fact.entries": "Écritures suivies",
  "fact.issuer": "Émetteur",
  "fact.kid": "Clé",
  "fact.keyEntry": "Écriture qui apporta la clé",
  "fact.iat": "Signée le, à l’horloge de l’émetteur",
  "fact.height": "Bloc",
  "fact.timeMs": "Scellé le",
  "fact.size": "Écritures dans l’arbre",
  "fact.noteKey": "Clé des points de contrôle",
  "fact.mlDsa44": "Signature par ML-DSA-44",
  "outcome.signed": "Vérifiée",
  "outcome.unchecked": "Présente, non vérifiée : les navigateurs ne connaissent pas encore ML-DSA-44",
  "fact.sealKey": "Clé du sceau",
  "fact.paths": "Chemins",
  "fact.first": "Première écriture",
  "fact.index": "Écriture",
  "fact.statusRoot": "Racine des états",
  "fact.standing": "État",
  "fact.issuerState": "Émetteur",
  "fact.key": "Clé",
  "fact.fall": "Chute",
  "fact.state": "État",
  "fact.sinceMs": "Depuis",
  "fact.entry": "Écriture",
  "fact.reason": "Raison",
  "fact.replacement": "Remplaçant",
};
