// The only script of the page that may ask another host than the ledger's: for the keys that an
// issuer's domain publishes, and for nothing else. Its own policy (src/http/page.rs) holds it to that
// one path. It knows neither keys nor documents: a URL comes, and what was there goes.

/** As many keys as an issuer may have, of 76 bytes each, and the head of their array. */
const BYTES_MAX = 96 << 10;

onmessage = async ({ data: url }) => postMessage(await ask(url));

async function ask(url) {
  try {
    const response = await fetch(url, {
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
