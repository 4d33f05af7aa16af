package condition

import (
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func TestSelftestFunctions(t *testing.T) {
	thread := func(id, task string, done bool, result int64) kernel.ThreadState {
		return kernel.ThreadState{ID: id, Task: task, Done: done, Result: result}
	}
	s := &kernel.Snapshot{
		Modules:        []kernel.ModuleState{{Name: "a", Address: 0xffffffffc0005000, Files: []string{"refcnt", "sections"}}, {Name: "b", Address: 0x1000}},
		Listed:         []kernel.Module{{Name: "a", State: trace.Live}},
		HidesAddresses: true,
	}
	ended := []kernel.ThreadState{thread("r1", "request x", true, 256), thread("r2", "request x", true, -62), thread("r3", "request x", true, 0),
		thread("g1", "getfs x", true, -19), thread("g2", "getfs x", true, 0)}
	for _, tt := range []struct {
		text    string
		threads []kernel.ThreadState
	}{
		{`test_result("request") == -62 and test_result("getfs") == -22`, ended},
		{`test_result("request") == 0 and test_result("getfs") == 0`, []kernel.ThreadState{ended[2], ended[4]}},
		{`test_result("request") == nil`, append(ended[:3:3], thread("r4", "request x", false, 0))},
		{`test_result("getfs") == nil`, nil},
		{`address("a") == "0xffffffffc0005000" and address("a", "unprivileged") == "0x0000000000000000"`, nil},
		{`address("b") == "" and address("nosuch") == ""`, nil},
		{`section("a", "unprivileged") == "0xffffffffc0005000" and section("b") == ""`, nil},
	} {
		s.Threads = tt.threads
		c, err := Compile(tt.text)
		if err != nil {
			t.Fatalf("%s: %v", tt.text, err)
		}
		if ok, err := c.Holds(s); err != nil || !ok {
			t.Errorf("%s: %v, %v; %v", tt.text, ok, err, c.Explain(s))
		}
	}
}
