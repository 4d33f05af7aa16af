package kmod

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestFollowsIsShort counts what follows says of plans of very many steps, and what
// order adds: not much more than there are steps and names in softdep lines, where
// pairs, or names for each user of a module, would be their square.
func TestFollowsIsShort(t *testing.T) {
	const n = 1000
	module := func(i int) string { return fmt.Sprintf("m%d", i) }
	all := func(from int) string {
		var b strings.Builder
		for i := from; i < n; i++ {
			b.WriteString(" " + module(i))
		}
		return b.String()
	}
	turn := func(i int) int { return (i*617 + 5) % n } // 617 and 1000 have no divisor in common
	var turned, nested, alone, commands strings.Builder
	for i := range n {
		turned.WriteString(" " + module(turn(i)))
		fmt.Fprintf(&nested, "softdep m%d pre: m%d post: m%d\n", i, i+1, (i+7)%n)
		fmt.Fprintf(&alone, "softdep m%d pre: m%d\n", i, i+1)
		fmt.Fprintf(&commands, "install m%d something\n", i)
	}
	for what, tc := range map[string]struct {
		dep  func(i int) string
		conf string
	}{
		"one line":                   {nil, "softdep m0 pre:" + all(1)},
		"one line, before and after": {nil, "softdep m0 pre:" + all(n/2) + " post:" + all(1)},
		"in another order":           {nil, "softdep m0 pre: m1 m2\nsoftdep m1 pre:" + all(3) + "\nsoftdep m2 pre:" + turned.String()},
		"a chain":                    {nil, alone.String()},
		"a chain that meets itself":  {nil, nested.String()},
		"all need the same":          {func(int) string { return " m1.ko" }, "softdep m0 pre:" + all(2)},
		"what many need wants many":  {func(i int) string { return strings.Repeat(" m1.ko", 1-min(i/(n/2), 1)) }, "softdep m0 pre:" + all(2) + "\nsoftdep m1 pre:" + all(n/2)},
		"commands":                   {nil, "softdep m0 pre:" + all(1) + "\n" + commands.String()},
		"no index knows them":        {func(int) string { return "-" }, "softdep m0 pre:" + all(1) + "\n" + commands.String()},
	} {
		var dep strings.Builder
		tree := fstest.MapFS{}
		for i := range n + 1 {
			tree[module(i)+".ko"] = &fstest.MapFile{}
			needs := ""
			if tc.dep != nil && i > 1 {
				needs = tc.dep(i)
			}
			if needs != "-" {
				fmt.Fprintf(&dep, "%s.ko:%s\n", module(i), needs)
			}
		}
		tree["modules.dep"] = &fstest.MapFile{Data: []byte(dep.String())}
		file := filepath.Join(t.TempDir(), "a.conf")
		if err := os.WriteFile(file, []byte(tc.conf), 0o644); err != nil {
			t.Fatal(err)
		}
		config, err := ReadConfig([]string{file}, "")
		if err != nil {
			t.Fatal(err)
		}
		r := NewResolver(NewTree(tree, "TREE"), config)
		found, err := r.Resolve("m0")
		if err != nil {
			t.Fatal(what, err)
		}
		steps, p, err := (&Loader{Resolver: r}).planFound(found[0], "m0", PlanOptions{}, unchecked)
		if err != nil {
			t.Fatal(what, err)
		}
		o, err := p.follows(steps, "m0")
		if err != nil {
			t.Fatal(what, err)
		}
		plan := &togetherPlan{look: &togetherStep{}}
		plan.look.plan = plan
		together := &together{steps: []*togetherStep{plan.look}}
		together.lay(plan, steps, o)
		together.order()
		said := 0
		for _, s := range together.steps {
			said += len(s.after) + len(s.needs)
		}
		for _, g := range together.gates {
			said += 1 + len(g.after)
		}
		names, wanted := 0, 0
		for _, c := range p.chains {
			names += len(c)
		}
		for l := range config.Lines() {
			wanted += len(l.Pre) + len(l.Post)
		}
		if bound := 4 * (len(steps) + wanted); names > bound {
			t.Errorf("%s: chains of %d for %d steps and %d names in lines, want up to %d", what, names, len(steps), wanted, bound)
		}
		if bound := 40 * (len(steps) + names); said > bound {
			t.Errorf("%s: %d said of %d steps and %d names, want up to %d", what, said, len(steps), names, bound)
		}
	}
}
