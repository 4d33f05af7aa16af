package export

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"example.org/kmodsh/internal/inject"
)

//go:embed reproducer.sh
var reproducerHead string

// The numbers of the driver's rules: holds from 1 on, faults behind them.
const firstFault = 200

// reproducer writes a shell script that makes the same schedule on a real
// kernel: it needs the test driver, the modules, and nothing of kmodsh.
func reproducer(w io.Writer, in Input) error {
	turns, err := plan(in)
	if err != nil {
		return fmt.Errorf("no script can reproduce this trace: %w", err)
	}
	b := &strings.Builder{}
	title := comment(titleOf(in))
	b.WriteString(strings.NewReplacer("@TITLE@", title, "@WHERE@", comment(strings.ReplaceAll(subtitleOf(in), " · ", ", ")), "@POLICY@", policyOf(in.Policy)).Replace(reproducerHead))
	var modules []string
	for _, t := range in.Tasks {
		if t.Task.Verb == "insmod" || t.Task.Verb == "init" {
			modules = append(modules, t.Task.Name)
		}
	}
	slices.Sort(modules)
	for _, m := range slices.Compact(modules) {
		fmt.Fprintf(b, "ko %s >/dev/null || skip \"there is no module file %s: set MODULES to where it is\"\n", m, m)
	}
	if g := in.Recording.Given; g.HasConfig() {
		b.WriteString("\n# It was recorded with this configuration besides: put it into /etc/modprobe.d.\n")
		for _, f := range given(g) {
			fmt.Fprintf(b, "#   %s: %s\n", comment(f.Name), comment(f.Value))
		}
	}
	if err := hooks(b, in, turns); err != nil {
		return err
	}
	b.WriteString("\n# The schedule.\n")
	held := map[string]int{}
	for i, t := range turns {
		if err := writeTurn(b, in, t, i+1, held); err != nil {
			return err
		}
	}
	b.WriteString("\nfinish\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// hooks writes the hooks of the points that are used, and the rules of faults.
func hooks(b *strings.Builder, in Input, turns []turn) error {
	faults, err := faultRules(in.Recording, firstFault)
	if err != nil {
		return fmt.Errorf("no script can reproduce this trace: %w", err)
	}
	used := map[string]bool{}
	for _, t := range turns {
		used[t.point] = true
	}
	for _, f := range faults {
		used[f.Point] = true
	}
	b.WriteString("\n# Where threads are held, and what is made to fail.\n")
	for _, h := range hooksFor(in.Recording) {
		if !used[h.ID] {
			continue
		}
		h.Quiet = true
		line, err := inject.Line(h)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "hook '%s'\n", strings.TrimSpace(line))
	}
	for _, f := range faults {
		line, err := inject.Line(f)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "tell '%s'\n", strings.TrimSpace(line))
	}
	return nil
}

// writeTurn writes one turn; held are the rules by which threads stand.
func writeTurn(b *strings.Builder, in Input, t turn, n int, held map[string]int) error {
	i := slices.IndexFunc(in.Tasks, func(s SpawnedTask) bool { return s.ID == t.task })
	line, err := command(in.Tasks[i])
	if err != nil {
		return err
	}
	if t.first {
		prepare := "prepare"
		if strings.HasPrefix(line, "request ") {
			prepare = "prepare_request"
		}
		fmt.Fprintf(b, "%s %s %s\n", prepare, t.task, quoted(line))
	}
	if t.point != "" {
		rule := inject.Rule{N: n, Point: t.point, Module: t.module, Name: t.name, PID: 1, Hit: t.hit, Do: inject.DoHold}
		text, err := inject.Line(rule)
		if err != nil {
			return err
		}
		if t.moved {
			fmt.Fprintf(b, "# %s cannot be held at the very point: the nearest is %s.\n", t.task, t.point)
		}
		fmt.Fprintf(b, "tell \"%s\"\n", strings.Replace(strings.TrimSpace(text), "pid=1 ", "pid=$(pid "+t.task+") ", 1))
	}
	switch {
	case t.first:
		fmt.Fprintf(b, "begin %s\n", t.task)
	case held[t.task] > 0:
		fmt.Fprintf(b, "go_on %s\n", t.task)
	}
	delete(held, t.task)
	switch {
	case t.point != "":
		held[t.task] = n
		fmt.Fprintf(b, "held %s %s\n", t.task, t.point)
	case t.ends:
		ret, done := expected(in.Recording, t.task)
		if !done {
			fmt.Fprintf(b, "# %s did not end when it was recorded.\n", t.task)
			break
		}
		fmt.Fprintf(b, "ended %s %s\n", t.task, status(in.Tasks[i], ret))
		states := stateAtEnd(in.Recording, t.task)
		for _, m := range slices.Sorted(maps.Keys(states)) {
			if shellName(m) && concerned(in.Recording, m) {
				fmt.Fprintf(b, "state_is %s %s\n", m, procState(states[m]))
			}
		}
	default:
		fmt.Fprintf(b, "waits %s\n", t.task)
	}
	return nil
}

// status is how the end of a task shows in a script: what a request returned, or
// "ok" or "fails" of a program.
func status(t SpawnedTask, ret int64) string {
	switch t.Task.Verb {
	case "request", "getfs":
		return fmt.Sprint(ret)
	}
	if ret == 0 {
		return "ok"
	}
	return "fails"
}

// procState is a state as /proc/modules writes it.
func procState(s string) string {
	return map[string]string{"live": "Live", "coming": "Loading", "going": "Unloading", "": "absent"}[s]
}

// policyOf is the name of the helper that the script sets up: the system's own
// modprobe, or one in shell by the rule of kmod 19.
func policyOf(policy string) string {
	if policy == "kmod19" {
		return "kmod19"
	}
	return "system"
}

// comment makes text fit for one line of a comment.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
