package export

import (
	"fmt"
	"io"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// reportWidth is the longest line of a report, in columns: what mailing lists
// ask for.
const reportWidth = 72

// reportEvents is how many events a report has at most: the last ones.
const reportEvents = 300

// report writes Markdown that reads well as plain text, without a line longer
// than 72 columns but those that are to be copied whole.
func report(w io.Writer, in Input) error {
	r := in.Recording
	c := lay(r)
	b := &strings.Builder{}
	para := func(indent, s string) { b.WriteString(wrapped(indent, printable(s))) }
	fact := func(name, value string) {
		if value != "" {
			b.WriteString(wrappedAfter(fmt.Sprintf("    %-10s ", name+":"), printable(value)))
		}
	}
	para("", "# "+titleOf(in))
	b.WriteString("\n")
	if in.Promise != "" {
		para("", "A schedule of threads breaks the promise "+in.Promise+": "+in.Says+".")
		b.WriteString("\n")
	}
	b.WriteString("## Where\n\n")
	fact("target", r.Target)
	release := r.Kernel
	if r.Info != nil {
		release = strings.TrimSpace(r.Info.Release + " " + r.Info.Version)
		fact("machine", r.Info.Machine)
		fact("modprobe", r.Info.Modprobe)
		if r.Info.Taint != 0 {
			fact("tainted", kernel.TaintWords(r.Info.Taint))
		}
	}
	fact("kernel", release)
	fact("kmod", kmodOf(in.Policy))
	for _, g := range given(r.Given) {
		fact(g.Name, g.Value)
	}
	fact("missing", r.Missing)
	for _, f := range r.End().Faults {
		fact("fault", faultWords(f))
	}
	for _, s := range r.Settings {
		if s.Name == "kmod-max" || s.Name == "limiter" || s.Name == "umh" && s.Value != "enabled" || s.Name == "helper" && s.Value != "real" {
			fact(s.Name, s.Value)
		}
	}
	b.WriteString("\n## What became of it\n\n")
	for _, l := range c.Lanes {
		if l.Done || l.Verdict != "" {
			who := l.Task
			if who == "" {
				who = l.Comm
			}
			l.Task = who
			para("    ", ended(l))
		}
	}
	for _, m := range c.Modules {
		last := m.Spans[len(m.Spans)-1]
		state := last.Kind
		if last.To < len(c.Events) {
			state = "gone"
		}
		para("    ", fmt.Sprintf("module %s: %s", m.Name, state))
	}
	b.WriteString("\n## What happened\n\n")
	first := max(0, len(c.Events)-reportEvents)
	if first > 0 {
		para("", fmt.Sprintf("The last %d of %d events.", reportEvents, len(c.Events)))
		b.WriteString("\n")
	}
	lane, now := -2, int64(0)
	if first < len(c.Events) {
		now = c.Events[first].Time
	}
	for _, m := range c.Events[first:] {
		if m.Time-now >= c.Gap {
			para("    ", fmt.Sprintf("-- the clock goes on by %s --", strings.ReplaceAll(duration(m.Time-now), "µ", "u")))
		}
		now = m.Time
		if m.Lane != lane {
			lane = m.Lane
			if lane >= 0 {
				l := c.Lanes[lane]
				para("    ", strings.Replace(l.ID+" ("+l.Comm+") goes on:", " ()", "", 1))
			} else {
				para("    ", "seen from outside:")
			}
		}
		text := m.Name
		if m.Text != "" {
			text += ": " + m.Text
		}
		b.WriteString(wrappedAfter(fmt.Sprintf("      %4d %-3s ", m.N, printable(m.Point)), printable(text)))
	}
	b.WriteString("\n## Points\n\n")
	used := map[string]bool{}
	for _, m := range c.Events[first:] {
		used[m.Point] = true
	}
	for _, p := range trace.Points() {
		if used[p.ID] {
			b.WriteString(wrappedAfter(fmt.Sprintf("    %-3s ", p.ID), p.Says))
		}
	}
	b.WriteString("\n## How to repeat it\n\n")
	switch {
	case in.Token != "":
		repeatToken(b, in)
	case in.Again > 0:
		repeatMachine(b, in)
	default:
		para("", "It was recorded on a running kernel and cannot be repeated step by step. What was typed:")
		b.WriteString("\n")
		typed(b, in)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// faultWords writes a fault as it is typed.
func faultWords(f kernel.Fault) string {
	words := []string{"hold", f.Point}
	switch {
	case f.Delay > 0:
		words = []string{"delay", f.Point, f.Delay.String()}
	case f.Fail > 0:
		words = []string{"fail", f.Point, kernel.ErrnoName(syscall.Errno(f.Fail))}
	}
	if f.Module != "" {
		words = append(words, "module="+f.Module)
	}
	if f.Thread != "" {
		words = append(words, "thread="+f.Thread)
	}
	if f.Hit > 0 {
		words = append(words, fmt.Sprintf("hit=%d", f.Hit))
	}
	return strings.Join(words, " ")
}

// kmodOf says in the words of a distribution what a policy is.
func kmodOf(policy string) string {
	switch policy {
	case "kmod19":
		return "modprobe by the rule of kmod 19 and earlier: a directory in /sys/module without initstate counts as built in"
	case "kmod20":
		return "modprobe by the rule of kmod 20 and later: the index of built-in modules is asked"
	case "verified":
		return "kmodsh's own loader, which checks what it reports"
	}
	return policy
}

// wrapped folds a text into lines of reportWidth behind an indent.
func wrapped(indent, s string) string { return wrappedAfter(indent, s) }

// wrappedAfter folds a text behind a heading; the lines after the first are
// indented by its width.
func wrappedAfter(head, s string) string { return folded(head, s, reportWidth) }

// folded folds a text behind a heading into lines of so many columns.
func folded(head, s string, width int) string {
	var b strings.Builder
	line, indent := head, strings.Repeat(" ", len(head))
	empty := true
	for _, word := range strings.Fields(s) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
