package trace

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite generated pages")

// TestPointsPage keeps docs/points.md what the table says.
func TestPointsPage(t *testing.T) {
	const path = "../../docs/points.md"
	want := pointsPage()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/points.md is not what the table of points says; run: go test ./internal/trace -update")
	}
}

func pointsPage() []byte {
	var b bytes.Buffer
	b.WriteString("# The table of points\n\nMade from `internal/trace/points*.go`; do not edit.\n")
	phase := Phase("")
	for _, p := range Points() {
		if p.Phase != phase {
			phase = p.Phase
			fmt.Fprintf(&b, "\n## %s\n", phase)
		}
		fmt.Fprintf(&b, "\n### %s %s\n\n%s\n\n- seen from outside: %s\n", p.ID, p.Name, p.Says, p.Sees)
		if p.Tracepoint != "" {
			fmt.Fprintf(&b, "- tracepoint: `%s`\n", p.Tracepoint)
		}
		for _, f := range p.Funcs {
			if f.Name != "" {
				fmt.Fprintf(&b, "- from %s: `%s` (%s)\n", f.Since, f.Name, f.File)
			}
		}
		switch {
		case p.Hold && p.Why != "":
			fmt.Fprintf(&b, "- hold: yes (%s)\n", p.Why)
		case p.Hold:
			b.WriteString("- hold: yes\n")
		default:
			fmt.Fprintf(&b, "- hold: no, %s\n", p.Why)
		}
		if len(p.Fail) > 0 {
			fmt.Fprintf(&b, "- may fail with: %s\n", strings.Join(p.Fail, ", "))
		}
		for _, h := range p.Hooks {
			fmt.Fprintf(&b, "- the driver's hook%s: `%s`%s\n", since(h), h.Func, skips(h))
		}
		fmt.Fprintf(&b, "- rule from: %s\n", p.Source)
	}
	return b.Bytes()
}

func since(h Hook) string {
	if h.Since == "4.9" || h.Since == "4.17" {
		return ""
	}
	return " from " + h.Since
}

// skips says what failing is on a real kernel.
func skips(h Hook) string {
	switch {
	case h.FailOnly:
		return ", skipped to fail"
	case h.SkipWith != "":
		return ", may be skipped to fail with " + h.SkipWith
	case h.Skip:
		return ", may be skipped to fail"
	}
	return ""
}
