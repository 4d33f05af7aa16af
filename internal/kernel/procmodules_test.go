package kernel

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/trace"
)

func TestParseModules(t *testing.T) {
	const text = `ext4 983040 1 - Live 0xffffffffc0a00000
jbd2 180224 1 ext4, Live 0xffffffffc09c0000
mbcache 16384 1 ext4, Live 0x0000000000000000
crc16 16384 3 ext4,bluetooth,[permanent], Live 0x0000000000000000
victim 20480 1 - Loading 0x0000000000000000 (OE+)
leaving 20480 -1 - Unloading 0x0000000000000000 (O-)
stuck 20480 0 [permanent], Live 0x0000000000000000 (E)

fixed 4096 - - Live 0xc0008000
odd` + "\x1b[2J" + `name 4096 0 - Live 0x0
`
	none := []string{}
	want := []Module{
		{Name: "ext4", State: trace.Live, Size: 983040, Refs: 1, Users: none, Address: "0xffffffffc0a00000"},
		{Name: "jbd2", State: trace.Live, Size: 180224, Refs: 1, Users: []string{"ext4"}, Address: "0xffffffffc09c0000"},
		{Name: "mbcache", State: trace.Live, Size: 16384, Refs: 1, Users: []string{"ext4"}, Address: "0x0000000000000000"},
		{Name: "crc16", State: trace.Live, Size: 16384, Refs: 3, Users: []string{"ext4", "bluetooth"}, Permanent: true, Address: "0x0000000000000000"},
		{Name: "victim", State: trace.Coming, Size: 20480, Refs: 1, Users: none, Address: "0x0000000000000000", Taints: "OE"},
		{Name: "leaving", State: trace.Going, Size: 20480, Refs: -1, Users: none, Address: "0x0000000000000000", Taints: "O"},
		{Name: "stuck", State: trace.Live, Size: 20480, Users: none, Permanent: true, Address: "0x0000000000000000", Taints: "E"},
		{Name: "fixed", State: trace.Live, Size: 4096, Users: none, Permanent: true, Address: "0xc0008000"},
		{Name: "odd?[2Jname", State: trace.Live, Size: 4096, Users: none, Address: "0x0"},
	}
	got, err := ParseModules(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseModulesDamaged(t *testing.T) {
	const good = "ext4 983040 1 - Live 0x0\n"
	for _, tc := range []struct{ text, want string }{
		{"ext4", `line 1: "ext4" has 1 fields, not 6: damaged`},
		{good + "ext4 x 1 - Live 0x0", `line 2: size "x" of ext4: damaged`},
		{good + "ext4 -1 1 - Live 0x0", `line 2: size "-1" of ext4: damaged`},
		{"ext4 1 x - Live 0x0", `line 1: reference count "x" of ext4: damaged`},
		{"ext4 1 1 - Sleeping 0x0", `line 1: state "Sleeping" of ext4: damaged`},
		{strings.Repeat("a", maxModuleRow+1), "line 1: longer than 262144 bytes: damaged"},
		{strings.Repeat("a 1 1 - Live 0x0\n", maxModuleRows+1), "more than 16384 rows: damaged"},
		{strings.Repeat("a 1 1 "+strings.Repeat("b", maxModuleRow-32)+", Live 0x0\n", maxModuleText/maxModuleRow+1), "more than 33554432 bytes: damaged"},
	} {
		_, err := ParseModules(strings.NewReader(tc.text))
		if err == nil || !errors.Is(err, ErrDamaged) || !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%.40q: %v, want ...%s", tc.text, err, tc.want)
		}
	}
	if got, err := ParseModules(strings.NewReader("")); err != nil || got == nil || len(got) != 0 {
		t.Errorf("empty list: %v, %v; want an empty list that is not nil", got, err)
	}
}

func FuzzParseModules(f *testing.F) {
	f.Add("ext4 983040 1 - Live 0xffffffffc0a00000\n")
	f.Add("crc16 16384 3 ext4,bluetooth,[permanent], Live 0x0 (OE+)\nfixed 4096 - - Live 0xc0008000")
	f.Add("leaving 20480 -1 , Unloading 0x0 ()\n\n\x00 1 1 - Live 0")
	f.Fuzz(func(t *testing.T, text string) {
		modules, err := ParseModules(strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, ErrDamaged) || modules != nil {
				t.Fatalf("%v with %d modules", err, len(modules))
			}
			return
		}
		for _, m := range modules {
			if m.Name == "" || !m.State.Valid() || m.Size < 0 || m.Users == nil {
				t.Fatalf("row %+v", m)
			}
			for _, s := range append(m.Users, m.Name, m.Address, m.Taints) {
				if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
					t.Fatalf("row %+v holds %q", m, s)
				}
			}
		}
	})
}
