package condition

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLooks: what a condition looks at, and no less.
func TestLooks(t *testing.T) {
	all := Looks{Else: true}
	for text, want := range map[string]Looks{
		`state("minix") != "going"`:                                {States: []string{"minix"}},
		`state("snd-pcm") == "live" or refs("snd_pcm") == 0`:       {States: []string{"snd_pcm"}, Refs: []string{"snd_pcm"}},
		`sysfs("minix") and initstate("minix") == ""`:              {States: []string{"minix"}, Sysfs: []string{"minix"}},
		`module("minix").dir`:                                      {States: []string{"minix"}, Refs: []string{"minix"}, Sysfs: []string{"minix"}},
		`permits.used <= 50`:                                       {Permits: true},
		`not done("B") or result("B") == -ENODEV`:                  {Threads: []string{"B"}},
		`thread("A").status != "blocked" and verdict("B") != "ok"`: {Threads: []string{"A", "B"}, Stands: true},
		`none(threads, .done and .result == 0)`:                    {AllThreads: true},
		`count(threads, .status == "blocked") < 3`:                 {AllThreads: true, Stands: true},
		`policy == "kmod19"`:                                       {},
		// What is not known to be one of these.
		`permits.waiting == 0`:                   {Permits: true, Else: true},
		`module("minix").loader != "A"`:          {States: []string{"minix"}, Refs: []string{"minix"}, Sysfs: []string{"minix"}, Else: true},
		`at("A") != "L6"`:                        all,
		`now < 5`:                                all,
		`any(modules, .state == "going")`:        all,
		`thread("A").at != "L6"`:                 {Threads: []string{"A"}, Else: true},
		`none(threads, .parent == "A")`:          {AllThreads: true, Else: true},
		`none(threads, .id == "A" and .done)`:    {AllThreads: true, Else: true},
		`threads[0].done`:                        {AllThreads: true, Else: true},
		`first(threads).done`:                    {AllThreads: true, Else: true},
		`none(threads, result(.id) == 1)`:        {AllThreads: true, Else: true},
		`helper("B").done`:                       all,
		`umh == "enabled"`:                       all,
		`len(allocations) == 0`:                  all,
		`took("A") < 5`:                          all,
		`saw("H3") == 0`:                         all,
		`state(upper("minix")) == "live"`:        all,
		`exists("helper-1")`:                     all,
		`module("minix").users == ["a"]`:         {States: []string{"minix"}, Refs: []string{"minix"}, Sysfs: []string{"minix"}, Else: true},
		`address("minix") == "0" or pos < 1`:     all,
		`not finished or state("minix") == "go"`: {States: []string{"minix"}, Else: true},
	} {
		c, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, c.Looks()); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

// TestEveryNameIsLookedAt: a name of the language that is new is one that is
// not known, until somebody has thought of it.
func TestEveryNameIsLookedAt(t *testing.T) {
	for name := range lookers {
		if _, err := Compile(name + `("x") == nil`); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
