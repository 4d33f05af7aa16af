package kmod

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestAbout asks configurations with many lines for those about a name: what is
// left out matches it in no way, and the order stays.
func TestAbout(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			b.WriteString([]string{"a", "b", "c", "*", "?", "[ab]", `\a`}[r.IntN(7)])
		}
		return b.String()
	}
	for range 200 {
		var text strings.Builder
		for i := range manyLines + r.IntN(50) {
			fmt.Fprintf(&text, "options %s n=%d\nsoftdep %s pre: x\n", word(), i, word())
		}
		c, err := (&Config{}).WithText("x.conf", text.String())
		if err != nil {
			t.Fatal(err)
		}
		res := NewResolver(NewTree(fstest.MapFS{}, "T"), c)
		for range 20 {
			name, alias := word(), word()
			for _, kind := range []ConfigKind{ConfigOptions, ConfigSoftdep} {
				concerns := func(l ConfigLine) bool {
					return l.Name == name || l.Name == alias || globMatch(l.Name, name) || globMatch(l.Name, alias)
				}
				count := func(lines []ConfigLine) (at []int) {
					for _, l := range lines {
						if concerns(l) {
							at = append(at, l.Line)
						}
					}
					return at
				}
				got := res.about(kind, name, alias)
				if want := slices.Collect(res.each(kind)); !slices.Equal(count(got), count(want)) || len(got) == len(want) {
					t.Fatalf("%s about %q and %q: lines %v of %d, want %v\n%s", kind, name, alias, count(got), len(got), count(want), text.String())
				}
			}
		}
	}
}

// TestSoftdepChain makes plans of long chains of softdep lines: one of which each
// module wants the next has its end, not the program's.
func TestSoftdepChain(t *testing.T) {
	for _, c := range []struct {
		length int
		want   string
	}{{maxSoftDepth / 4, ""}, {maxSoftDepth + 2, "more than 131072 modules"}} {
		var dep, conf strings.Builder
		for i := range c.length {
			fmt.Fprintf(&dep, "k/m%d.ko:\n", i)
			fmt.Fprintf(&conf, "softdep m%d pre: m%d\n", i, i+1)
		}
		config, err := (&Config{}).WithText("x.conf", conf.String())
		if err != nil {
			t.Fatal(err)
		}
		res := NewResolver(NewTree(fstest.MapFS{"modules.dep": {Data: []byte(dep.String())}}, "T"), config)
		found, err := res.Resolve("m0")
		if err != nil {
			t.Fatal(err)
		}
		lists, _, err := res.planLists(found, "m0", PlanOptions{}, false)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%d modules: %v, want %q", c.length, err, c.want)
		case c.want == "" && (err != nil || len(lists[0]) != c.length):
			t.Errorf("%d modules: %d steps, %v", c.length, len(lists), err)
		}
	}
}
