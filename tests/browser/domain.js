// The web server of an issuer's domain, over HTTPS with a certificate made here: it answers what it is
// told to, and keeps what it was asked.
import { execFile } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const FOR_PAGES = { "access-control-allow-origin": "*" };

async function certificate(name) {
  const folder = await mkdtemp(join(tmpdir(), "probant-domain-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((file) => join(folder, file));
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const about = ["-days", "2", "-subj", "/CN=domain", "-addext", `subjectAltName=DNS:${name}`];
  await promisify(execFile)("openssl", [...made, ...about, "-keyout", key, "-out", cert]);
  const read = { key: await readFile(key), cert: await readFile(cert) };
  await rm(folder, { recursive: true });
  return read;
}

/** `answer(response)` is what it does next; `asked` are the requests so far. */
export async function openDomain(name) {
  const made = await certificate(name);
  const domain = { name, asked: [], open: 0, answer: () => {} };
  const server = createServer(made, ({ method, url, headers }, response) => {
    domain.asked.push({ method, url, headers });
    domain.open++;
    response.on("close", () => domain.open--);
    domain.answer(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const spki = new X509Certificate(made.cert).publicKey.export({ type: "spki", format: "der" });
  // What a browser needs to believe that this is the domain: no other certificate is believed.
  domain.flags = [
    `--host-resolver-rules=${[
      `MAP ${name} 127.0.0.1:${server.address().port}`,
      "MAP *.example ~NOTFOUND",
      // A name of this machine that is not localhost: what is served there is not secure.
      "MAP ledger.test 127.0.0.1",
    ]}`,
    `--ignore-certificate-errors-spki-list=${createHash("sha256").update(spki).digest("base64")}`,
  ];
  domain.publish = (body, { status = 200, headers = FOR_PAGES } = {}) => {
    domain.answer = (response) => response.writeHead(status, headers).end(body);
  };
  domain.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return domain;
}

/** Bytes for as long as somebody reads, which pages may. */
export function endless(response) {
  response.writeHead(200, FOR_PAGES);
  const more = () => response.writable && response.write(Buffer.alloc(4096), more);
  more();
}

/** The beginning of an answer, and no more of it. */
export function hanging(response) {
  response.writeHead(200, FOR_PAGES).write(Buffer.from([0x81]));
}
