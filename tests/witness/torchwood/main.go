// Verifies a c2sp.org/tlog-proof@v1 by a c2sp.org/tlog-policy, as filippo.io/torchwood does: whether
// the entry that is its extra data is in the log. The module is also what litewitness is built from.
//
// Usage: torchwood <policy> <proof>
package main

import (
	"log"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	if err := verify(os.Args[1], os.Args[2]); err != nil {
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
