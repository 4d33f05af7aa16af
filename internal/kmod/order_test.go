package kmod

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// plain says what a step has to wait for as the rules are written, one pair of steps
// after the other; follows says the same in less.
func (p *planner) plain(t *testing.T, steps []PlanStep, self string) (after, needs [][]int) {
	t.Helper()
	inChain := func(a, b int) bool {
		for _, chain := range p.chains {
			part := func(entry int) int {
				return slices.IndexFunc(chain, func(s span) bool { return s.from <= entry && entry < s.to })
			}
			if i, j := part(a), part(b); i >= 0 && j >= 0 && i < j {
				return true
			}
		}
		return false
	}
	after, needs = make([][]int, len(steps)), make([][]int, len(steps))
	for j, s := range steps {
		line, known, err := p.r.tree.lookup(indexDep, s.Module)
		if err != nil {
			t.Fatal(err)
		}
		named := map[string]bool{}
		if known {
			_, files := p.r.tree.depLine(line)
			for _, f := range files {
				named[moduleNameOf(f)] = true
			}
		}
		last := !known && !s.Builtin || s.Module == self && !s.Soft
		for i, earlier := range steps[:j] {
			needed := named[earlier.Module] || s.Module == self && !s.Soft && !earlier.Soft
			if needed {
				needs[j] = append(needs[j], i)
			}
			if last || needed || earlier.Module == s.Module || inChain(earlier.entry, s.entry) {
				after[j] = append(after[j], i)
			}
		}
	}
	return after, needs
}

// ways are the steps from which there is a way to each step, over steps and gates.
func ways(n int, after [][]int) [][]bool {
	out := make([][]bool, n)
	for j := range out {
		been := make([]bool, len(after))
		for way := slices.Clone(after[j]); len(way) > 0; {
			at := way[len(way)-1]
			if way = way[:len(way)-1]; !been[at] {
				been[at] = true
				way = append(way, after[at]...)
			}
		}
		out[j] = been[:n]
	}
	return out
}

// tangle is a random tree and configuration: dependencies that may go round in
// circles and miss modules, softdep lines and aliases of any kind.
func tangle(t *testing.T, r *rand.Rand) *Resolver {
	t.Helper()
	n := 2 + r.IntN(9)
	name := func() string {
		if r.IntN(8) == 0 {
			return fmt.Sprintf("x%d", r.IntN(3)) // an alias
		}
		return fmt.Sprintf("m%d", r.IntN(n))
	}
	var dep, conf strings.Builder
	tree := fstest.MapFS{"modules.builtin": {Data: []byte("kernel/m1.ko\n")}}
	for i := range n {
		tree[fmt.Sprintf("m%d.ko", i)] = &fstest.MapFile{}
		if i == 1 && r.IntN(2) == 0 {
			continue // only built in
		}
		fmt.Fprintf(&dep, "m%d.ko:", i)
		for range r.IntN(4) {
			fmt.Fprintf(&dep, " m%d.ko", r.IntN(n))
		}
		dep.WriteString("\n")
	}
	if r.IntN(2) == 0 {
		delete(tree, "modules.builtin")
	}
	tree["modules.dep"] = &fstest.MapFile{Data: []byte(dep.String())}
	for range r.IntN(8) {
		switch r.IntN(6) {
		case 0:
			fmt.Fprintf(&conf, "install %s something\n", name())
		case 1:
			fmt.Fprintf(&conf, "alias x%d %s\n", r.IntN(3), name())
		default:
			fmt.Fprintf(&conf, "softdep %s", name())
			for _, where := range []string{"pre", "post"} {
				for i := range r.IntN(5) {
					if i == 0 {
						fmt.Fprintf(&conf, " %s:", where)
					}
					conf.WriteString(" " + name())
				}
			}
			conf.WriteString("\n")
		}
	}
	file := filepath.Join(t.TempDir(), "a.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := ReadConfig([]string{file}, "")
	if err != nil {
		t.Fatal(err)
	}
	return NewResolver(NewTree(tree, "TREE"), config)
}

// TestFollows holds what follows says against the rules, pair by pair: what waits
// for what, what it is in vain without, and what it is behind.
func TestFollows(t *testing.T) {
	gates := 0
	for seed := range uint64(1500) {
		random := rand.New(rand.NewPCG(seed, 11))
		r := tangle(t, random)
		for _, name := range []string{"m0", "m1", "x0"} {
			found, err := r.Resolve(name)
			if err != nil {
				continue
			}
			for _, f := range found {
				steps, p, err := (&Loader{Resolver: r}).planFound(f, name, PlanOptions{}, unchecked)
				if err != nil {
					continue
				}
				o, err := p.follows(steps, f.Module)
				if err != nil {
					t.Fatal(err)
				}
				gates += len(o.gates)
				if d := p.differs(t, o, steps, f.Module); d != "" {
					c, _ := r.Config()
					for l := range c.Lines() {
						t.Log(l.text(), l.Pre, l.Post)
					}
					t.Fatalf("seed %d, %s: %s\nlist %v\nchains %v", seed, name, d, p.list.names(), p.chains)
				}
			}
		}
	}
	if gates == 0 {
		t.Error("no gate was made")
	}
}

func (l planList) names() (out []string) {
	for _, m := range l {
		out = append(out, m.name)
	}
	return out
}

// differs says in what follows and the plain rules differ, "" when in nothing.
func (p *planner) differs(t *testing.T, o *ordered, steps []PlanStep, self string) string {
	n := len(steps)
	after, needs := p.plain(t, steps, self)
	var short [][]int
	for _, f := range o.steps {
		short = append(short, f.after)
	}
	want, got := ways(n, after), ways(n, append(short, o.gates...))
	for j, s := range steps {
		f := o.steps[j]
		for i := range n {
			if want[j][i] != got[j][i] {
				return fmt.Sprintf("%d (%s) waits for %d (%s): %v, want %v", j, s.Module, i, steps[i].Module, got[j][i], want[j][i])
			}
		}
		isSelf := func(i int) bool { return steps[i].Module == self && !steps[i].Soft }
		var vain []int
		for i := range j {
			ofNeeds := slices.ContainsFunc(f.needs, func(n int) bool { return i <= n && steps[i].Module == steps[n].Module })
			if ofNeeds || isSelf(j) && !steps[i].Soft {
				vain = append(vain, i)
			}
		}
		if !slices.Equal(vain, needs[j]) {
			return fmt.Sprintf("%d (%s) is in vain without %v, want %v", j, s.Module, vain, needs[j])
		}
		behind, before := -1, -1
		for i := range j {
			if isSelf(i) && (s.Command != "" || slices.Contains(after[j], i)) {
				behind = i
			}
			if steps[i].Module == s.Module {
				before = i
			}
		}
		if f.behind != behind || f.before != before {
			return fmt.Sprintf("%d (%s) is behind %d, want %d; before it is %d, want %d", j, s.Module, f.behind, behind, f.before, before)
		}
	}
	return ""
}
