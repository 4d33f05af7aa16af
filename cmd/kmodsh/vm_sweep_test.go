//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// sweep runs the program's sweep on a machine and returns its rows by point.
func sweep(t *testing.T, bin, series string, words ...string) (map[string]ops.SweepRow, error) {
	t.Helper()
	args := append([]string{"--json", "sweep", "fail", "--on", "vm:" + series, "--repeat", "6"}, words...)
	cmd := exec.CommandContext(t.Context(), bin, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	var r ops.SweepResult
	if jerr := json.Unmarshal(out.Bytes(), &r); jerr != nil {
		t.Fatalf("%v: %v, %v\n%s", args, jerr, err, stderr.Bytes())
	}
	if !r.Totals {
		t.Errorf("%v: the kernel's totals were not compared", args)
	}
	rows := map[string]ops.SweepRow{}
	for _, row := range r.Rows {
		t.Logf("%s: %+v", series, row)
		rows[row.Point] = row
	}
	return rows, err
}

// TestVMSweep makes loads fail at five phases, from before the module is on the
// list to its init, in real kernels: nothing stays behind. A module that loses
// memory on purpose is found out, and only where it has lost some.
func TestVMSweep(t *testing.T) {
	onKernels(t, func(t *testing.T, bin, series string) {
		points := []string{"L2", "L8", "L13", "W4", "L17"}
		var words []string
		for _, p := range points {
			words = append(words, "--point", p)
		}
		rows, err := sweep(t, bin, series, words...)
		for _, p := range points {
			if row := rows[p]; row.Hits < 6 || row.Ret >= 0 || row.Cannot != "" || len(row.Left) > 0 {
				t.Errorf("%s: %+v", p, row)
			}
		}
		if err != nil {
			t.Errorf("clean: %v", err)
		}
		rows, err = sweep(t, bin, series, "--point", "L13", "--point", "L14", "leaky", "leak=1")
		if len(rows["L13"].Left) > 0 {
			t.Errorf("the parameter that loses memory was not set yet: %+v", rows["L13"])
		}
		left := strings.Join(rows["L14"].Left, "; ")
		for _, want := range []string{"bytes of percpu in 10 loads", "10 objects of slab kmalloc-4k in 10 loads", "bytes of vmalloc in 10 loads"} {
			if !strings.Contains(left, want) {
				t.Errorf("%q is not among what was found: %s", want, left)
			}
		}
		if err == nil {
			t.Error("a sweep that finds something left behind exits with 0")
		}
	})
}
