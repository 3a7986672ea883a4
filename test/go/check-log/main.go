// Check-log verifies a log that was exported as C2SP tlog-tiles, with nothing of Sealdesk's: hashes,
// tiles and signed notes are those of golang.org/x/mod.
//
//	check-log FOLDER-OR-URL VKEY [OLD-CHECKPOINT]
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

func main() {
	if len(os.Args) < 3 {
		fail("usage: check-log FOLDER-OR-URL VKEY [OLD-CHECKPOINT]")
	}
	folder := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	tree := openCheckpoint(read(folder, "checkpoint"), verifier)
	hashes := tlog.TileHashReader(tree, tiles{folder})
	checkEntries(folder, tree, hashes)
	checkRoot(tree, hashes)
	checkExtra(folder, tree)
	if len(os.Args) > 3 {
		old, err := os.ReadFile(os.Args[3])
		check(err)
		checkOld(openCheckpoint(old, verifier), tree, hashes)
	}
	fmt.Printf("ok %d\n", tree.N)
}

// openCheckpoint reads a checkpoint that the verifier's key signed and whose origin is its name.
func openCheckpoint(text []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: wrong origin or form")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: root}
}

func isURL(place string) bool { return strings.Contains(place, "://") }

// read reads a file of the log from a folder, or as a stock HTTP client does.
func read(place, path string) []byte {
	if !isURL(place) {
		data, err := os.ReadFile(filepath.Join(place, path))
		check(err)
		return data
	}
	answer, err := http.Get(place + "/" + path)
	check(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	check(err)
	if answer.StatusCode != http.StatusOK {
		fail("%s: %s", path, answer.Status)
	}
	return data
}

// tiles reads tiles of height 8 from a folder; C2SP leaves the height out of the path.
type tiles struct{ folder string }

func (t tiles) Height() int                     { return height }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		all = append(all, read(t.folder, pathOf(tile)))
	}
	return all, nil
}

func pathOf(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

// checkEntries compares each entry with its leaf hash, which the reader proves against the root.
func checkEntries(folder string, tree tlog.Tree, hashes tlog.HashReader) {
	for first := int64(0); first < tree.N; first += width {
		count := tree.N - first
		if count > width {
			count = width
		}
		var indexes []int64
		for at := first; at < first+count; at++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, at))
		}
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			fail("entries from %d: %v", first, err)
		}
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(count)}
		path := strings.Replace(pathOf(tile), "tile/0/", "tile/entries/", 1)
		bundle := read(folder, path)
		for at := int64(0); at < count; at++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				fail("entry %d: the bundle ends before it", first+at)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:end]) != leaves[at] {
				fail("entry %d: is not what the tree says", first+at)
			}
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			fail("entry %d: the bundle holds more than its tile", first+count)
		}
	}
}

func checkRoot(tree tlog.Tree, hashes tlog.HashReader) {
	root, err := tlog.TreeHash(tree.N, hashes)
	check(err)
	if root != tree.Hash && tree.N > 0 {
		fail("checkpoint: another root")
	}
}

// checkExtra refuses files that the tree has no place for, and every upper tile that is not needed
// for the entries is read as well.
func checkExtra(folder string, tree tlog.Tree) {
	expected := map[string]bool{}
	for level := 0; tree.N>>(level*height) > 0; level++ {
		n := tree.N >> (level * height)
		for index := int64(0); index*width < n; index++ {
			w := n - index*width
			if w > width {
				w = width
			}
			tile := tlog.Tile{H: height, L: level, N: index, W: int(w)}
			expected[pathOf(tile)] = true
			checkUpper(folder, tile, read(folder, pathOf(tile)))
			if level == 0 {
				expected[strings.Replace(pathOf(tile), "tile/0/", "tile/entries/", 1)] = true
			}
		}
	}
	if isURL(folder) {
		return
	}
	err := filepath.Walk(filepath.Join(folder, "tile"), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		if !expected[filepath.ToSlash(name)] {
			fail("%s: the tree has no such tile", name)
		}
		return nil
	})
	if tree.N > 0 {
		check(err)
	}
}

// checkUpper compares each hash of a tile above level 0 with the full tile below it.
func checkUpper(folder string, tile tlog.Tile, data []byte) {
	if tile.L == 0 {
		return
	}
	for at := 0; at < tile.W; at++ {
		below := tlog.Tile{H: height, L: tile.L - 1, N: tile.N*width + int64(at), W: width}
		full := read(folder, pathOf(below))
		var hashes [][]byte
		for ; len(full) > 0; full = full[tlog.HashSize:] {
			hashes = append(hashes, full[:tlog.HashSize])
		}
		for len(hashes) > 1 {
			var up [][]byte
			for i := 0; i < len(hashes); i += 2 {
				var left, right tlog.Hash
				copy(left[:], hashes[i])
				copy(right[:], hashes[i+1])
				node := tlog.NodeHash(left, right)
				up = append(up, node[:])
			}
			hashes = up
		}
		if !bytes.Equal(hashes[0], data[at*tlog.HashSize:(at+1)*tlog.HashSize]) {
			fail("%s: its hash %d is not that of the tile below", pathOf(tile), at)
		}
	}
}

func checkOld(old, tree tlog.Tree, hashes tlog.HashReader) {
	if old.N > tree.N {
		fail("rolled back: the log had %d entries", old.N)
	}
	if old.N == 0 {
		return
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	check(err)
	if tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash) != nil {
		fail("forked: no extension of the tree of %d entries", old.N)
	}
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, values ...any) {
	fmt.Printf(format+"\n", values...)
	os.Exit(1)
}
