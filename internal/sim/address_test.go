package sim

import (
	"cmp"
	"slices"
	"testing"
)

// TestModulesDoNotOverlap loads modules after and into each other and looks at
// where their memory is.
func TestModulesDoNotOverlap(t *testing.T) {
	target, err := Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	for _, name := range []string{"ext4", "btrfs", "victim", "snd_hda_intel"} {
		if _, err := target.do(t.Context(), Task{Verb: "load", Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	w := target.run.World()
	list := slices.Clone(w.list)
	slices.SortFunc(list, func(a, b *Module) int { return cmp.Compare(a.address(), b.address()) })
	end := uint64(modulesStart)
	for _, m := range list {
		if m.address() < end || m.address()%pageSize != 0 {
			t.Errorf("%s is at %#x, below %#x or not at a page", m.Name, m.address(), end)
		}
		end = m.address() + uint64(m.Spec.CoreSize+m.Spec.InitSize)
	}
	if len(list) < 15 {
		t.Errorf("%d modules only", len(list))
	}
}
