package kmod

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

// smallTree returns the files of testdata/tree.txtar, with an empty file for
// each module but kernel/test/gone.ko. With binary set the indexes are binary.
func smallTree(t testing.TB, binary bool) fstest.MapFS {
	t.Helper()
	ar, err := txtar.ParseFile(filepath.Join("testdata", "tree.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	m := fstest.MapFS{}
	for _, f := range ar.Files {
		data := f.Data
		switch f.Name {
		case "modules.builtin.modinfo":
			data = bytes.ReplaceAll(data, []byte{'\n'}, []byte{0})
		case "modules.dep":
			for line := range strings.Lines(string(data)) {
				file, _, _ := strings.Cut(line, ":")
				if path.Base(file) != "gone.ko" {
					m[file] = &fstest.MapFile{}
				}
			}
		}
		m[f.Name] = &fstest.MapFile{Data: data}
	}
	if binary {
		for _, kind := range []indexKind{indexDep, indexAlias, indexSymbol, indexBuiltin, indexBuiltinAlias} {
			image, err := textIndexImage(kind, m[kind.textFile()].Data, kind.textFile())
			if err != nil {
				t.Fatal(err)
			}
			m[string(kind)+".bin"] = &fstest.MapFile{Data: image}
		}
		for _, kind := range []indexKind{indexDep, indexAlias, indexSymbol, indexBuiltin, indexBuiltinAlias} {
			delete(m, kind.textFile())
		}
	}
	return m
}

// putFiles puts files below dir.
func putFiles(t testing.TB, dir string, files fstest.MapFS) {
	t.Helper()
	for name, f := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// readConfigs writes the archive's files into a new directory and reads them.
func readConfigs(t testing.TB, text, cmdline string) (dir string, c *Config) {
	t.Helper()
	dir = t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		p := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := ReadConfig([]string{dir}, cmdline)
	if err != nil {
		t.Fatal(err)
	}
	return dir, c
}
