package ops_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// TestTranscripts runs conversations: each line of input is typed as it is, and
// what a person would see is the output. The commands are
//
//	text, json      run the lines, and print results and errors in that form
//	color           as text, with colours; ESC is written as ^[
//	complete        print what the line could become at the mark |
//	split           print the words of a line
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		s := session(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			for line := range strings.SplitSeq(strings.TrimRight(d.Input, "\n"), "\n") {
				switch d.Cmd {
				case "text", "json", "color":
					runLine(&out, s, line, d.Cmd)
				case "complete":
					completeLine(&out, s, line)
				case "split":
					splitLine(&out, line)
				default:
					d.Fatalf(t, "unknown command")
				}
			}
			return out.String()
		})
	})
}

// session returns a session on a kernel in memory with a few modules.
func session(t *testing.T) *ops.Session {
	m := newMemory("vm:6.1")
	m.tree = writeTree(t)
	m.catalog = map[string][]string{
		"ext4": {"crc16", "mbcache", "jbd2", "ext4"}, "fs-ext4": {"crc16", "mbcache", "jbd2", "ext4"},
		"loop": {"loop"}, "broken": {"crc16", "broken"},
	}
	m.uses = map[string][]string{"ext4": {"crc16", "mbcache", "jbd2"}}
	m.bad["broken"] = kernel.LoadError{Errno: syscall.EINVAL, Log: []string{
		"broken: Unknown symbol missing_function (err -2)",
		"broken: a line with an escape \x1b[2J and a very long tail that has to be folded to the width",
	}}
	s := ops.New()
	s.SetTarget(m)
	s.Targets = func() []ops.Candidate {
		return []ops.Candidate{{Text: "vm:6.1"}, {Text: "vm:6.12"}, {Text: "host"}}
	}
	s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		if name != "host" {
			return nil, errors.New("no such kernel here")
		}
		h := newMemory("host")
		h.deny[kernel.OpTree] = "there is no module tree"
		h.deny[kernel.OpLoad] = "it needs root and --yes"
		h.deny[kernel.OpUnload] = "it needs root and --yes"
		h.deny[kernel.OpRequest] = "nothing is asked of this machine's own kernel"
		return h, nil
	}
	return s
}

func runLine(out *strings.Builder, s *ops.Session, line, mode string) {
	words, err := ops.Split(line)
	var args []string
	for _, w := range words {
		args = append(args, w.Text)
	}
	var res ops.Result
	if err == nil {
		res, err = s.Exec(context.Background(), args)
	}
	var b bytes.Buffer
	st := ops.Style{Width: 80, Color: mode == "color"}
	for _, w := range s.Warnings() {
		if werr := ops.Write(&b, ops.ReportWarning(w), mode == "json", st); werr != nil {
			fmt.Fprintf(&b, "Write: %v\n", werr)
		}
	}
	if werr := ops.Write(&b, res, mode == "json", st); werr != nil {
		fmt.Fprintf(&b, "Write: %v\n", werr)
	}
	if errors.Is(err, ops.ErrQuit) {
		b.WriteString("(quit)\n")
	} else if err != nil {
		if werr := ops.Write(&b, ops.ReportError(err), mode == "json", st); werr != nil {
			fmt.Fprintf(&b, "Write: %v\n", werr)
		}
		fmt.Fprintf(&b, "(exit %d)\n", ops.ExitCode(err))
	}
	out.WriteString(strings.ReplaceAll(b.String(), "\x1b", "^["))
}

func completeLine(out *strings.Builder, s *ops.Session, line string) {
	left, right, _ := strings.Cut(line, "|")
	start, list := s.Complete(left+right, len(left))
	fmt.Fprintf(out, "from %d:", start)
	for _, c := range list {
		fmt.Fprintf(out, " %s", c.Text)
	}
	out.WriteString("\n")
}

func splitLine(out *strings.Builder, line string) {
	words, err := ops.Split(line)
	if err != nil {
		fmt.Fprintf(out, "%v\n", err)
		return
	}
	for _, w := range words {
		fmt.Fprintf(out, "%d-%d %q\n", w.Start, w.End, w.Text)
	}
}
