package inject

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
)

// The test modules' source: the simulated kernel has modules of the same names
// that do the same.
//
//go:embed modules
var testSource embed.FS

// TestModules are the names of the test modules.
func TestModules() []string {
	return []string{"victim", "user", "test_module", "slow", "broken", "asyncreq", "asyncself", "reqself", "reqbase", "requser", "leaky", "ailing"}
}

// TestsKey is a key of the test modules' source.
func TestsKey() string { return keyOf(testSource) }

// keyOf is a key of all files of a source.
func keyOf(source fs.FS) string {
	h := sha256.New()
	// The order of WalkDir is lexical.
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(source, path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return hex.EncodeToString(h.Sum(nil))[:24]
}

// writeTests writes the test modules' source into a directory that is there.
func writeTests(dir string) error { return writeFiles(testSource, "modules", dir) }
