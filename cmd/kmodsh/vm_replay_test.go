//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestVMReplay: a session on a real kernel with faults, a request through a system
// call, a way that was gone back over and a flood that runs at once is recorded,
// and done again on a fresh machine with the same coming of it; also on the model,
// up to where that has no such module. A policy that is changed in the file makes
// it come out otherwise, and that is seen. It is one of the tests that run when
// KMODSH_LONG is set.
func TestVMReplay(t *testing.T) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes a minute: KMODSH_LONG=1 runs it")
	}
	needVM(t, "6.12")
	bin := buildStatic(t)
	dir := t.TempDir()
	record := func(name, script string) string {
		file := filepath.Join(dir, name)
		if out, errs, status := command(t, bin, script, "--on", "vm:6.12", "--record", file, "shell"); status != 0 {
			t.Fatalf("recording %s: exit %d\n%s%s", name, status, out, errs)
		}
		return file
	}
	race := record("race.trace", `policy kmod19
hold W4 module=minix
spawn A insmod minix
continue
spawn B request fs-minix
continue
back 3
step
goto end
release A
continue
expect verdict("B") == "premature" and state("minix") == "live"
`)
	var r ops.MachineReplay
	answer(t, bin, 0, &r, "replay", race)
	if !r.Same || r.Elsewhere || r.Done != r.Actions || r.Threads != 3 || r.Compared < 20 || len(r.Verdicts) != 2 || r.Verdicts[1].Verdict != "premature" {
		t.Errorf("the race: %+v", r)
	}
	var model ops.MachineReplay
	answer(t, bin, 0, &model, "replay", "--on", "sim", race)
	if !model.Same || !model.Elsewhere {
		t.Errorf("the race on the model: %+v", model)
	}
	var other ops.MachineReplay
	answer(t, bin, 1, &other, "replay", changed(t, race, "policy=kmod19", "policy=kmod20"))
	if other.Same || other.Stopped == 0 || len(other.Differ) == 0 {
		t.Errorf("the race with another policy: %+v", other)
	}

	all := record("all.trace", `fail L13 EINVAL module=minix hit=1
spawn A insmod minix
continue
request fs-ext4
load vfat
unload vfat
lie exit:3
spawn B request fs-xfs
continue
lie real
flood 5 nosuch
wait 50ms
flood 5 nosuch
continue --at-once
`)
	var again ops.MachineReplay
	answer(t, bin, 0, &again, "replay", all)
	if !again.Same || !strings.Contains(again.Note, "at once") || again.Compared == 0 {
		t.Errorf("the other: %+v", again)
	}
}

// changed is a trace with one text in place of another.
func changed(t *testing.T, file, from, to string) string {
	t.Helper()
	name := file + ".changed"
	script := `zcat "$1" | sed "s/$2/$3/" | gzip >"$4"`
	if out, err := exec.Command("sh", "-c", script, "sh", file, from, to, name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}
