package export

import (
	"cmp"
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
	c := lay(in.Recording)
	p := &reportPage{}
	p.para("", "# "+titleOf(in))
	p.WriteString("\n")
	if in.Promise != "" {
		p.para("", "A schedule of threads breaks the promise "+in.Promise+": "+in.Says+".")
		p.WriteString("\n")
	}
	p.where(in)
	p.outcome(c)
	p.course(c)
	p.WriteString("\n## How to repeat it\n\n")
	switch {
	case in.Token != "":
		repeatToken(&p.Builder, in)
	case in.Again > 0:
		repeatMachine(&p.Builder, in)
	default:
		p.para("", "It was recorded on a running kernel and cannot be repeated step by step. What was typed:")
		p.WriteString("\n")
		typed(&p.Builder, in)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// reportPage is a report in the making.
type reportPage struct{ strings.Builder }

// para writes a paragraph behind an indent.
func (p *reportPage) para(indent, s string) { p.WriteString(wrapped(indent, printable(s))) }

// fact writes a value under its name, nothing where there is none.
func (p *reportPage) fact(name, value string) {
	if value != "" {
		p.WriteString(wrappedAfter(fmt.Sprintf("    %-10s ", name+":"), printable(value)))
	}
}

// where says on which kernel it was, and what had been set there.
func (p *reportPage) where(in Input) {
	r := in.Recording
	p.WriteString("## Where\n\n")
	p.fact("target", r.Target)
	release := r.Kernel
	if r.Info != nil {
		release = strings.TrimSpace(r.Info.Release + " " + r.Info.Version)
		p.fact("machine", r.Info.Machine)
		p.fact("modprobe", r.Info.Modprobe)
		if r.Info.Taint != 0 {
			p.fact("tainted", kernel.TaintWords(r.Info.Taint))
		}
	}
	p.fact("kernel", release)
	p.fact("kmod", kmodOf(in.Policy))
	for _, g := range given(r.Given) {
		p.fact(g.Name, g.Value)
	}
	p.fact("missing", r.Missing)
	for _, f := range r.End().Faults {
		p.fact("fault", faultWords(f))
	}
	for _, s := range r.Settings {
		if s.Name == "kmod-max" || s.Name == "limiter" || s.Name == "umh" && s.Value != "enabled" || s.Name == "helper" && s.Value != "real" {
			p.fact(s.Name, s.Value)
		}
	}
}

// outcome says what became of the threads and the modules.
func (p *reportPage) outcome(c *chart) {
	p.WriteString("\n## What became of it\n\n")
	for _, l := range c.Lanes {
		if l.Done || l.Verdict != "" {
			l.Task = cmp.Or(l.Task, l.Comm)
			p.para("    ", ended(l))
		}
	}
	for _, m := range c.Modules {
		last := m.Spans[len(m.Spans)-1]
		state := last.Kind
		if last.To < len(c.Events) {
			state = "gone"
		}
		p.para("    ", fmt.Sprintf("module %s: %s", m.Name, state))
	}
}

// course tells the last events, thread by thread, and the points that they are at.
func (p *reportPage) course(c *chart) {
	p.WriteString("\n## What happened\n\n")
	events := c.Events[max(0, len(c.Events)-reportEvents):]
	if len(events) < len(c.Events) {
		p.para("", fmt.Sprintf("The last %d of %d events.", reportEvents, len(c.Events)))
		p.WriteString("\n")
	}
	used := map[string]bool{}
	lane := -2 // neither a thread's nor that of what is seen from outside
	for i, m := range events {
		if i > 0 && m.Time-events[i-1].Time >= c.Gap {
			p.para("    ", fmt.Sprintf("-- the clock goes on by %s --", strings.ReplaceAll(duration(m.Time-events[i-1].Time), "µ", "u")))
		}
		if m.Lane != lane {
			lane = m.Lane
			p.para("    ", whoGoesOn(c, lane))
		}
		text := m.Name
		if m.Text != "" {
			text += ": " + m.Text
		}
		p.WriteString(wrappedAfter(fmt.Sprintf("      %4d %-3s ", m.N, printable(m.Point)), printable(text)))
		used[m.Point] = true
	}
	p.WriteString("\n## Points\n\n")
	for _, point := range trace.Points() {
		if used[point.ID] {
			p.WriteString(wrappedAfter(fmt.Sprintf("    %-3s ", point.ID), point.Says))
		}
	}
}

// whoGoesOn heads the events of a lane, which is below zero for what is seen from
// outside.
func whoGoesOn(c *chart, lane int) string {
	if lane < 0 {
		return "seen from outside:"
	}
	l := c.Lanes[lane]
	return strings.Replace(l.ID+" ("+l.Comm+") goes on:", " ()", "", 1)
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
