// A ledger that lies: the real one, with a hand in between that may change any answer.
import { createServer } from "node:http";

/** `twist(path, json, answer)` gives another answer, or nothing; `target` may be another ledger. */
export async function openProxy(target) {
  const hand = { target, twist: null };
  const server = createServer(async (request, response) => {
    const { status, headers, body } = await forward(hand.target, request.url);
    const isJson = headers["content-type"]?.startsWith("application/json");
    const twisted = hand.twist?.(
      decodeURIComponent(request.url),
      isJson ? JSON.parse(body) : null,
      body,
    );
    response.writeHead(twisted?.status ?? status, { ...headers, ...twisted?.headers });
    response.end(written(twisted) ?? body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  hand.url = `http://127.0.0.1:${server.address().port}`;
  hand.close = () => {
    server.closeAllConnections?.();
    return new Promise((resolve) => server.close(resolve));
  };
  return hand;
}

function written(twisted) {
  if (twisted?.json !== undefined) return JSON.stringify(twisted.json);
  return twisted?.body;
}

async function forward(target, path) {
  const answer = await fetch(target + path, { headers: { "accept-encoding": "identity" } });
  const headers = Object.fromEntries(answer.headers);
  for (const name of ["content-length", "transfer-encoding", "connection", "keep-alive", "etag"])
    delete headers[name];
  return { status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) };
}

/** Changes the proofs of an answer, each as bytes. */
export function eachProof(json, change) {
  const proofs = json.proofs.map(({ entry, proof }) => {
    const bytes = Buffer.from(proof, "base64");
    return { entry, proof: change(bytes).toString("base64") };
  });
  return { json: { ...json, proofs } };
}

/** One bit of many, flipped. */
export function flipped(bytes, at) {
  const copy = Buffer.from(bytes);
  copy[Math.floor(at * (copy.length - 1))] ^= 1;
  return copy;
}
