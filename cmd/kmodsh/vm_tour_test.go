//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/scenario"
)

// TestVMTour does what the lessons say is to be done on a real kernel: the verbs
// that are typed there, with what they say one will see, and the lessons that can
// be taken there. It is one of those that run when KMODSH_LONG is set.
func TestVMTour(t *testing.T) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes some minutes: KMODSH_LONG=1 runs it")
	}
	lessons, err := scenario.Lessons()
	if err != nil {
		t.Fatal(err)
	}
	onKernels(t, func(t *testing.T, bin, series string) {
		dir := t.TempDir()
		words := []string{"run", "--on", "vm:" + series}
		for _, l := range lessons {
			// Warnings of the kernel are what the lesson about the helper shows.
			script := []string{"# title: " + l.Title, "# targets: sim:v" + series, "# report: kmod.c:"}
			for _, r := range l.Real {
				switch {
				case r.Kind == scenario.RealTyped:
					script = append(script, r.Text)
				case r.Kind == scenario.RealCommand && strings.Contains(r.Text, " tour ") && len(l.TargetsFor("vm:"+series)) > 0:
					words = append(words, l.Name)
				}
			}
			if len(script) == 3 {
				continue
			}
			file := filepath.Join(dir, filepath.Base(l.Name)+scenario.Suffix)
			if err := os.WriteFile(file, []byte(strings.Join(script, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			words = append(words, file)
		}
		if len(words) < 3+len(lessons) {
			t.Errorf("%d of %d lessons have a part on a real kernel", len(words)-3, len(lessons))
		}
		out, errs, status := command(t, bin, "", words...)
		if status != 0 || strings.Contains(out, "# SKIP") {
			t.Errorf("status %d\n%s%s", status, out, errs)
		}
	})
}
