package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/lab"
)

// beside is one thing that ours and kmod's programs do in turn. ready, when
// set, comes before each of ours and is not counted.
type beside struct {
	what       string
	rounds     int
	ours, kmod []string
	ready      func()
	// again says that ours takes up what it did last: it is run once before, and
	// kmod's, which writes the same files, after all of ours.
	again bool
}

// spent is the best of several runs of one program.
type spent struct {
	wall, cpu time.Duration
	memory    int64 // KiB, the most of all runs
}

func (s *spent) run(b *testing.B, argv []string) {
	cmd := exec.Command(argv[0], argv[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	start := time.Now()
	if err := cmd.Run(); err != nil {
		b.Fatalf("%.200q: %v: %.300s", argv, err, errs.String())
	}
	wall := time.Since(start)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if s.wall == 0 || wall < s.wall {
		s.wall = wall
	}
	if s.cpu == 0 || cpu < s.cpu {
		s.cpu = cpu
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.memory = max(s.memory, u.Maxrss)
	}
}

// BenchmarkBesideKmod prints ours beside kmod's programs, in one run, on the full
// trees of the lab's kernels: `make bench`. What it prints is the best of several
// runs in turn, since whatever else the machine does disturbs all but the best.
// KMODSH_BENCH_ONLY and KMODSH_BENCH_KERNEL choose rows and kernels by a piece of
// their names.
func BenchmarkBesideKmod(b *testing.B) {
	for _, tool := range []string{"modprobe", "depmod", "modinfo"} {
		kmodTool(b, tool)
	}
	dir, err := lab.DefaultCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	trees, _ := filepath.Glob(filepath.Join(dir, "kernels", "*", "lib", "modules", "*", "kernel"))
	if len(trees) == 0 {
		b.Skip("no kernel's modules in " + dir + ": kmodsh lab fetch 6.1 6.12")
	}
	program := filepath.Join(b.TempDir(), "kmodsh")
	installed(b, ".", program)
	installed(b, "../kmodsh-modprobe", program+"-modprobe")
	b.Setenv(lab.CacheEnv, b.TempDir())
	for _, t := range trees {
		if !strings.Contains(t, os.Getenv("KMODSH_BENCH_KERNEL")) {
			continue
		}
		besideTree(b, program, filepath.Dir(t))
	}
	b.ReportMetric(0, "ns/op") // the table is the result
}

// installed builds a program and copies it, as one is that a package brings: the
// pages of a file that a linker has written here and there are taken in smaller
// pieces, which costs each start half a millisecond.
func installed(b *testing.B, pkg, program string) {
	b.Helper()
	linked := filepath.Join(b.TempDir(), "linked")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", linked, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	for _, cmd := range []*exec.Cmd{build, exec.Command("cp", linked, program)} {
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}

// besideTree compares on a copy of one tree.
func besideTree(b *testing.B, program, tree string) {
	root, release := b.TempDir(), filepath.Base(tree)
	copyOf := filepath.Join(root, "lib/modules", release)
	if err := os.MkdirAll(filepath.Dir(copyOf), 0o755); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", tree, copyOf).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	var modules []string
	filepath.WalkDir(copyOf, func(file string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), ".ko") {
			modules = append(modules, file)
		}
		return nil
	})
	at := []string{"-d", root, "-S", release}
	ours := func(tool string, args ...string) []string { return slices.Concat([]string{program, tool}, args) }
	var first spent
	first.run(b, ours("depmod", "-b", root, release))
	names := aliasesOf(b, copyOf, 2000)
	touch := func() {
		for _, m := range modules[:5] {
			later := time.Now()
			if err := os.Chtimes(m, later, later); err != nil {
				b.Fatal(err)
			}
		}
	}
	exchange := func() { // so that their aliases and symbols are others'
		for i := range 4 {
			swap(b, modules[i], modules[i+1])
		}
	}
	query := func(args ...string) (o, k []string) {
		args = slices.Concat(at, args)
		return ours("modprobe", args...), slices.Concat([]string{kmodTool(b, "modprobe")}, args)
	}
	var list []beside
	add := func(what string, rounds int, o, k []string, ready func()) {
		list = append(list, beside{what, rounds, o, k, ready, false})
	}
	o, k := query("-R", names[0])
	small := func(o []string) []string { return append([]string{program + "-modprobe"}, o[2:]...) }
	add("modprobe -R, whole process", 200, o, k, nil)
	add("the same, kmodsh-modprobe", 200, small(o), k, nil)
	o, k = query("-D", "btrfs")
	add("modprobe -D, whole process", 200, o, k, nil)
	add("the same, kmodsh-modprobe", 200, small(o), k, nil)
	o, k = query(append([]string{"-R", "-a"}, names...)...)
	add(fmt.Sprintf("%d lookups in one process", len(names)), 10, o, k, nil)
	add(fmt.Sprintf("modinfo of %d files", len(modules)), 3, ours("modinfo", modules...), append([]string{kmodTool(b, "modinfo")}, modules...), nil)
	all := aliasesOf(b, copyOf, 1<<20)
	file := filepath.Join(root, "names")
	if err := os.WriteFile(file, []byte(strings.Join(all, "\n")+"\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	fed := func(words ...string) []string {
		return append([]string{"sh", "-c", `names=$1; shift; exec "$@" <"$names"`, "sh", file}, words...)
	}
	add(fmt.Sprintf("%d lookups; kmod: xargs modprobe -R -a", len(all)), 10,
		fed(slices.Concat([]string{program, "resolve", "--batch"}, at)...), fed(slices.Concat([]string{"xargs", kmodTool(b, "modprobe"), "-R", "-a"}, at)...), nil)
	plain := []string{kmodTool(b, "depmod"), "-b", root, release}
	forget := func() { os.RemoveAll(filepath.Join(os.Getenv(lab.CacheEnv), "depmod")) }
	add("depmod, all", 2, ours("depmod", plain[1:]...), plain, forget)
	list = append(list, beside{"depmod, 5 files touched", 5, ours("depmod", plain[1:]...), plain, touch, true},
		beside{"depmod, 5 files exchanged", 5, ours("depmod", plain[1:]...), plain, exchange, true})
	fmt.Printf("\n%s, %d modules                          wall ms: ours    kmod  ratio   CPU ms: ours    kmod   memory MB: ours  kmod\n", release, len(modules))
	for _, c := range list {
		if !strings.Contains(c.what, os.Getenv("KMODSH_BENCH_ONLY")) {
			continue
		}
		var us, them spent
		if c.again {
			us.run(b, c.ours)
			us = spent{}
		}
		for range c.rounds {
			if c.ready != nil {
				c.ready()
			}
			us.run(b, c.ours)
			if !c.again {
				them.run(b, c.kmod)
			}
		}
		for range c.rounds {
			if c.again {
				them.run(b, c.kmod)
			}
		}
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		fmt.Printf("%-48s %13.1f %7.1f  %5.2f %14.1f %7.1f %17.0f %5.0f\n", c.what, ms(us.wall), ms(them.wall), float64(us.wall)/float64(them.wall),
			ms(us.cpu), ms(them.cpu), float64(us.memory)/1024, float64(them.memory)/1024)
	}
}

// swap exchanges the contents of two files.
func swap(b *testing.B, one, other string) {
	b.Helper()
	first, err := os.ReadFile(one)
	if err != nil {
		b.Fatal(err)
	}
	second, err := os.ReadFile(other)
	if err != nil {
		b.Fatal(err)
	}
	for file, content := range map[string][]byte{one: second, other: first} {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// kmodTool finds one of kmod's programs in the system's directories: the PATH of
// these tests begins with our own under the same names.
func kmodTool(b *testing.B, name string) string {
	b.Helper()
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/bin", "/bin"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
	}
	b.Skip("no " + name + " of kmod here to compare with: apt-get install kmod")
	return ""
}

// aliasesOf takes names from a tree's aliases, their patterns filled in.
func aliasesOf(b *testing.B, tree string, n int) []string {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(tree, "modules.alias"))
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	step := max(1, len(lines)/n)
	var names []string
	for i := 1; i < len(lines) && len(names) < n; i += step {
		w := strings.Fields(lines[i])
		if len(w) == 3 && w[0] == "alias" && !strings.ContainsAny(w[1], "[,") {
			names = append(names, strings.NewReplacer("*", "00", "?", "0").Replace(w[1]))
		}
	}
	return names
}
