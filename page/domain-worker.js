// The only script of the page that may ask another host than the ledger's: for the keys that an
// issuer's domain publishes, and for nothing else. Its own policy (src/http/page.rs) holds it to that
// one path, but not to its query: so no URL comes in, but the name of a domain. It knows neither keys nor
// documents: what was there goes out.

const PATH = "/.well-known/probant-keys";
/** Labels of a name, two or more, as an issuer's id has them (docs/format.md 3). */
const NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** As many keys as an issuer may have, of 76 bytes each, and the head of their array. */
const BYTES_MAX = 96 << 10;

onmessage = async ({ data: name }) => postMessage(await ask(name));

async function ask(name) {
  if (typeof name !== "string" || !NAME.test(name)) return { silence: "unreachable" };
  try {
    const response = await fetch(`https://${name}${PATH}`, {
      cache: "no-store",
      credentials: "omit",
      redirect: "manual",
      referrerPolicy: "no-referrer",
    });
    if (response.type === "opaqueredirect") return { silence: "unusable" };
    if ([404, 410].includes(response.status)) return { silence: "unpublished" };
    return response.status === 200 ? await read(response.body) : { silence: "unreachable" };
  } catch {
    // No answer, one that broke off, or one that no page may read: browsers do not tell which.
    return { silence: "unreachable" };
  }
}

async function read(body) {
  const bytes = new Uint8Array(BYTES_MAX);
  let length = 0;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return { bytes: bytes.slice(0, length) };
    if (length + value.length > BYTES_MAX) return { silence: "unusable" };
    bytes.set(value, length);
    length += value.length;
  }
}
