package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fingerprint makes the key of something that is made from parts.
type fingerprint struct{ h hash.Hash }

// newFingerprint starts a key; kind names what is made and the version of the
// code that makes it, so that a better maker does not find the old work.
func newFingerprint(kind string) fingerprint {
	f := fingerprint{sha256.New()}
	f.add(kind)
	return f
}

// add adds parts; where one ends and the next begins matters.
func (f fingerprint) add(parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(f.h, "%d:%s", len(p), p)
	}
}

// key returns 24 hex digits: 96 bits, no chance of two alike.
func (f fingerprint) key() string { return hex.EncodeToString(f.h.Sum(nil))[:24] }

// fileFingerprint returns the key of a file's content.
func fileFingerprint(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	f := newFingerprint("file")
	if _, err := io.Copy(f.h, file); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return f.key(), nil
}

// maxTreeEntries bounds the size of a module tree. Debian's have some 4,500
// entries; allmodconfig makes about 10,000.
const maxTreeEntries = 200_000

// treeEntry is one entry of a module tree.
type treeEntry struct {
	path  string // relative, slashes
	entry fs.DirEntry
}

// walkTree lists a module tree in lexical order, without the links to the
// build and source trees, which need not exist and are not modules.
func walkTree(dir string) ([]treeEntry, error) {
	var list []treeEntry
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == "." {
			return err
		}
		if rel == "build" || rel == "source" {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if len(list) == maxTreeEntries {
			return fmt.Errorf("more than %d entries: this is no module directory", maxTreeEntries)
		}
		list = append(list, treeEntry{filepath.ToSlash(rel), e})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("module directory %s: %w", dir, err)
	}
	return list, nil
}

// treeFingerprint returns the key of a module tree: the path, type, size and
// modification time of every entry.
func treeFingerprint(dir string) (string, error) {
	list, err := walkTree(dir)
	if err != nil {
		return "", err
	}
	f := newFingerprint("tree")
	for _, t := range list {
		if t.entry.IsDir() {
			f.add(t.path, "dir")
			continue
		}
		info, err := os.Stat(filepath.Join(dir, t.path)) // of what a link leads to
		if err != nil {
			f.add(t.path, "dangling")
			continue
		}
		f.add(t.path, fmt.Sprintf("%v %d %d", info.Mode(), info.Size(), info.ModTime().UnixNano()))
	}
	return f.key(), nil
}

// isModuleFile says whether a file name is that of a kernel module, plain or
// compressed (scripts/Makefile.modinst of Linux 6.12: .gz, .xz, .zst).
func isModuleFile(name string) bool {
	for _, z := range []string{"", ".gz", ".xz", ".zst"} {
		if strings.HasSuffix(name, ".ko"+z) {
			return true
		}
	}
	return false
}
