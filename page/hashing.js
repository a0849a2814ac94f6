// Documents become fingerprints, one after the other, in a worker. It starts with the page, so that no
// network is needed later.

const worker = new Worker(new URL("hashing-worker.js", import.meta.url), { type: "module" });
const waiting = new Map();
let last = 0;

worker.onmessage = ({ data: { id, done, fingerprints, failed } }) => {
  const { progress, resolve, reject } = waiting.get(id);
  if (done !== undefined) return progress(done);
  waiting.delete(id);
  return failed === undefined ? resolve(fingerprints) : reject(new Error(failed));
};

// The worker itself did not start: whoever waits is told.
worker.onerror = (event) => {
  for (const { reject } of waiting.values()) reject(new Error(event.message));
  waiting.clear();
};

/** Both fingerprints of a file; `progress` is told how many bytes were read. */
export function hash(file, progress) {
  return new Promise((resolve, reject) => {
    waiting.set(++last, { progress, resolve, reject });
    worker.postMessage({ id: last, file });
  });
}
