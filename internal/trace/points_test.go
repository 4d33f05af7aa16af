package trace

import (
	"regexp"
	"strings"
	"testing"
)

// TestTableOfPoints holds every row to what its readers rely on: a unique ID
// of its phase, one plain sentence, a reason where nobody may be held there.
func TestTableOfPoints(t *testing.T) {
	letter := map[Phase]string{
		PhaseRequest: "R", PhaseHelper: "H", PhaseLoad: "L", PhaseSysfs: "W",
		PhaseUnload: "U", PhaseRefs: "G", PhaseSeen: "S",
	}
	errno := regexp.MustCompile(`^E[A-Z0-9]+$`)
	seen := map[string]bool{}
	names := map[string]string{}
	for _, p := range Points() {
		if seen[p.ID] {
			t.Errorf("%s: ID used twice", p.ID)
		}
		seen[p.ID] = true
		if other, ok := names[p.Name]; ok {
			t.Errorf("%s and %s are both named %q", other, p.ID, p.Name)
		}
		names[p.Name] = p.ID
		if l := letter[p.Phase]; l == "" || !strings.HasPrefix(p.ID, l) {
			t.Errorf("%s: not an ID of phase %q", p.ID, p.Phase)
		}
		if p.Says == "" || !strings.HasSuffix(p.Says, ".") || strings.Count(p.Says, ". ") > 1 {
			t.Errorf("%s: Says is not one or two plain sentences: %q", p.ID, p.Says)
		}
		if p.Sees == "" || p.Source == "" || p.Name == "" {
			t.Errorf("%s: Name, Sees and Source must not be empty", p.ID)
		}
		if !p.Hold && p.Why == "" {
			t.Errorf("%s: may not be held, and does not say why", p.ID)
		}
		for _, e := range p.Fail {
			if !errno.MatchString(e) {
				t.Errorf("%s: %q is not the name of an errno", p.ID, e)
			}
		}
		for _, h := range p.Hooks {
			if !p.Hold || h.Since == "" || h.Func == "" || h.Args == "" {
				t.Errorf("%s: the hook %+v is not whole, or its point is not to be held", p.ID, h)
			}
			if h.Skip && len(p.Fail) == 0 {
				t.Errorf("%s: %s may be skipped, and the point cannot fail", p.ID, h.Func)
			}
		}
		for _, version := range []string{"6.1", "6.12"} {
			if hooked := len(p.HooksIn(version)) > 0; p.Phase != PhaseHelper && hooked != p.StopsIn(version) {
				t.Errorf("%s on %s: hooked %v, to be held %v", p.ID, version, hooked, p.StopsIn(version))
			}
		}
		for _, f := range p.Funcs {
			if f.Since == "" || f.File == "" {
				t.Errorf("%s: function %q without version or file", p.ID, f.Name)
			}
		}
	}
	for id := range pointHooks() {
		if !seen[id] {
			t.Errorf("hooks of %s, which is no point", id)
		}
	}
	for _, id := range []string{
		PointRequest, PointStarted, PointResolved, PointBuiltin, PointInsert, PointInserted, PointWaits,
		PointVerified, PointExit, PointRemove, PointRemoved, PointModuleLoad, PointModuleFree, PointGet, PointPut, PointSeen,
	} {
		if p, ok := LookupPoint(strings.ToLower(id)); !ok || p.ID != id {
			t.Errorf("LookupPoint(%q) found nothing", id)
		}
	}
	if _, ok := LookupPoint("X1"); ok {
		t.Error("LookupPoint found X1")
	}
}
