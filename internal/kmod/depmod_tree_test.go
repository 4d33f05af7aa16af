package kmod

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// tinyTree writes module files, and other files, below a new directory
// ROOT/lib/modules/6.1.0-test and returns it. What ends in .ko.gz, .ko.xz or
// .ko.zst is compressed.
func tinyTree(t testing.TB, modules map[string]tinyModule, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lib", "modules", "6.1.0-test")
	for rel, m := range modules {
		writeTreeFile(t, dir, rel, compressAs(t, Compression(rel), m.image()))
	}
	for rel, text := range files {
		writeTreeFile(t, dir, rel, []byte(text))
	}
	return dir
}

func writeTreeFile(t testing.TB, dir, rel string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, rel)
	if filepath.IsAbs(rel) {
		path = rel
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func compressAs(t testing.TB, kind string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "gzip":
		w := gzip.NewWriter(&b)
		w.Write(data)
		err = w.Close()
	case "xz":
		var w *xz.Writer
		if w, err = (xz.WriterConfig{CheckSum: xz.CRC32, DictCap: 1 << 20}).NewWriter(&b); err == nil {
			w.Write(data)
			err = w.Close()
		}
	case "zstd":
		var w *zstd.Encoder
		if w, err = zstd.NewWriter(&b); err == nil {
			w.Write(data)
			err = w.Close()
		}
	default:
		return data
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// generatedTree makes n modules in some directories, with dependencies,
// aliases and every other field an index has, and the files of a build.
func generatedTree(n int) (modules map[string]tinyModule, files map[string]string) {
	modules, files = map[string]tinyModule{}, map[string]string{}
	var order []string
	suffixes := []string{".ko", ".ko", ".ko.xz", ".ko.zst"}
	for i := range n {
		name := fmt.Sprintf("mod-%c%d", 'a'+i%7, i)
		m := tinyModule{
			info: []string{
				"license=GPL",
				fmt.Sprintf("alias=pci:v0000%04Xd*sv*sd*bc*sc*i*", i),
				fmt.Sprintf("alias=of:N*T*Cvendor,dev-%d", i/2),
				"alias=usb:v0BDAp[0-9]*d*",
				"no equals sign", "", "vermagic=6.1.0-test SMP",
			},
			exports:  []string{fmt.Sprintf("sym_%d", i), fmt.Sprintf("sym_%d_more", i)},
			imports:  []string{"printk", "module_layout"},
			versions: []string{"module_layout"},
			noCRC:    i%5 == 4,
		}
		for _, d := range []int{i / 2, i / 3, i - 7} {
			if d > 0 && d != i {
				m.imports = append(m.imports, fmt.Sprintf("sym_%d", d))
			}
		}
		if i%9 == 0 {
			m.weak = append(m.weak, "sym_1_more", "nowhere")
			m.info = append(m.info, fmt.Sprintf("softdep=pre: mod_b%d post: x", i))
		}
		if i%11 == 0 {
			m.info = append(m.info, fmt.Sprintf("alias=char-major-10-%d", i), fmt.Sprintf("alias=devname:dev%d", i),
				fmt.Sprintf("weakdep=mod_c%d", i))
		}
		rel := fmt.Sprintf("kernel/drivers/d%d/%s", i%4, name)
		modules[rel+suffixes[i%4]] = m
		order = append(order, rel+".ko")
	}
	files["modules.order"] = strings.Join(order, "\n") + "\n"
	files["modules.builtin"] = "kernel/fs/ext-4.ko\nkernel/lib/crc32.ko\n"
	files["modules.builtin.modinfo"] = "ext_4.alias=fs-ext4\x00ext_4.license=GPL\x00crc32.alias=crypto-[a-c]-crc32\x00" +
		"lib.alias=fs-ext4\x00crc32.alias=bad]\x00"
	return modules, files
}

// readTree returns the named index files of a directory.
func readTree(t testing.TB, dir string, names ...string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		got[n] = string(b)
	}
	return got
}
