// Documents as they come in: chosen, dropped, or pasted. A proof goes with the document whose
// name it bears, or with the only one there is.

const PROOF = ".proof";
/** The longest that a proof may be (docs/format.md 11.3). */
export const PROOF_BYTES_MAX = 1 << 20;

/** Pairs of a document and its proof; either may be missing. */
export function paired(files) {
  const isProof = (file) => file.name.toLowerCase().endsWith(PROOF);
  const documents = files.filter((file) => !isProof(file));
  const proofs = files.filter(isProof);
  if (documents.length === 1 && proofs.length === 1) {
    return [{ document: documents[0], proof: proofs[0] }];
  }
  const named = new Map(proofs.map((proof) => [proof.name.slice(0, -PROOF.length), proof]));
  const pairs = documents.map((document) => {
    const proof = named.get(document.name) ?? null;
    named.delete(document.name);
    return { document, proof };
  });
  return [...pairs, ...[...named.values()].map((proof) => ({ document: null, proof }))];
}

/** Listens for files: `take` is given what came. */
export function listen(zone, input, take) {
  const come = (files) => files.length > 0 && take(paired([...files]));
  input.addEventListener("change", () => {
    come(input.files);
    input.value = ""; // So that the same file may be chosen again.
  });
  // Anywhere on the page: what misses the zone must not be opened in place of the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    come(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => come(event.clipboardData.files));
}

/** Keeps what was chosen for the next time. */
export function keepChoice(box, name) {
  try {
    box.checked = localStorage.getItem(name) === "yes";
    box.addEventListener("change", () => localStorage.setItem(name, box.checked ? "yes" : "no"));
  } catch {
    // A browser that keeps nothing.
  }
}
