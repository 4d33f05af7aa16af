package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// words completes a command line of kmodsh.
func words(t *testing.T, line ...string) []string {
	t.Helper()
	p := &program{session: ops.New()}
	var list []string
	for _, c := range p.candidates(line) {
		list = append(list, c.Text)
	}
	return list
}

func TestCandidates(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, tc := range []struct{ line, want string }{
		{"exp", "expect explore export"},
		{"modp", "modprobe"},
		{"--rec", "--record"},
		{"--on sim:v4", "sim:v4.9 sim:v4.14"},
		{"--on sim:v6.1 load min", "minix"},
		{"--json --scenario seed/ali", "seed/aliases"},
		{"hold W", "W3 W4 W5"},
		{"hold W4 module=min", "module=minix"},
		{"explore --policy kmod", "kmod20 kmod19"},
		{"explore seed/ali", "seed/aliases"},
		{"run seed/ali", "seed/aliases"},
		{"run --on sim:v4.9", "sim:v4.9"},
		{"scenario s", "show"},
		{"scenario show seed/ali", "seed/aliases"},
		{"tour 06", "06-builtin-race"},
		{"completion ", "bash zsh fish"},
		{"lab d", "doctor driver"},
		{"lab driver ", "build"},
		{"spawn A inso", ""},
		{"spawn A insm", "insmod"},
		{"nonesuch x", ""},
		{"--nonesuch x", ""},
	} {
		line := strings.Split(tc.line, " ")
		if got := strings.Join(words(t, line...), " "); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.line, got, tc.want)
		}
	}
	if list := words(t); len(list) < 50 {
		t.Errorf("no word at all: %d candidates", len(list))
	}
}

// TestBashCompletion lets bash complete, by the script.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to complete with")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "kmodsh")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"kmodsh explo":                  "explore",
		"kmodsh --on sim:v4.1":          "v4.14", // bash has cut the word at the colon
		"kmodsh hold W4 module=min":     "minix",
		"kmodsh explore seed/ali":       "seed/aliases",
		"kmodsh --on sim:v4.9 policy k": "kmod20 kmod19",
		"kmodsh load ext4 ":             "",
	} {
		script := `source <("$1" completion bash); COMP_LINE=${2/kmodsh/"$1"}; COMP_POINT=${#COMP_LINE}; _kmodsh; echo "${COMPREPLY[*]}"`
		cmd := exec.Command(bash, "-c", script, "bash", program, line)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
	}
}

// TestManPages: every verb and flag has its place in a page, and every request
// of roff in them is one.
func TestManPages(t *testing.T) {
	pages := map[string]string{mainPage().Name: mainPage().Text}
	for _, p := range ops.ManPages() {
		pages[p.Name] = p.Text
	}
	for _, v := range ops.Verbs() {
		if !strings.Contains(pages["kmodsh-verbs.7"], ".SS "+strings.ReplaceAll(v.Name, "-", `\-`)) {
			t.Errorf("kmodsh-verbs.7 has no %s", v.Name)
		}
	}
	p := &program{}
	for _, f := range p.flagsOf() {
		if len(f.Name) > 1 && f.Short == 0 && !strings.Contains(pages["kmodsh.1"], strings.ReplaceAll("--"+f.Name, "-", `\-`)) {
			t.Errorf("kmodsh.1 has no --%s", f.Name)
		}
	}
	request := regexp.MustCompile(`^\.(TH|SH|SS|PP|TP|IP|B|BR|RS|RE|nf|fi|br)( |$)`)
	for name, text := range pages {
		for i, l := range strings.Split(text, "\n") {
			if strings.HasPrefix(l, ".") && !request.MatchString(l) || strings.HasPrefix(l, "'") {
				t.Errorf("%s:%d: %q", name, i+1, l)
			}
		}
	}
}
