package main

import (
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestNoTargetIsNone: what could not be opened is no target at all, not a nil
// pointer inside of one, which the screen would then ask for its events.
func TestNoTargetIsNone(t *testing.T) {
	p := &program{session: ops.New()}
	for _, name := range []string{"sim:v6.13", "trace:nothing-here.trace", "bundle:nothing-here.bundle", "nonsense", "host"} {
		target, err := p.openTarget(t.Context(), name, func(string, int64, int64) {})
		if err == nil {
			if err := target.Close(); err != nil { // a host that can be looked at
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if target != nil {
			t.Errorf("%s: %T although %v", name, target, err)
		}
	}
}
