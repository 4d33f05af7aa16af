//go:build linux

package main

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/lab"
)

// reproducerInit is the guest's first process: it runs the script as it was
// exported, first with what it brings itself, then with a loader that asks
// whether the module is live, which the schedule must not get past; and the one
// of a session on a machine.
const reproducerInit = `#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
cd /
sh /case/race.sh
echo "as recorded: status $?"
rmmod minix
echo /sbin/modprobe >/proc/sys/kernel/modprobe
POLICY=system DEADLINE=4 sh /case/race.sh
echo "with a loader that waits: status $?"
cat /proc/sys/kernel/modprobe
rmmod minix
sh /case/machine.sh
echo "as recorded on a machine: status $?"
poweroff -f
`

// TestVMReproducer: the script that export makes of a search on the simulated
// kernel, run unchanged by a POSIX shell, makes the race come out on real
// kernels; so does that of a session on a machine. Nothing of kmodsh is at work
// in the machine then but the test driver.
// It is one of the tests that run when KMODSH_LONG is set.
func TestVMReproducer(t *testing.T) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes a minute for each kernel: KMODSH_LONG=1 runs it")
	}
	bin := buildStatic(t)
	dir := t.TempDir()
	explore := exec.Command(bin, "explore", "seed/builtin-race")
	explore.Dir = dir
	if out, _ := explore.CombinedOutput(); explore.ProcessState.ExitCode() != 1 {
		t.Fatalf("explore: status %d\n%s", explore.ProcessState.ExitCode(), out)
	}
	script := filepath.Join(dir, "race.sh")
	if out, err := exec.Command(bin, "export", filepath.Join(dir, "builtin-race.trace"), "--format", "sh", "-o", script).CombinedOutput(); err != nil {
		t.Fatalf("export: %v\n%s", err, out)
	}
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			needVM(t, series)
			machine := machineScript(t, bin, series)
			out := runBare(t, series, map[string]string{"case/race.sh": script, "case/machine.sh": machine, "sbin/modprobe": bin})
			t.Logf("%s", out)
			for _, want := range []string{
				`(?m)^# A is held at W5$`, `(?m)^ok 1 B ends with 0, here 0$`, `(?m)^ok 2 module minix is Loading then, here Loading$`,
				`(?m)^ok 3 A ends with ok, here ok$`, `(?m)^ok 4 module minix is Live then, here Live$`, `(?m)^1\.\.4$`, `(?m)^as recorded: status 0$`,
				// With the loader that waits:
				`(?m)^# B does not end$`, `(?m)^not ok 1 the schedule$`, `(?m)^with a loader that waits: status 1$`, `(?m)^/sbin/modprobe$`,
				// A is never let go in that trace:
				`(?m)^# A is held at W4$`, `(?m)^ok 2 module minix is Loading then, here Loading$\n(?m)^1\.\.2$`, `(?m)^as recorded on a machine: status 0$`,
			} {
				if !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("the machine did not print %s", want)
				}
			}
		})
	}
}

// machineScript is the script that export makes of a session on a machine, which
// ends while a thread is held.
func machineScript(t *testing.T, bin, series string) string {
	t.Helper()
	dir := t.TempDir()
	trace, script := filepath.Join(dir, "machine.trace"), filepath.Join(dir, "machine.sh")
	lines := filepath.Join(dir, "session.kmodsh")
	text := strings.Join([]string{
		"target vm:" + series, "record " + trace, "policy kmod19", "hold W4 module=minix", "spawn A insmod minix", "continue",
		"spawn B request minix", "continue", "record stop",
	}, "\n")
	if err := os.WriteFile(lines, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"source", lines}, {"export", trace, "--format", "sh", "-o", script}} {
		if out, err := exec.CommandContext(t.Context(), bin, args...).CombinedOutput(); err != nil {
			t.Fatalf("kmodsh %q: %v\n%s", args, err, out)
		}
	}
	return script
}

// copyInto copies a file to a directory that may not be there yet.
func copyInto(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, b, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// runBare boots a kernel with BusyBox, the test driver and the module minix,
// and what files puts where, and returns what it printed.
func runBare(t *testing.T, series string, files map[string]string) string {
	t.Helper()
	cache, err := lab.OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	k, err := cache.Find(series)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := cache.BuildDriver(t.Context(), k, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	put := func(to, from string) { copyInto(t, from, filepath.Join(root, to), 0o755) }
	for _, d := range []string{"proc", "sys", "dev", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put("bin/busybox", findBusybox(t))
	put("case/kmodsh_driver.ko", driver.Path)
	tree := filepath.Join("lib/modules", k.Release)
	err = filepath.WalkDir(k.Modules, func(path string, d fs.DirEntry, err error) error {
		if name, _, _ := strings.Cut(d.Name(), "."); err == nil && name == "minix" && !d.IsDir() {
			put(filepath.Join(tree, d.Name()), path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for to, from := range files {
		put(to, from)
	}
	if out, err := exec.Command(files["sbin/modprobe"], "depmod", "-b", root, k.Release).CombinedOutput(); err != nil {
		t.Fatalf("depmod: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(root, "init"), []byte(reproducerInit), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("busybox", filepath.Join(root, "bin/sh")); err != nil {
		t.Fatal(err)
	}
	initrd := filepath.Join(t.TempDir(), "initrd")
	pack := exec.Command("sh", "-c", `find . | cpio --quiet -o -H newc >"$0"`, initrd)
	pack.Dir = root
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("cpio: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // an emulated machine, on a loaded host
	defer cancel()
	qemu := exec.CommandContext(ctx, "qemu-system-x86_64", "-no-user-config", "-nodefaults", "-no-reboot", "-display", "none",
		"-machine", "q35", "-cpu", "max", "-accel", "tcg", "-smp", "1", "-m", "256",
		"-kernel", k.Image, "-initrd", initrd, "-append", "console=ttyS0 panic=-1 loglevel=3", "-serial", "stdio")
	var out, stderr bytes.Buffer
	qemu.Stdout, qemu.Stderr = &out, &stderr
	stdin, err := qemu.StdinPipe() // open, so that the console does not end
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := qemu.Run(); err != nil {
		t.Fatalf("qemu: %v\n%s\n%s", err, stderr.Bytes(), out.Bytes())
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// findBusybox returns the path of a BusyBox that needs no library.
func findBusybox(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("busybox")
	if err == nil {
		var f *elf.File
		if f, err = elf.Open(path); err == nil {
			defer f.Close()
			for _, p := range f.Progs {
				if p.Type == elf.PT_INTERP {
					err = errors.New(path + " is not static")
				}
			}
		}
	}
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true" || os.Getenv("KMODSH_REQUIRE_VM") != "":
		t.Fatalf("no static busybox: apt-get install busybox-static: %v", err)
	default:
		t.Skipf("no static busybox: apt-get install busybox-static: %v", err)
	}
	return ""
}
