package kmod

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

func TestReadModule(t *testing.T) {
	crc := func(name string) ModuleSymbol { return ModuleSymbol{Name: name, CRC: tinyCRC(name)} }
	base := tinyModule{
		info:     []string{"license=GPL", "", "alias=a=b", "odd", "alias=c"},
		exports:  []string{"one", "two"},
		imports:  []string{"printk"},
		weak:     []string{"perhaps"},
		versions: []string{"module_layout"},
		extended: []string{"a_name_longer_than_the_rows_of_the_first_table_have_room_for"},
	}
	want := ModuleFacts{
		Info:    []InfoField{{"license", "GPL"}, {"alias", "a=b"}, {"odd", ""}, {"alias", "c"}},
		Exports: []ModuleSymbol{crc("one"), crc("two")},
		Imports: []ModuleSymbol{crc("printk"), {Name: "perhaps", Weak: true}},
		Versions: []ModuleSymbol{crc("printk"), crc("module_layout"),
			crc("a_name_longer_than_the_rows_of_the_first_table_have_room_for")},
		ThisModule: 128, Extended: 1,
	}
	for _, bits := range []int{32, 64} {
		for _, big := range []bool{false, true} {
			m, w := base, want
			m.bits, m.bigEndian = bits, big
			w.Bits, w.BigEndian, w.Machine = bits, big, MachineX8664
			if bits == 32 {
				w.Machine = Machine386
			}
			got, err := ReadModule(m.image())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&w, got); diff != "" {
				t.Errorf("%d bits, big endian %v: %s", bits, big, diff)
			}
			info, err := Modinfo(m.image())
			if diff := cmp.Diff(w.Info, info); diff != "" || err != nil {
				t.Errorf("Modinfo: %v %s", err, diff)
			}
		}
	}
	base.noCRC = true
	got, err := ReadModule(base.image())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ModuleSymbol{{Name: "one"}, {Name: "two"}}, got.Exports); diff != "" {
		t.Errorf("without checksums: %s", diff)
	}
	if v, ok := got.Field("alias"); v != "a=b" || !ok {
		t.Errorf("Field(alias) = %q, %v", v, ok)
	}
	if _, ok := got.Field("none"); ok {
		t.Error("a field that is not there")
	}
}

// TestReadModuleDamaged cuts a module at every length.
func TestReadModuleDamaged(t *testing.T) {
	image := tinyModule{info: []string{"a=b"}, exports: []string{"a"}, imports: []string{"b"}}.image()
	for n := range image {
		if _, err := ReadModule(image[:n]); !errors.Is(err, kernel.ErrDamaged) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(image), err)
		}
		if _, err := Modinfo(image[:n]); !errors.Is(err, kernel.ErrDamaged) {
			t.Fatalf("modinfo, cut to %d of %d bytes: %v", n, len(image), err)
		}
	}
}

func TestModuleSignature(t *testing.T) {
	image := tinyModule{}.image()
	sign := func(claimed uint32, idType byte) []byte {
		b := append([]byte(nil), image...)
		b = append(b, "0123456789"...)
		b = append(b, 0, 0, idType, 0, 0, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, claimed)
		return append(b, signatureMark...)
	}
	tests := map[string]struct {
		image []byte
		want  Signature
		ok    bool
	}{
		"unsigned":  {image, Signature{}, false},
		"pkcs7":     {sign(10, 2), Signature{IDType: "PKCS#7", Length: 10, Offset: len(image)}, true},
		"other":     {sign(10, 9), Signature{IDType: "unknown", Length: 10, Offset: len(image)}, true},
		"too long":  {sign(1<<31, 2), Signature{}, false},
		"only mark": {[]byte(signatureMark), Signature{}, false},
	}
	for name, test := range tests {
		if got, ok := ModuleSignature(test.image); !reflect.DeepEqual(got, test.want) || ok != test.ok {
			t.Errorf("%s: %+v, %v, want %+v", name, got, ok, test.want)
		}
	}
	m, err := ReadModule(sign(10, 2))
	if err != nil || m.Signature == nil || m.Signature.Length != 10 {
		t.Errorf("ReadModule of a signed module: %+v, %v", m, err)
	}
}

// TestReadModuleNameBomb has many symbols whose names overlap: each is most of
// the table, together they would be its square.
func TestReadModuleNameBomb(t *testing.T) {
	const row, nameLength = 24, 4000
	m := tinyModule{imports: []string{strings.Repeat("x", nameLength-1)}}
	for range 500 {
		m.weak = append(m.weak, "y")
	}
	image := m.image()
	f, err := elfOpen(elfImage(image))
	if err != nil {
		t.Fatal(err)
	}
	table := image[f.at[secSymtab].off:][:f.at[secSymtab].size]
	for i := 1; i < len(table)/row; i++ {
		binary.LittleEndian.PutUint32(table[row*i:], uint32(1+i))
	}
	if _, err := ReadModule(image); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("500 overlapping names in a table of 5000 bytes: %v", err)
	}
}
