package ops_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/sim"
)

// TestDebugTranscripts runs conversations with simulated kernels, each file
// with one that begins on v6.12. The commands are text, json and complete, as
// in TestTranscripts.
func TestDebugTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/debug", func(t *testing.T, path string) {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		s := ops.New()
		s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
			return sim.Open(strings.TrimPrefix(name, "sim:"))
		}
		if err := s.Open(context.Background(), "sim:v6.12"); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			for line := range strings.SplitSeq(strings.TrimRight(d.Input, "\n"), "\n") {
				if d.Cmd == "complete" {
					completeLine(&out, s, line)
					continue
				}
				if strings.Contains(d.Input, "\n") {
					out.WriteString("> " + line + "\n")
				}
				runLine(&out, s, line, d.Cmd)
			}
			return out.String()
		})
	})
}
