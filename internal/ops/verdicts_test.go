package ops_test

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"sync"
	"testing"

	"example.org/kmodsh/internal/scenario"
)

const verdictsPath = "../../docs/verdicts.md"

// verdicts holds the page of verdicts to what scenarios come to.
type verdicts struct {
	mu    sync.Mutex
	table *scenario.Table
}

// newVerdicts compares the page, or with -update writes it, when all is run.
func newVerdicts(t *testing.T) *verdicts {
	table, err := scenario.OpenTable(verdictsPath)
	if err != nil {
		t.Fatal(err)
	}
	v := &verdicts{table: table}
	t.Cleanup(func() {
		for name := range v.table.Rows {
			if !slices.Contains(scenario.Names(), name) {
				delete(v.table.Rows, name)
			}
		}
		if flag.Lookup("update").Value.String() == "true" {
			if err := v.table.Save(verdictsPath); err != nil {
				t.Error(err)
			}
		}
		page, err := os.ReadFile(verdictsPath)
		if err != nil || !bytes.Equal(page, v.table.Bytes()) {
			t.Errorf("docs/verdicts.md is not what scenarios come to on simulated kernels (%v); run: go test ./internal/ops -run TestLibrary -update", err)
		}
	})
	return v
}

func (v *verdicts) add(r scenario.Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.table.Add(r)
}
