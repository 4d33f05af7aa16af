package kmod

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
)

// TestResolve runs the transcripts in testdata/resolve against the small tree,
// once with binary and once with text indexes: both must say the same.
func TestResolve(t *testing.T) {
	for _, kind := range []string{"binary", "text"} {
		t.Run(kind, func(t *testing.T) {
			datadriven.Walk(t, "testdata/resolve", func(t *testing.T, file string) {
				files := smallTree(t, kind == "binary")
				r := NewResolver(NewTree(files, "TREE"), nil)
				dir := "NONE"
				datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
					var out strings.Builder
					switch d.Cmd {
					case "tree": // without=FILE,...: the tree without some files
						files := smallTree(t, kind == "binary")
						for _, arg := range d.CmdArgs {
							for _, f := range arg.Vals {
								delete(files, f)
								delete(files, f+".bin")
							}
						}
						r = NewResolver(NewTree(files, "TREE"), r.user)
					case "config":
						var cmdline string
						var c *Config
						for _, arg := range d.CmdArgs {
							cmdline = strings.Join(append([]string{cmdline}, arg.Vals...), " ")
						}
						dir, c = readConfigs(t, d.Input, cmdline)
						r = NewResolver(NewTree(files, "TREE"), c)
						for _, w := range c.Warnings() {
							fmt.Fprintln(&out, w)
						}
					default:
						for name := range strings.Lines(d.Input) {
							name = strings.TrimSpace(name)
							fmt.Fprintf(&out, "%s:\n", name)
							resolveCommand(&out, r, d, name)
						}
					}
					return strings.ReplaceAll(out.String(), dir, "CONF")
				})
			})
		})
	}
}

func resolveCommand(out *strings.Builder, r *Resolver, d *datadriven.TestData, name string) {
	opt := PlanOptions{IgnoreCommands: d.HasArg("ignore-commands"), Blacklist: d.HasArg("blacklist")}
	for _, arg := range d.CmdArgs {
		if arg.Key == "params" {
			opt.Params = JoinParams(arg.Vals)
		}
	}
	var lines []string
	var err error
	print := func(v any) {
		b, err := json.Marshal(v)
		lines = append(lines, string(b))
		if err != nil {
			panic(err)
		}
	}
	switch d.Cmd {
	case "resolve":
		var found []Found
		found, err = r.ResolveWith(name, ResolveOptions{Blacklist: opt.Blacklist})
		for _, f := range found {
			print(f)
		}
	case "plan":
		var steps []PlanStep
		steps, err = r.Plan(name, opt)
		for _, s := range steps {
			print(s)
		}
	case "names":
		lines, err = r.ShowNames(name)
	case "show":
		lines, err = r.ShowDepends(name, "/lib/modules/K", opt)
	case "deps":
		var direct, all []string
		direct, all, err = r.Deps(name)
		lines = []string{fmt.Sprint("direct ", direct), fmt.Sprint("all ", all)}
	case "users":
		lines, err = r.Users(name)
	case "builtin":
		var b bool
		b, err = r.Builtin(name)
		lines = []string{fmt.Sprint(b)}
	case "aliases":
		lines, err = r.AliasNames(name, 4)
	default:
		lines = []string{"no such command: " + d.Cmd}
	}
	for _, l := range lines {
		fmt.Fprintf(out, "  %s\n", strings.ReplaceAll(l+"|", " |", "_")) // ends in sight
	}
	if err != nil {
		kind := ""
		for _, s := range []error{kernel.ErrNotFound, kernel.ErrDamaged, kernel.ErrInvalidName} {
			if errors.Is(err, s) {
				kind = " (" + s.Error() + ")"
			}
		}
		fmt.Fprintf(out, "  error%s: %v\n", kind, err)
	}
}
