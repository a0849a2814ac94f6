// Documents become fingerprints in a worker, which starts with the page. Where it cannot start, or
// ends, they are hashed here: slower to click on, and just as right.
import { fingerprints } from "../js/index.js";

const waiting = new Map();
let last = 0;
let worker = start();

function start() {
  const worker = new Worker(new URL("hashing-worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => answer(data);
  worker.onerror = (event) => {
    event.preventDefault();
    give();
  };
  return worker;
}

function answer({ id, done, fingerprints, failed }) {
  const { progress, resolve, reject } = waiting.get(id);
  if (done !== undefined) return progress(done);
  waiting.delete(id);
  return failed === undefined ? resolve(fingerprints) : reject(new Error(failed));
}

/** The worker is no more: whoever waits is served here. */
function give() {
  worker?.terminate();
  worker = null;
  for (const { file, progress, resolve, reject } of waiting.values()) {
    fingerprints(file, progress).then(resolve, reject);
  }
  waiting.clear();
}

/** Both fingerprints of a file; `progress` is told how many bytes were read. */
export function hash(file, progress) {
  if (!worker) return fingerprints(file, progress);
  return new Promise((resolve, reject) => {
    waiting.set(++last, { file, progress, resolve, reject });
    worker.postMessage({ id: last, file });
  });
}
