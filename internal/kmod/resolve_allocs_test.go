package kmod

import (
	"strings"
	"testing"
)

// TestLookupAllocations holds what a lookup allocates to what its answer is made
// of: the pattern and the module of each match, three lists of them on their way
// up, what the question to the index captures, and for a name its file.
func TestLookupAllocations(t *testing.T) {
	dir := tinyTree(t, map[string]tinyModule{
		"kernel/disk.ko": {info: []string{"alias=pci:v00008086d*sv*sd*bc*sc*i*"}},
		"kernel/net.ko":  {info: []string{"alias=pci:v00008087d*sv*sd*bc*sc*i*"}},
	}, map[string]string{"modules.order": "", "modules.builtin": "", "modules.builtin.modinfo": ""})
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	tree := OpenHostTree(dir)
	defer tree.Close()
	r := NewResolver(tree, nil)
	for name, most := range map[string]float64{
		"pci:v00008086d000010D3sv0sd0bc0sc0i0": 8,
		"disk":                                 7,
	} {
		found, err := r.ShowNames(name)
		if err != nil || strings.Join(found, " ") != "disk" {
			t.Fatalf("%s: %q, %v", name, found, err)
		}
		if n := testing.AllocsPerRun(200, func() { r.ShowNames(name) }); n > most {
			t.Errorf("%s: %.0f allocations, at the most %.0f are its answer's", name, n, most)
		}
	}
}
