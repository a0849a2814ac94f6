// Hashes documents beside the page, so that it stays alive: a file comes, progress and
// fingerprints go.
import { fingerprints } from "../js/index.js";

onmessage = async ({ data: { id, file } }) => {
  try {
    const progress = (done) => postMessage({ id, done });
    postMessage({ id, fingerprints: await fingerprints(file, progress) });
  } catch (error) {
    postMessage({ id, failed: error.message });
  }
};
