// Follows a ledger over its C2SP tiles with the Go checksum database's own packages: the newest tree
// is recomputed from the entries in the bundles, every hash is read from tiles that are authenticated
// against the signed root, and each older checkpoint is shown to be a beginning of the newest.
//
// Usage: tiles <url> <vkey> <checkpoint>..., files, the oldest first. The newest is the one at the url.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

func main() {
	log.SetFlags(0)
	if err := follow(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}

// site is where the tiles are, and how many of them were read.
type site struct {
	url  string
	read int
}

func (s *site) get(path string) ([]byte, error) {
	response, err := http.Get(s.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return io.ReadAll(response.Body)
}

func (s *site) Height() int { return height }

func (s *site) SaveTiles([]tlog.Tile, [][]byte) {}

func (s *site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		read, err := s.get(place(tile))
		if err != nil {
			return nil, err
		}
		if len(read) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", place(tile), len(read))
		}
		data[i] = read
		s.read++
	}
	return data, nil
}

// place is the path of C2SP: that of sumdb without the height, which is always 8.
func place(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

// bundle reads the entries of a tile of level 0.
func (s *site) bundle(index int64, count int) ([][]byte, error) {
	path := place(tlog.Tile{H: height, L: -1, N: index, W: count})
	data, err := s.get(path)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s ends within an entry", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries, data = append(entries, data[2:end]), data[end:]
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%s has %d entries", path, len(entries))
	}
	return entries, nil
}

// open gives the tree of a checkpoint.
func open(text []byte, verifier note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	var root string
	var origin string
	if _, err := fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &tree.N, &root); err != nil {
		return tree, err
	}
	if origin != verifier.Name() {
		return tree, fmt.Errorf("of %q, not %q", origin, verifier.Name())
	}
	tree.Hash, err = tlog.ParseHash(root)
	return tree, err
}

func follow(url, vkey string, checkpoints []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	s := &site{url: url}
	text, err := s.get("checkpoint")
	if err != nil {
		return err
	}
	newest, err := open(text, verifier)
	if err != nil {
		return err
	}
	tiles := tlog.TileHashReader(newest, s)
	if err := recompute(s, newest, tiles); err != nil {
		return err
	}
	for _, file := range checkpoints {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		older, err := open(text, verifier)
		if err != nil {
			return err
		}
		if err := grew(older, newest, tiles); err != nil {
			return fmt.Errorf("from %d to %d: %w", older.N, newest.N, err)
		}
	}
	fmt.Printf("sumdb: %d entries, %d tiles, %d older checkpoints\n", newest.N, s.read, len(checkpoints))
	return nil
}

// recompute holds the signed root to the entries alone, and each of them to its hash in the tiles.
func recompute(s *site, newest tlog.Tree, tiles tlog.HashReader) error {
	var hashes []tlog.Hash
	held := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			found[i] = hashes[at]
		}
		return found, nil
	})
	for at := int64(0); at < newest.N; {
		count := width
		if newest.N-at < width {
			count = int(newest.N - at)
		}
		entries, err := s.bundle(at/width, count)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			stored, err := tlog.StoredHashes(at, entry, held)
			if err != nil {
				return err
			}
			hashes = append(hashes, stored...)
			leaf, err := tiles.ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
			if err != nil {
				return err
			}
			if leaf[0] != tlog.RecordHash(entry) {
				return fmt.Errorf("entry %d is another than in its tile", at)
			}
			at++
		}
	}
	root, err := tlog.TreeHash(newest.N, held)
	if err != nil {
		return err
	}
	if root != newest.Hash {
		return fmt.Errorf("%v is signed, the entries give %v", newest.Hash, root)
	}
	return nil
}

// grew proves from tiles that the newer tree began with the older one.
func grew(older, newest tlog.Tree, tiles tlog.HashReader) error {
	proof, err := tlog.ProveTree(newest.N, older.N, tiles)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, newest.N, newest.Hash, older.N, older.Hash); err != nil {
		return err
	}
	other := older.Hash
	other[0] ^= 1
	if tlog.CheckTree(proof, newest.N, newest.Hash, older.N, other) == nil {
		return errors.New("the proof is one of another root, too")
	}
	return nil
}
