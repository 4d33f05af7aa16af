package kmod

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// TestLoader runs the conversations in testdata/loader. Each file has commands
//
//	tree               FILE: LINE for each line of a file of the tree; the
//	                   module files of modules.dep come by themselves
//	config             modprobe.d lines
//	kernel             directives of memKernel; the kernel is a new one
//	load NAME [P=V...] policy= first dry wait= blacklist ignore jobs=
//	unload NAME        holders deps force wait=
//	verify NAME        failed
//
// and prints the stages, the calls among them, the steps and the outcome.
func TestLoader(t *testing.T) {
	datadriven.Walk(t, "testdata/loader", func(t *testing.T, path string) {
		w := &loaderWorld{t: t, tree: fstest.MapFS{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return w.command(d) })
	})
}

// statesOnly is a kernel whose module list has nothing but names and states: a
// load goes by no more, and the simulated kernel, which searches what loads can
// see of each other, shows it no more.
type statesOnly struct{ *memKernel }

func (k statesOnly) Modules() ([]kernel.Module, error) {
	rows, err := k.memKernel.Modules()
	var list []kernel.Module
	for _, r := range rows {
		list = append(list, kernel.Module{Name: r.Name, State: r.State})
	}
	return list, err
}

type loaderWorld struct {
	t      *testing.T
	tree   fstest.MapFS
	config string
	k      *memKernel
}

func (w *loaderWorld) command(d *datadriven.TestData) string {
	switch d.Cmd {
	case "tree":
		return w.makeTree(d.Input)
	case "config":
		w.config = d.Input
		return ""
	case "kernel":
		w.k = &memKernel{dirs: map[string]bool{}, answers: map[string][]syscall.Errno{}, says: map[string][]string{}}
		for line := range strings.Lines(d.Input) {
			if err := w.k.directive(strings.TrimSpace(line)); err != nil {
				return err.Error()
			}
		}
		return ""
	}
	var l Loader
	var name string
	var load kernel.LoadRequest
	var unload kernel.UnloadRequest
	failed := false
	for i, a := range d.CmdArgs {
		value := ""
		if len(a.Vals) > 0 {
			value = a.Vals[0]
		}
		switch a.Key {
		case "policy":
			load.Policy = value
		case "first":
			load.First = true
		case "jobs":
			n, err := strconv.Atoi(value)
			if err != nil {
				return err.Error()
			}
			load.Jobs = n
		case "dry":
			l.DryRun = true
		case "blacklist":
			l.Blacklist = true
		case "ignore":
			l.IgnoreCommands = true
		case "norun":
			failed = true
		case "holders":
			unload.Holders = true
		case "deps":
			unload.Deps = true
		case "force":
			unload.Force = true
		case "failed":
			failed = true
		case "wait":
			d, err := time.ParseDuration(value)
			if err != nil {
				return err.Error()
			}
			l.Patience, unload.Wait = d, d
		default:
			if i == 0 {
				name = strings.ReplaceAll(a.Key, "SPACE", " ")
			} else {
				load.Params = append(load.Params, a.Key+"="+value)
			}
		}
	}
	load.Name, unload.Name = name, name
	l.Kernel, l.Resolver = w.k, w.resolver()
	if d.Cmd != "unload" {
		l.Kernel = statesOnly{w.k}
	}
	l.Now = func() int64 { return int64(w.k.now) }
	l.Report = func(e trace.Event) { w.k.calls = append(w.k.calls, showEvent(e)) }
	l.Show = func(line string) { w.k.note("show %q", line) }
	if !failed {
		l.Run = func(_ context.Context, c Command) (int, error) {
			w.k.note("run %q for %s", c.Text, c.Module)
			if strings.HasPrefix(c.Text, "false") {
				return 3, nil
			}
			return 0, nil
		}
	}
	w.k.calls = nil
	var out strings.Builder
	var err error
	switch d.Cmd {
	case "load":
		var res kernel.LoadResult
		res, err = l.Load(w.t.Context(), load)
		for _, c := range w.k.calls {
			fmt.Fprintln(&out, c)
		}
		showSteps(&out, res.Steps)
		fmt.Fprintf(&out, "%v %s %s", res.Modules, res.Verdict, res.State)
	case "unload":
		var res kernel.UnloadResult
		res, err = l.Unload(w.t.Context(), unload)
		for _, c := range w.k.calls {
			fmt.Fprintln(&out, c)
		}
		showSteps(&out, res.Steps)
		fmt.Fprintf(&out, "%s", res.State)
	case "verify":
		var reported error
		if failed {
			reported = context.Canceled
		}
		var v kernel.Verdict
		var s trace.State
		v, s, err = Verify(l.Resolver, w.k, name, reported)
		fmt.Fprintf(&out, "%s %s", v, s)
	default:
		w.t.Fatalf("%s: no command %q", d.Pos, d.Cmd)
	}
	if w.k.now > 0 {
		fmt.Fprintf(&out, " at %s", w.k.now)
	}
	if err != nil {
		fmt.Fprintf(&out, "\nerror: %s", err)
	}
	return out.String() + "\n"
}

func showEvent(e trace.Event) string {
	s := e.Point
	for _, part := range []string{e.Module, string(e.State)} {
		if part != "" {
			s += " " + part
		}
	}
	if e.Ret != nil {
		s += fmt.Sprintf(" ret=%d", *e.Ret)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

func showSteps(out *strings.Builder, steps []kernel.Step) {
	for _, s := range steps {
		fmt.Fprintf(out, "step %s %s", s.Action, s.Module)
		for _, part := range []string{s.Errno, s.Because} {
			if part != "" {
				fmt.Fprintf(out, ", %s", part)
			}
		}
		for _, l := range s.Log {
			fmt.Fprintf(out, "; log: %s", l)
		}
		fmt.Fprintln(out)
	}
}

// makeTree writes the files of a tree. A module file holds its own name, so
// that memKernel knows what an image is.
func (w *loaderWorld) makeTree(input string) string {
	w.tree = fstest.MapFS{}
	for line := range strings.Lines(input) {
		file, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			return "no file in " + line
		}
		if w.tree[file] == nil {
			w.tree[file] = &fstest.MapFile{}
		}
		if text == "damaged" {
			w.tree[file].Data[len(w.tree[file].Data)-1]++
			continue
		}
		w.tree[file].Data = append(w.tree[file].Data, text+"\n"...)
		if ko, _, _ := strings.Cut(text, ":"); file == "modules.dep" {
			data := []byte(filepath.Base(ko))
			if Compression(ko) != "" {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				if _, err := z.Write(data); err != nil {
					return err.Error()
				}
				if err := z.Close(); err != nil {
					return err.Error()
				}
				data = b.Bytes()
			}
			w.tree[ko] = &fstest.MapFile{Data: data}
		}
	}
	return ""
}

func (w *loaderWorld) resolver() *Resolver {
	w.t.Helper()
	conf := filepath.Join(w.t.TempDir(), "a.conf")
	if err := os.WriteFile(conf, []byte(w.config+"\n"), 0o644); err != nil {
		w.t.Fatal(err)
	}
	c, err := ReadConfig([]string{conf}, "")
	if err != nil {
		w.t.Fatal(err)
	}
	// Lines of the configuration are told by the file's name.
	for i := range c.files {
		c.files[i].path = "a.conf"
	}
	return NewResolver(NewTree(w.tree, "TREE"), c)
}
