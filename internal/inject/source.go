package inject

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ModuleName is the driver's name in the kernel.
const ModuleName = "kmodsh_driver"

// The driver's source, GPL-2.0: it becomes part of a kernel.
//
//go:embed driver
var source embed.FS

// SourceKey is a key of the source: another source has another one.
func SourceKey() string {
	h := sha256.New()
	// The order of WalkDir is lexical.
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := source.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return hex.EncodeToString(h.Sum(nil))[:24]
}

// writeSource writes the source into a directory that is there.
func writeSource(dir string) error {
	entries, err := source.ReadDir("driver")
	if err != nil {
		return err
	}
	for _, e := range entries {
		b, err := source.ReadFile("driver/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
