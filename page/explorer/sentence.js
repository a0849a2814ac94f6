// What an entry says, in one sentence. An entry whose parts are not as they must be is said to
// be one that this page cannot read.
import { when } from "../moment.js";
import { named } from "../name.js";
import { counted, hasWord, number, word } from "../words.js";

const text = (value) => (typeof value === "string" ? named(value) : "?");
const count = (value) => (Number.isSafeInteger(value) ? value : 0);
const use = (value) => (hasWord(`use.${value}`) ? word(`use.${value}`) : text(value));

const SENTENCES = {
  genesis: () => word("says.genesis"),
  certify: ({ issuer, says }) => counted("says.certify", count(says.documents), { by: issuer }),
  "hash-envelope": ({ issuer }) => word("says.envelope", { by: issuer }),
  revoke: ({ issuer, says }) => {
    const documents = count(says.documents);
    if (says.superseded === true) return counted("says.supersede", documents, { by: issuer });
    const reason = hasWord(`reason.${says.reason}`)
      ? word(`reason.${says.reason}`)
      : text(says.reason);
    return counted("says.revoke", documents, { by: issuer, reason });
  },
  enroll: ({ says }) =>
    word("says.enroll", {
      name: text(says.legal_name),
      id: text(says.id),
      country: text(says.country),
      registration: text(says.registration),
    }),
  key: ({ says }) => {
    const key = `says.key.${says.act}`;
    const since = Number.isSafeInteger(says.since_ms) ? when(says.since_ms) : "?";
    return hasWord(key)
      ? word(key, { owner: text(says.owner), use: use(says.use), since })
      : text(says.act);
  },
  issuer: ({ says }) => {
    const key = `says.issuer.${says.act}`;
    return hasWord(key) ? word(key, { id: text(says.id) }) : text(says.act);
  },
  policy: ({ says }) => word("says.policy", { count: number(count(says.list_count_max)) }),
  block: ({ says }) => word("says.block", { height: number(count(says.height)) }),
};

export function sentence(entry) {
  return SENTENCES[entry.kind](entry);
}
