// What filippo.io/torchwood makes of what is ours. The module is also what litewitness is built from.
//
// Usage:
//
//	torchwood verify <policy> <proof>
//		verifies a c2sp.org/tlog-proof@v1 by a c2sp.org/tlog-policy: whether the entry that is its extra
//		data is in the log
//	torchwood witness <ledger URL> <ledger vkey> <witness URL> <witness vkey>
//		has a ledger's newest checkpoint cosigned by a witness (c2sp.org/tlog-witness), which it asks as a
//		client that knows nothing of either: the older size is the witness's answer, the consistency proof
//		is made from the ledger's tiles, and the cosignature is verified. Prints the sizes, older and newer.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "verify":
		err = verify(args[1], args[2])
	case len(args) == 5 && args[0] == "witness":
		err = witness(args[1], args[2], args[3], args[4])
	default:
		err = fmt.Errorf("usage: torchwood verify <policy> <proof> | witness <URL> <vkey> <URL> <vkey>")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func verify(policyFile, proofFile string) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(text)
	if err != nil {
		return err
	}
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	entry, err := torchwood.ProofExtraData(proof)
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(policy, tlog.RecordHash(entry), proof)
}

func witness(ledger, ledgerKey, witness, witnessKey string) error {
	logVerifier, err := note.NewVerifier(ledgerKey)
	if err != nil {
		return err
	}
	cosigner, err := torchwood.NewCosignatureVerifier(witnessKey)
	if err != nil {
		return err
	}
	signed, _, err := ask(http.Get(ledger + "/checkpoint"))
	if err != nil {
		return err
	}
	newest, err := open(signed, logVerifier)
	if err != nil {
		return err
	}
	old, lines, err := submit(ledger, witness, signed, newest)
	if err != nil {
		return err
	}
	cosigned, err := note.Open(append(signed, lines...), note.VerifierList(logVerifier, cosigner))
	if err != nil {
		return err
	}
	if len(cosigned.Sigs) != 2 {
		return fmt.Errorf("%d signatures verify, not those of ledger and witness", len(cosigned.Sigs))
	}
	time, err := torchwood.CosignatureTimestamp(cosigned.Sigs[1])
	if err != nil || time == 0 {
		return fmt.Errorf("the cosignature says time %d, %v", time, err)
	}
	if err := monitor(witness, newest, logVerifier, cosigner); err != nil {
		return err
	}
	fmt.Println(old, newest.N)
	return nil
}

func open(signed []byte, verifier note.Verifier) (torchwood.Checkpoint, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return torchwood.Checkpoint{}, err
	}
	return torchwood.ParseCheckpoint(opened.Text)
}

// Asks from size 0, and again from the size that the witness names.
func submit(ledger, witness string, signed []byte, newest torchwood.Checkpoint) (int64, []byte, error) {
	old := int64(0)
	for range 3 {
		var body bytes.Buffer
		fmt.Fprintf(&body, "old %d\n", old)
		if old > 0 {
			proof, err := prove(ledger, newest.Tree, old)
			if err != nil {
				return 0, nil, err
			}
			for _, hash := range proof {
				fmt.Fprintln(&body, base64.StdEncoding.EncodeToString(hash[:]))
			}
		}
		fmt.Fprintln(&body)
		body.Write(signed)
		answer, said, err := ask(http.Post(witness+"/add-checkpoint", "text/plain", &body))
		if err == nil {
			return old, answer, nil
		}
		if said.StatusCode != http.StatusConflict || said.Header.Get("Content-Type") != "text/x.tlog.size" {
			return 0, nil, err
		}
		size, ended := strings.CutSuffix(string(answer), "\n")
		if old, err = strconv.ParseInt(size, 10, 64); err != nil || !ended {
			return 0, nil, fmt.Errorf("%q is no size", answer)
		}
	}
	return 0, nil, fmt.Errorf("the witness names one size after the other, at last %d", old)
}

// The consistency proof from the ledger's tiles, which are held to the root.
func prove(ledger string, tree tlog.Tree, old int64) (tlog.TreeProof, error) {
	fetcher, err := torchwood.NewTileFetcher(ledger)
	if err != nil {
		return nil, err
	}
	return tlog.ProveTree(tree.N, old, torchwood.TileHashReaderWithContext(context.Background(), tree, fetcher))
}

// What the witness shows to monitors.
func monitor(witness string, newest torchwood.Checkpoint, verifiers ...note.Verifier) error {
	origin := sha256.Sum256([]byte(newest.Origin))
	signed, _, err := ask(http.Get(fmt.Sprintf("%s/%x/checkpoint", witness, origin)))
	if err != nil {
		return err
	}
	shown, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	checkpoint, err := torchwood.ParseCheckpoint(shown.Text)
	if err != nil {
		return err
	}
	if len(shown.Sigs) != len(verifiers) || checkpoint != newest {
		return fmt.Errorf("it shows size %d with %d signatures", checkpoint.N, len(shown.Sigs))
	}
	return nil
}

// The whole answer, and an error unless it is 200.
func ask(answer *http.Response, err error) ([]byte, *http.Response, error) {
	if err != nil {
		return nil, &http.Response{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	return body, answer, err
}
