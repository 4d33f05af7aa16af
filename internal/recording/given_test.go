package recording

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

// TestGivenDiffers: whoever repeats a trace is told what it was recorded with and
// is not given here, and the other way round.
func TestGivenDiffers(t *testing.T) {
	config := NewGiven([]string{"blacklist minix"}, "", "")
	for _, tt := range []struct {
		was, here *Given
		same      bool
		want      string // "" no difference
	}{
		{nil, nil, true, ""},
		{config, config, true, ""},
		{config, nil, true, `"blacklist minix"`},
		{config, nil, false, `"blacklist minix"`},
		{config, NewGiven([]string{"blacklist xfs"}, "", ""), true, "another configuration"},
		{nil, config, true, "without a configuration"},
		{NewGiven(nil, "/src/tree", ""), nil, true, "/src/tree"},
		{NewGiven(nil, "/src/tree", ""), NewGiven(nil, "/copy", ""), true, ""},
		{NewGiven(nil, "/src/tree", ""), nil, false, ""},
		{nil, NewGiven(nil, "/src/tree", ""), true, "without --tree"},
		{NewGiven(nil, "", "6.13.0"), NewGiven(nil, "", "6.14.0"), true, "release 6.13.0"},
		{NewGiven(nil, "", "6.13.0"), nil, false, ""},
	} {
		what, do := tt.was.Differs(tt.here, tt.same)
		if (what == "") != (tt.want == "") || !strings.Contains(what, tt.want) || (what == "") != (do == "") {
			t.Errorf("%+v, here %+v: %q, do %q; want %q", tt.was, tt.here, what, do, tt.want)
		}
	}
}

// TestConfigSum: what is kept of a configuration where there is no room for it
// tells it from another, also where that is another only behind what a file
// keeps, and a file from before there was a sum has the same.
func TestConfigSum(t *testing.T) {
	long := make([]string, maxGivenConfig+1)
	for i := range long {
		long[i] = "blacklist m" + strconv.Itoa(i)
	}
	other := slices.Clone(long)
	other[maxGivenConfig] = "blacklist xfs"
	a, b := NewGiven(long, "", ""), NewGiven(other, "", "")
	if what, _ := a.Differs(b, true); what == "" || len(a.Config) != maxGivenConfig {
		t.Errorf("%d entries of %d kept, and no difference to another", len(a.Config), len(long))
	}
	if d := Compare(&Recording{Header: Header{Given: a}}, &Recording{Header: Header{Given: b}}, false).Heads; len(d) != 1 || d[0].What != "entries that are not kept" {
		t.Errorf("compared: %+v", d)
	}
	short := NewGiven([]string{"blacklist minix"}, "", "")
	old := &Given{Config: short.Config, Entries: 1}
	if what, _ := old.Differs(short, true); what != "" || old.ConfigSum() != short.ConfigSum() || len(short.Sum) != 8 {
		t.Errorf("a file without a sum: %q, %q and %q", what, old.ConfigSum(), short.ConfigSum())
	}
	for _, tt := range []struct {
		sum, want string
		here      *Given
	}{
		{"", "", nil}, {"", "", NewGiven(nil, "/tree", "")}, {short.Sum, "", short}, {short.Sum, "not given here", nil},
		{short.Sum, "another configuration", a}, {"", "without a configuration", short},
	} {
		if what, do := tt.here.ConfigDiffers(tt.sum); (what == "") != (tt.want == "") || !strings.Contains(what, tt.want) || (what == "") != (do == "") {
			t.Errorf("made with %q, here %+v: %q, do %q; want %q", tt.sum, tt.here, what, do, tt.want)
		}
	}
}

// TestCompareGiven: what one of two recordings was given and the other was not,
// and a setting that only one has, are among what they differ in.
func TestCompareGiven(t *testing.T) {
	with := func(g *Given, settings ...kernel.Setting) *Recording {
		return &Recording{Header: Header{Target: "sim:v6.12", Given: g, Settings: settings}}
	}
	slow, max := kernel.Setting{Name: "exec-ms", Value: "5"}, kernel.Setting{Name: "kmod-max", Value: "50"}
	for name, c := range map[string]struct {
		a, b *Recording
		want []Difference
	}{
		"nothing":          {with(nil), with(nil), nil},
		"alike":            {with(&Given{Config: []string{"options a b=1"}, Entries: 1}, max), with(&Given{Config: []string{"options a b=1"}, Entries: 1}, max), nil},
		"one has a config": {with(&Given{Config: []string{"options a b=1"}, Entries: 1}), with(nil), []Difference{{"configuration (-C)", "options a b=1", "none"}, {"its entries", "1", "none"}}},
		"another tree":     {with(&Given{Tree: "/a"}), with(&Given{Kernel: "6.9"}), []Difference{{"own tree (--tree)", "/a", "none"}, {"own kernel (--kernel)", "none", "6.9"}}},
		"a setting more":   {with(nil, max), with(nil, slow, max), []Difference{{"exec-ms", "not there", "5"}}},
		"a machine": {
			&Recording{Header: Header{Target: "vm:6.12", Settings: []kernel.Setting{{Name: "kmod-max", Value: "9"}}}}, with(nil, slow, max),
			[]Difference{{"target", "vm:6.12", "sim:v6.12"}, {"kmod-max", "9", "50"}},
		},
	} {
		if d := cmp.Diff(c.want, Compare(c.a, c.b, false).Heads); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
