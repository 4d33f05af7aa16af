package agent

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMonitorThread(t *testing.T) {
	for _, c := range []struct {
		tasks []string
		want  int
	}{
		{[]string{"98", "99", "100", "101"}, 99},
		{[]string{"9", "10", "11"}, 10},
		{[]string{"98"}, 0},
		{[]string{"98", "12", "120"}, 120}, // the numbers have begun again from below
		{[]string{"98", "x"}, 0},
		{nil, 0},
	} {
		dir := t.TempDir()
		pid := 98
		for i, name := range c.tasks {
			if i == 0 && name == "9" {
				pid = 9
			}
			if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if got := monitorThread(dir, pid); got != c.want {
			t.Errorf("of %q: %d, want %d", c.tasks, got, c.want)
		}
	}
	if got := monitorThread(filepath.Join(t.TempDir(), "none"), 1); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
	if got := monitorThread("/proc/self/task", os.Getpid()); got <= os.Getpid() {
		t.Errorf("of this process: %d", got)
	}
}
