package sim

import (
	"strings"
	"testing"
)

// TestSetConfig: a line of modprobe.d counts for who starts after it, is shown,
// and goes when the kernel is booted again.
func TestSetConfig(t *testing.T) {
	sys, err := TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	run := NewRun(sys, testProfile(t, "v6.12"))
	defer run.Close()
	request := func(id string) int64 {
		t.Helper()
		if err := run.Do(Action{Kind: DoSpawn, Thread: id, Task: &Task{Verb: "request", Name: "minix"}}); err != nil {
			t.Fatal(err)
		}
		if err := run.Finish(id); err != nil {
			t.Fatal(err)
		}
		return run.Outcome(id).Ret
	}
	set := func(text string) error { return run.Do(Action{Kind: DoSet, Value: text}) }
	if err := set("config=install minix /bin/false"); err != nil {
		t.Fatal(err)
	}
	if got := request("A"); got != 256 {
		t.Errorf("with the line the request returned %d", got)
	}
	if got := run.World().adminSettings()[0].Value; got != "install minix /bin/false" {
		t.Errorf("shown is %q", got)
	}
	if err := set("config="); err != nil {
		t.Fatal(err)
	}
	if got := request("B"); got != 0 {
		t.Errorf("without it the request returned %d", got)
	}
	if err := set("config=instal minix"); err == nil || !strings.Contains(err.Error(), "instal") {
		t.Errorf("a mistyped line: %v", err)
	}
	if err := set("config=" + strings.Repeat("#", maxConfig)); err == nil {
		t.Error("a line of any length is taken")
	}
	if err := set("config=install minix /bin/false"); err != nil {
		t.Fatal(err)
	}
	run.World().Restart(Options{Profile: testProfile(t, "v6.12")})
	if got := run.World().config.text; got != "" {
		t.Errorf("after a boot there is %q", got)
	}
}
