package ops_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
)

// sickly is a target whose log has a report of trouble from some position on.
type sickly struct {
	*coarse
	from int
}

func (s sickly) Name() string { return "vm:6.12" }

func (s sickly) Log(context.Context, int) ([]string, error) {
	log := []string{"WARNING: CPU: 0 PID: 1 at boot", "Call Trace:", " x", "all is well"}
	if pos, _ := s.Pos(); pos >= s.from {
		log = append(log, "------------[ cut here ]------------", "WARNING: CPU: 1 PID: 44 at kernel/module/main.c:1 free_module",
			"CPU: 1 PID: 44 Comm: rmmod Tainted: G", "Call Trace:", " free_module+0x1", "---[ end trace 0000000000000000 ]---")
	}
	return log, nil
}

// TestReportsFailAScenario: a report in the log of a real kernel fails the line
// at which it came, with its text, also where the line was to fail; one of the
// boot does not, nor one of another kernel.
func TestReportsFailAScenario(t *testing.T) {
	run := func(from int, header string) scenario.Result {
		s := coarseAs(func(c *coarse) kernel.Target { return sickly{c, from} })
		sc, err := scenario.Parse("test", "# title: t\n# targets: vm:6.12\n"+header+"spawn A insmod victim\n! spawn A insmod victim\nstep A\nexpect at(\"A\") == \"L0\"\n")
		if err != nil {
			t.Fatal(err)
		}
		return sc.Run(context.Background(), s.OpenRunner, scenario.Options{On: []string{"vm:6.12"}})
	}
	if r := run(100, ""); r.Verdict != scenario.Passed {
		t.Errorf("a healthy one: %+v", r)
	}
	if r := run(1, "# report: at mm/slub.c\n# report: free_module+\n"); r.Verdict != scenario.Passed {
		t.Errorf("a report that belongs to it: %+v", r)
	}
	for from, line := range map[int]string{1: "test:4:", 2: "test:6:"} {
		r := run(from, "# report: at mm/slub.c\n")
		text := fmt.Sprint(r)
		if r.Verdict != scenario.Failed || !strings.Contains(text, line) || !strings.Contains(text, "warning, by rmmod/44") || !strings.Contains(text, "free_module+0x1") || strings.Contains(text, "at boot") {
			t.Errorf("sick from position %d: %s", from, text)
		}
	}
}
