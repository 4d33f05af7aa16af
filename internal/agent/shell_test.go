package agent

import "testing"

func TestShell(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "/bin/true": 0, "/bin/false": 1, "true; false": 1, "false; true": 0, "false && true": 1, "exit 3": 3,
		"exit x": 2, ":": 0, "rm -rf /": 127, "true && modprobe -q minix": 7, "modprobe x; exit 300": 44,
	} {
		got := shell(text, func(words []string) int {
			if words[0] != "modprobe" {
				t.Errorf("%q runs %q", text, words)
			}
			return 7
		})
		if got != want {
			t.Errorf("%q gives %d, want %d", text, got, want)
		}
	}
	if ShellMain([]string{"/bin/false"}) != 1 || ShellMain([]string{"sh"}) != 2 {
		t.Error("by its names")
	}
}
