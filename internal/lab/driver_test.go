package lab

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/kmod"
)

// driverGuest is a guest whose first process is testdata/driverguest, with the
// test driver and some of the kernel's modules in its initramfs.
type driverGuest struct {
	cache *Cache
	qemu  qemu
	boot  machine
	// heard is told each line that the kernel prints; nil is nobody.
	heard func(string)
}

// guestModules are the modules that the checks load: without dependencies, and
// a file system with some.
var guestModules = []string{"dummy", "nbd", "ext4", "mbcache", "jbd2", "crc16", "crc32c_generic"}

func newDriverGuest(t testing.TB, series string) driverGuest {
	t.Helper()
	c := vmCache(t, series)
	k, err := c.Find(series)
	if err != nil {
		t.Fatal(err)
	}
	return driverGuestOf(t, c, k)
}

// driverGuestOf is such a guest of a kernel, whose module tree has indexes.
func driverGuestOf(t testing.TB, c *Cache, k Kernel) driverGuest {
	t.Helper()
	began := time.Now()
	d, err := c.BuildDriver(t.Context(), k, nil)
	if err != nil {
		cannot(t, err)
	}
	if d.Built {
		t.Logf("the driver was built in %s", time.Since(began).Round(time.Second/10))
	}
	q, err := findQEMU()
	if err != nil {
		cannot(t, err)
	}
	a, err := c.accel(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	g := driverGuest{cache: c, qemu: q, boot: machine{accel: a.Name, image: k.Image, memory: 512, cpus: 2}}
	g.boot.initrd = filepath.Join(t.TempDir(), "initrd")
	if err := writeDriverGuest(t, k, d.Path, g.boot.initrd); err != nil {
		t.Fatal(err)
	}
	return g
}

func writeDriverGuest(t testing.TB, k Kernel, driver, to string) error {
	init := filepath.Join(t.TempDir(), "init")
	build := exec.Command("go", "build", "-o", init, "./testdata/driverguest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=-trimpath")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the guest: %w\n%s", err, out)
	}
	tree, err := kmod.OpenTree(k.Modules)
	if err != nil {
		return err
	}
	defer tree.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	w := newCPIO(f)
	w.Char("/dev/console", 0o600, 5, 1)
	w.Symlink("/sbin/modprobe", "/init")
	program, err := os.ReadFile(init)
	if err != nil {
		return err
	}
	w.File("/init", 0o755, int64(len(program)), bytes.NewReader(program))
	if err := addFile(w, driver, "/mods/kmodsh_driver.ko"); err != nil {
		return err
	}
	r := kmod.NewResolver(tree, nil)
	for _, name := range guestModules {
		steps, err := r.Plan(name, kmod.PlanOptions{})
		if err != nil {
			continue // built in, or not of this kernel
		}
		s := steps[len(steps)-1]
		if s.Builtin || s.File == "" {
			continue
		}
		mf, err := tree.Open(s.File)
		if err != nil {
			return err
		}
		image, err := kmod.OpenImage(mf, s.File)
		mf.Close()
		if err != nil {
			return err
		}
		w.File("/mods/"+name+".ko", 0o644, int64(len(image)), bytes.NewReader(image))
	}
	return w.Close()
}

// run boots the guest with words added to the kernel's command line and
// returns what it said of itself: the lines "ok", "not ok", "value" and "all
// done". The kernel's own lines go to the test's log; more is for QEMU.
func (g driverGuest) run(t testing.TB, words string, more ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	m := g.boot
	m.more = words
	args := append(m.args(), more...)
	for i, a := range args {
		if a == "chardev:link" { // the guest has none
			args[i] = "null"
		}
	}
	cmd := exec.CommandContext(ctx, g.qemu.path, append(args, "-chardev", "stdio,id=console,signal=off")...)
	dieWithUs(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		switch word, _, _ := strings.Cut(line, " "); word {
		case "ok", "not", "value", "all":
			said = append(said, line)
		default:
			t.Log(line)
			if g.heard != nil {
				g.heard(line)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("QEMU: %v: %s", err, stderr.Bytes())
	}
	return said
}

// TestVMDriver runs every check of the driver in one guest of each kernel. With
// KMODSH_LONG set it is sent three times as much garbage, most of a minute's work.
func TestVMDriver(t *testing.T) {
	words := ""
	if os.Getenv("KMODSH_LONG") != "" {
		words = "driverguest.garbage=3000"
	}
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			passed(t, newDriverGuest(t, series).run(t, words))
		})
	}
}

// passed says which checks did not pass.
func passed(t *testing.T, said []string) {
	t.Helper()
	if len(said) == 0 || said[len(said)-1] != "all done" {
		t.Error("the guest did not come to its end")
	}
	for _, line := range said {
		if why, bad := strings.CutPrefix(line, "not ok "); bad {
			t.Error(why)
		} else {
			t.Log(line)
		}
	}
}

// values reads the lines "value NAME N ns" of a guest.
func values(said []string) map[string]time.Duration {
	m := map[string]time.Duration{}
	for _, line := range said {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] != "value" || f[len(f)-1] != "ns" {
			continue
		}
		if d, err := time.ParseDuration(f[len(f)-2] + "ns"); err == nil {
			m[strings.Join(f[1:len(f)-2], " ")] = d
		}
	}
	return m
}

// BenchmarkDriver measures, in a guest of each kernel, what the driver costs
// the loads of a module (loaded and idle; with every point hooked), against
// loads without it in the same guest. The guest's clock counts its
// instructions there, so what else runs on this machine does not matter. Then,
// by the real clock, how long a hold, a look and a release take.
func BenchmarkDriver(b *testing.B) {
	for _, series := range []string{"6.1", "6.12"} {
		b.Run(series, func(b *testing.B) {
			g := newDriverGuest(b, series)
			for b.Loop() {
				counted := g
				// With two processors 6.1 waits for a timer for ever.
				counted.boot.accel, counted.boot.cpus = AccelTCG, 1
				v := values(counted.run(b, "driverguest.only=cost", "-icount", "shift=1,sleep=off"))
				maps.Copy(v, values(g.run(b, "driverguest.only=trip")))
				if v["load without"] == 0 || v["trip median"] == 0 {
					b.Fatalf("the guest said %v", v)
				}
				base := float64(v["load without"])
				b.ReportMetric(base/1e6, "load-ms")
				b.ReportMetric(100*(float64(v["load idle"])/base-1), "idle-%")
				b.ReportMetric(100*(float64(v["load hooked"])/base-1), "hooked-%")
				b.ReportMetric(float64(v["trip median"])/1e6, "trip-ms")
				b.ReportMetric(float64(v["trip worst"])/1e6, "worst-trip-ms")
			}
		})
	}
}
