package ops_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/ops"
)

// FuzzReplayMachine: whatever a file says that was done to a machine, taking it to
// the model ends, in a result or an error that can be shown.
func FuzzReplayMachine(f *testing.F) {
	const (
		head = `{"type":"header","format":"kmodsh trace","version":1,"target":"vm:6.12","kernel":"6.12","points":"","steps":true}`
		zero = `{"type":"snapshot","pos":0,"key":true,"now_ns":0,"module_order":[],"thread_order":[],"listed":[],"allocated":[]}`
	)
	f.Add(head + "\n" + zero + `
{"type":"action","pos":1,"action":{"do":"spawn","thread":"A","task":{"verb":"insmod","name":"minix"}}}
{"type":"action","pos":2,"action":{"do":"step","thread":"A"},"events":1}
{"type":"event","seq":1,"t":5,"thread":{"id":"A"},"point":"L0","module":"minix"}
{"type":"snapshot","pos":2,"now_ns":5,"threads":[{"id":"A","task":"insmod minix","status":"ready","at":"L0"}],"thread_order":["A"]}
{"type":"action","pos":3,"action":{"do":"fault","fault":{"n":1,"point":"W4","hold":true}},"events":1}
{"type":"action","pos":4,"action":{"do":"all"},"events":9}
{"type":"back","pos":3,"events":1}
{"type":"action","pos":4,"action":{"do":"wait","for_ns":7},"events":1}
{"type":"action","pos":5,"action":{"do":"request","value":"fs-ext4"},"events":1}
{"type":"died","action":{"do":"step","thread":"A"},"why":"kernel panic: x"}
`)
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		if _, err := zip.Write([]byte(text)); err != nil || zip.Close() != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "x.trace")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		s := withMachines()
		defer s.Close()
		res, err := s.Exec(ctx, []string{"replay", "--on", "sim", file})
		if ctx.Err() != nil {
			t.Fatal("it does not end")
		}
		var out strings.Builder
		if werr := ops.Write(&out, res, false, ops.Style{}); werr != nil {
			t.Fatal(werr)
		}
		if res == nil && err == nil {
			t.Error("neither a result nor an error")
		}
		if strings.ContainsRune(out.String(), '\x1b') {
			t.Errorf("an escape is shown: %q", out.String())
		}
	})
}
