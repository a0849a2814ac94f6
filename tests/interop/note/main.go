// Checks Probant's checkpoints and paths with the Go checksum database's own packages:
// sumdb/note opens the checkpoints, sumdb/tlog recomputes every tree from the entries.
//
// Usage: note <folder that tests/interop wrote>. It leaves `cosigned` there, the newest
// checkpoint with a witness's signature added, for Probant to read.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type world struct {
	Origin  string
	Vkey    string
	Entries []struct{ File string }
	Heads   []struct {
		Size       int64
		Checkpoint string
	}
	Receipts []struct {
		Index, Size int64
		Path        []string
	}
}

// tree holds the hashes of a log in memory, in the order of tlog.StoredHashIndex.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at >= int64(len(t)) {
			return nil, fmt.Errorf("hash %d of %d is wanted", at, len(t))
		}
		hashes[i] = t[at]
	}
	return hashes, nil
}

func main() {
	log.SetFlags(0)
	if err := check(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func check(folder string) error {
	var w world
	text, err := os.ReadFile(filepath.Join(folder, "world.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	if len(w.Entries) == 0 || len(w.Heads) == 0 || len(w.Receipts) == 0 {
		return errors.New("nothing to check")
	}
	entries := make([][]byte, len(w.Entries))
	var log tree
	for i, entry := range w.Entries {
		if entries[i], err = os.ReadFile(filepath.Join(folder, entry.File)); err != nil {
			return err
		}
		hashes, err := tlog.StoredHashes(int64(i), entries[i], log)
		if err != nil {
			return err
		}
		log = append(log, hashes...)
	}
	roots, err := checkHeads(&w, log)
	if err != nil {
		return err
	}
	if err := checkPaths(&w, log, entries, roots); err != nil {
		return err
	}
	if err := cosign(&w, filepath.Join(folder, "cosigned")); err != nil {
		return err
	}
	fmt.Printf("sumdb: %d checkpoints, %d paths\n", len(w.Heads), len(w.Receipts))
	return nil
}

// checkHeads opens each checkpoint and holds it to the tree of the entries; it gives the signed
// roots by size.
func checkHeads(w *world, log tree) (map[int64]tlog.Hash, error) {
	verifier, err := note.NewVerifier(w.Vkey)
	if err != nil {
		return nil, err
	}
	if verifier.Name() != w.Origin {
		return nil, fmt.Errorf("the key is named %q, the ledger %q", verifier.Name(), w.Origin)
	}
	known := note.VerifierList(verifier)
	roots := make(map[int64]tlog.Hash)
	for _, head := range w.Heads {
		opened, err := note.Open([]byte(head.Checkpoint), known)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(opened.Text, "\n")
		if len(lines) != 4 || lines[0] != w.Origin || lines[3] != "" {
			return nil, fmt.Errorf("not the text of a checkpoint: %q", opened.Text)
		}
		if lines[1] != strconv.FormatInt(head.Size, 10) {
			return nil, fmt.Errorf("size %s is signed, not %d", lines[1], head.Size)
		}
		signed, err := tlog.ParseHash(lines[2])
		if err != nil {
			return nil, err
		}
		computed, err := tlog.TreeHash(head.Size, log)
		if err != nil {
			return nil, err
		}
		if computed != signed {
			return nil, fmt.Errorf("size %d: %v is signed, the entries give %v", head.Size, signed, computed)
		}
		roots[head.Size] = signed
		if err := refuseFlips(head.Checkpoint, known); err != nil {
			return nil, err
		}
	}
	return roots, nil
}

// refuseFlips checks that no bit of a checkpoint can change, but for a second spelling of the same
// signature: Go ignores the two spare bits of the last base64 digit, as RFC 4648 section 3.5
// permits. Probant's reader refuses that too.
func refuseFlips(checkpoint string, known note.Verifiers) error {
	end := strings.LastIndex(checkpoint, " ") + 1
	signature := func(note string) []byte {
		decoded, _ := base64.StdEncoding.DecodeString(note[end:])
		return decoded
	}
	for bit := 0; bit < len(checkpoint)*8; bit++ {
		flipped := []byte(checkpoint)
		flipped[bit/8] ^= 1 << (bit % 8)
		bad := string(flipped)
		if _, err := note.Open(flipped, known); err != nil {
			continue
		}
		respelled := bytes.Equal(signature(bad), signature(checkpoint))
		if bad[:end] != checkpoint[:end] || !respelled {
			return fmt.Errorf("note.Open accepts bit %d flipped: %q", bit, bad)
		}
	}
	return nil
}

// checkPaths holds each path to tlog.ProveRecord and to the signed root.
func checkPaths(w *world, log tree, entries [][]byte, roots map[int64]tlog.Hash) error {
	for _, receipt := range w.Receipts {
		what := fmt.Sprintf("entry %d in size %d", receipt.Index, receipt.Size)
		path := make(tlog.RecordProof, len(receipt.Path))
		for i, text := range receipt.Path {
			hash, err := hex.DecodeString(text)
			if err != nil || len(hash) != tlog.HashSize {
				return fmt.Errorf("%s: %q is not a hash", what, text)
			}
			copy(path[i][:], hash)
		}
		proven, err := tlog.ProveRecord(receipt.Size, receipt.Index, log)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(proven, path) {
			return fmt.Errorf("%s: their path is %v, ours %v", what, proven, path)
		}
		root, ok := roots[receipt.Size]
		if !ok {
			return fmt.Errorf("%s: no checkpoint of this size", what)
		}
		verdict := func(path tlog.RecordProof, index int64, entry []byte) error {
			return tlog.CheckRecord(path, receipt.Size, root, index, tlog.RecordHash(entry))
		}
		if err := verdict(path, receipt.Index, entries[receipt.Index]); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		other := (receipt.Index + 1) % receipt.Size
		if verdict(path, other, entries[receipt.Index]) == nil ||
			verdict(path, receipt.Index, entries[other]) == nil {
			return fmt.Errorf("%s: the path also proves entry %d", what, other)
		}
		for at := range path {
			path[at][at%tlog.HashSize] ^= 1
			if verdict(path, receipt.Index, entries[receipt.Index]) == nil {
				return fmt.Errorf("%s: hash %d of the path can change", what, at)
			}
			path[at][at%tlog.HashSize] ^= 1
		}
	}
	return nil
}

// cosign adds a witness's signature to the newest checkpoint, as note.Sign writes it.
func cosign(w *world, file string) error {
	newest := []byte(w.Heads[len(w.Heads)-1].Checkpoint)
	ours, err := note.NewVerifier(w.Vkey)
	if err != nil {
		return err
	}
	private, public, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return err
	}
	theirs, err := note.NewVerifier(public)
	if err != nil {
		return err
	}
	opened, err := note.Open(newest, note.VerifierList(ours))
	if err != nil {
		return err
	}
	cosigned, err := note.Sign(opened, signer)
	if err != nil {
		return err
	}
	both, err := note.Open(cosigned, note.VerifierList(ours, theirs))
	if err != nil || len(both.Sigs) != 2 || !bytes.HasPrefix(cosigned, newest) {
		return fmt.Errorf("note.Sign did not add a signature: %v, %q", err, cosigned)
	}
	return os.WriteFile(file, cosigned, 0o600)
}
