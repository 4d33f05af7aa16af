package inject

import (
	"embed"
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
func SourceKey() string { return keyOf(source) }

// writeSource writes the source into a directory that is there.
func writeSource(dir string) error { return writeFiles(source, "driver", dir) }

// writeFiles writes the files of a directory of source into a directory.
func writeFiles(source embed.FS, from, dir string) error {
	entries, err := source.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		b, err := source.ReadFile(from + "/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
