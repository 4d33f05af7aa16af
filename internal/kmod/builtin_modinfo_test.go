package kmod

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// TestBuiltinModinfoBounds reads up to the bounds and says where it stopped: no
// field is cut, and nothing is left out without a word.
func TestBuiltinModinfoBounds(t *testing.T) {
	const field = 1 << 16
	one := "a.alias=" + strings.Repeat("x", field-len("a.alias=")-1) + "\x00"
	full := func() (all []io.Reader) {
		for range maxTextFile / field {
			all = append(all, strings.NewReader(one))
		}
		return all
	}
	long := strings.Repeat("y", maxBuiltinField)
	for name, c := range map[string]struct {
		r      io.Reader
		fields int
		damage string
	}{
		"just the limit":       {io.MultiReader(full()...), maxTextFile / field, ""},
		"a byte more":          {io.MultiReader(append(full(), strings.NewReader("\x00"))...), maxTextFile / field, "offset 67108864: larger than 67108864 bytes"},
		"over the limit":       {io.MultiReader(append([]io.Reader{strings.NewReader("a.b=c\x00")}, full()...)...), maxTextFile / field, "offset 67043334: larger than"},
		"a long field":         {strings.NewReader("a.b=c\x00a.b=" + long + "\x00a.b=d"), 1, "offset 6: a field of more than 1048576 bytes"},
		"the last has no zero": {strings.NewReader("a.b=c\x00a.b=d"), 1, ""},
	} {
		n := 0
		err := readBuiltinModinfo(c.r, func(_, _, value string) {
			if n++; len(value) != 1 && len(value) != field-len("a.alias=")-1 {
				t.Fatalf("%s: a value of %d bytes", name, len(value))
			}
		})
		if n != c.fields || (err != nil) != (c.damage != "") || err != nil && (!errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), c.damage)) {
			t.Errorf("%s: %d fields, %v, want %d, %s", name, n, err, c.fields, c.damage)
		}
	}
}

// TestDepmodSaysWhatBuiltinModinfoLost has the file and the offset said, and the
// indexes of the rest.
func TestDepmodSaysWhatBuiltinModinfoLost(t *testing.T) {
	dir := tinyTree(t, map[string]tinyModule{"kernel/a.ko": {}}, map[string]string{
		"modules.order": "", "modules.builtin": "kernel/b.ko\n",
		"modules.builtin.modinfo": "b.alias=first\x00b.alias=" + strings.Repeat("y", maxBuiltinField) + "\x00b.alias=second\x00",
	})
	var said []string
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Warn: func(s string) { said = append(said, s) }}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("WARNING: %s/modules.builtin.modinfo: damaged at offset 14: a field of more than %d bytes; what is behind is in no index", dir, maxBuiltinField)
	if len(said) != 1 || said[0] != want {
		t.Errorf("said %q, want %q", said, want)
	}
}
