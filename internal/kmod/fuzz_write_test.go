package kmod

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzELFImage(f *testing.F) {
	m := tinyModule{info: []string{"license=GPL", "alias=a"}, exports: []string{"a"}, imports: []string{"b"}, weak: []string{"c"}, extended: []string{"d"}}
	for _, bits := range []int{32, 64} {
		for _, big := range []bool{false, true} {
			m.bits, m.bigEndian = bits, big
			f.Add(m.image())
		}
	}
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, image []byte) {
		facts, err := ReadModule(image)
		if (facts == nil) == (err == nil) && err == nil {
			t.Fatal("neither facts nor an error")
		}
		w := depmodWorker{}
		var collected depmodFacts
		e, openErr := elfOpen(elfImage(image))
		if openErr == nil {
			openErr = w.collect(&collected, e)
		}
		// Of tables that make no sense depmod takes what libkmod takes, see readSymbols.
		if openErr != nil && err == nil {
			t.Fatalf("depmod says %v, and ReadModule nothing", openErr)
		}
		if err == nil && !collected.noExports && len(collected.exports) != len(facts.Exports) {
			t.Fatalf("depmod sees %d exports, ReadModule %d", len(collected.exports), len(facts.Exports))
		}
	})
}

func FuzzModinfo(f *testing.F) {
	f.Add([]byte("license=GPL\x00alias=x=y\x00\x00\x00odd\x00=\x00end=no nul"))
	f.Fuzz(func(t *testing.T, section []byte) {
		size := 0
		for _, field := range parseModinfo(section) {
			size += len(field.Key) + len(field.Value)
			if strings.ContainsRune(field.Key+field.Value, 0) || strings.Contains(field.Key, "=") {
				t.Fatalf("field %q", field)
			}
		}
		if size > len(section) {
			t.Fatalf("%d bytes of fields from %d", size, len(section))
		}
	})
}

func FuzzBuiltinModinfo(f *testing.F) {
	f.Add([]byte("ext4.alias=fs-ext4\x00ext4.license=GPL\x00no\x00.=\x00a.=b\x00a.b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var x indexWriter
		err := readBuiltinModinfo(bytes.NewReader(data), func(module, key, value string) {
			if module == "" || key == "" || strings.Contains(key, "=") || strings.Contains(module, ".") {
				t.Fatalf("%q %q %q", module, key, value)
			}
			if alias, ok := normalizeAlias(value); ok {
				x.add(alias, module, 0)
			}
		})
		if err != nil && len(data) < maxBuiltinField {
			t.Fatal(err)
		}
		if _, err := x.encode(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDepmodConfig(f *testing.F) {
	f.Add("search updates built-in\noverride m * extra\nexternal ^6 /ext \\\n /more\nexclude x\n# no\nbad line\n\\")
	f.Add("override m (((((a*)*)*)*)* x")
	f.Add("search updates 0\nexternal * 0") // relative: below the working directory
	f.Fuzz(func(t *testing.T, text string) {
		c := &depmodConfig{release: "6.1.0-56-amd64", warn: func(string) {}}
		if err := c.parse(strings.NewReader(text), "fuzz"); err != nil && len(text) < maxDepmodConfig {
			t.Fatal(err)
		}
		for _, e := range c.externals {
			if dir := inWorkDir(e); dir[0] != '/' {
				t.Fatalf("external directory %q is looked for at %q", e, dir)
			}
		}
		a, b := &depmodModule{rel: "updates/m.ko"}, &depmodModule{rel: "kernel/m.ko"}
		if c.prefers(a, b) && c.prefers(b, a) {
			t.Fatal("each is preferred to the other")
		}
	})
}

// FuzzDecoder looks at every decompressor; the first bytes choose.
func FuzzDecoder(f *testing.F) {
	image := tinyModule{exports: []string{"a"}}.image()
	for _, kind := range []string{"", "gzip", "xz", "zstd"} {
		whole := compressAs(f, kind, image)
		f.Add(whole)
		f.Add(whole[:len(whole)/2])
		f.Add(append(bytes.Clone(whole), "garbage"...))
		f.Add(append(bytes.Clone(whole), whole...))
		f.Add(append(bytes.Clone(whole), make([]byte, 64)...))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		const limit = 1 << 16
		var d imageDecoder
		first, err := d.image(bytes.NewReader(file), limit)
		if len(first) > limit || d.out.Cap() > 8*limit {
			t.Fatalf("%d bytes in a buffer of %d, limit %d", len(first), d.out.Cap(), limit)
		}
		first = bytes.Clone(first)
		second, again := d.image(bytes.NewReader(file), limit)
		if (err == nil) != (again == nil) || !bytes.Equal(first, second) {
			t.Fatalf("a used decoder answers otherwise: %v, then %v", err, again)
		}
	})
}

func FuzzIndexWriter(f *testing.F) {
	f.Add("ask\nate\non\nonce\none\none\n\n")
	f.Add("a\xffb\nab\na")
	f.Fuzz(func(t *testing.T, keys string) {
		var x indexWriter
		for i, k := range strings.Split(keys, "\n") {
			if x.add(k, "v", uint32(i%3)) != indexable(k) {
				t.Fatalf("add(%q)", k)
			}
		}
		if _, err := x.encode(); err != nil {
			t.Fatal(err)
		}
	})
}
