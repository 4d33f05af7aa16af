package kmod

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rootxz "github.com/therootcompany/xz"
	ulixz "github.com/ulikunitz/xz"
)

// benchTree is a real module tree, named by the environment variable
// KMODSH_BENCH_TREE (a directory such as /lib/modules/RELEASE).
func benchTree(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("KMODSH_BENCH_TREE")
	if dir == "" {
		b.Skip("KMODSH_BENCH_TREE names no module tree")
	}
	return dir
}

func BenchmarkDepmod(b *testing.B) {
	modules, files := generatedTree(500)
	benchmarkDepmod(b, tinyTree(b, modules, files))
}

func BenchmarkDepmodTree(b *testing.B) {
	benchmarkDepmod(b, benchTree(b))
}

// BenchmarkDepmodAgain is a run of which nothing has to be read again.
func BenchmarkDepmodAgain(b *testing.B) {
	dir, out, cache := benchTree(b), b.TempDir(), b.TempDir()
	if err := os.Chmod(cache, 0o700); err != nil {
		b.Fatal(err)
	}
	opt := DepmodOptions{Dir: dir, Out: out, Cache: cache, Now: time.Now().UnixNano()}
	for b.Loop() {
		if _, err := Depmod(b.Context(), opt); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkDepmod(b *testing.B, dir string) {
	out := b.TempDir()
	modules := 0
	for b.Loop() {
		stats, err := Depmod(b.Context(), DepmodOptions{Dir: dir, Out: out})
		if err != nil {
			b.Fatal(err)
		}
		modules = stats.Modules
	}
	b.ReportMetric(float64(modules), "modules")
}

// BenchmarkXz decodes every tenth .ko.xz of a real tree with the two decoders
// that could be used.
func BenchmarkXz(b *testing.B) {
	var files [][]byte
	n := 0
	err := filepath.WalkDir(benchTree(b), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".ko.xz") {
			return err
		}
		if n++; n%10 == 0 {
			data, err := os.ReadFile(path)
			files = append(files, data)
			return err
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if len(files) == 0 {
		b.Skip("the tree of KMODSH_BENCH_TREE has no .ko.xz files")
	}
	decoders := map[string]func(io.Reader) (io.Reader, error){
		"ulikunitz": func(r io.Reader) (io.Reader, error) { return ulixz.NewReader(r) },
	}
	var again *rootxz.Reader
	decoders["therootcompany"] = func(r io.Reader) (io.Reader, error) {
		if again != nil {
			return again, again.Reset(r)
		}
		var err error
		again, err = rootxz.NewReader(r, maxXzDictionary)
		return again, err
	}
	for _, name := range []string{"therootcompany", "ulikunitz"} {
		b.Run(name, func(b *testing.B) {
			var out bytes.Buffer
			var size int64
			for b.Loop() {
				size = 0
				for _, f := range files {
					r, err := decoders[name](bytes.NewReader(f))
					if err != nil {
						b.Fatal(err)
					}
					out.Reset()
					if _, err := out.ReadFrom(r); err != nil {
						b.Fatal(err)
					}
					size += int64(out.Len())
				}
			}
			b.SetBytes(size)
		})
	}
}
