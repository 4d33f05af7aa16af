package ops

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/trace"
)

// ManPage is a manual page in roff, for man(1).
type ManPage struct {
	Name string // "kmodsh-verbs.7"
	Text string
}

// ManPages returns the manual pages that are made of the tables: the verbs, and
// the points with the promises.
func ManPages() []ManPage {
	return []ManPage{
		{"kmodsh-verbs.7", man("kmodsh-verbs", "7", "the verbs of kmodsh", verbsMan())},
		{"kmodsh-points.7", man("kmodsh-points", "7", "the points and promises of kmodsh", pointsMan())},
	}
}

// Man makes a manual page of a page in the Markdown that the help is in.
func Man(name, section, what, page string) ManPage {
	return ManPage{name + "." + section, man(name, section, what, roff(page))}
}

func man(name, section, what, body string) string {
	return fmt.Sprintf(".TH %s %s \"\" kmodsh \"kmodsh\"\n.SH NAME\n%s \\- %s\n%s.SH SEE ALSO\n.BR kmodsh (1),\n.BR kmodsh-verbs (7),\n.BR kmodsh-points (7),\n.BR modprobe (8)\n",
		strings.ToUpper(name), section, strings.ReplaceAll(name, "-", `\-`), what, body)
}

func verbsMan() string {
	var b strings.Builder
	b.WriteString(".SH DESCRIPTION\nA verb is a command of the shell, of the screen's command line, of scripts and scenarios, and of the command line.\n")
	group := ""
	for _, v := range Verbs() {
		if v.Group != group {
			group = v.Group
			b.WriteString(".SH " + strings.ToUpper(group) + "\n")
		}
		b.WriteString(".SS " + roffText(v.Synopsis()) + "\n")
		_, page, _ := strings.Cut(v.help().Text, "\n\n")
		b.WriteString(roffBelow(page))
	}
	for _, t := range topics() {
		_, page, _ := strings.Cut(helpText(t.Text), "\n")
		b.WriteString(".SH " + strings.ToUpper(t.Text) + "\n" + roffBelow(page))
	}
	return b.String()
}

func pointsMan() string {
	var b strings.Builder
	b.WriteString(".SH DESCRIPTION\nA point is a named place on the way of a load, a request or an unload, where an event is recorded and a thread may be held.\n")
	phase := trace.Phase("")
	for _, p := range trace.Points() {
		if p.Phase != phase {
			phase = p.Phase
			b.WriteString(".SH " + strings.ToUpper(string(phase)) + "\n")
		}
		b.WriteString(".TP\n.B " + roffText(p.ID+" "+p.Name) + "\n" + roffText(p.Says) + " Seen from outside: " + roffText(p.Sees) + ".\n")
		for _, f := range p.Funcs {
			if f.Name != "" {
				b.WriteString(".br\nFrom " + f.Since + ": " + roffText(f.Name) + ", " + roffText(f.File) + "\n")
			}
		}
		hold := "May be held."
		if !p.Hold {
			hold = "May not be held: " + p.Why + "."
		}
		if len(p.Fail) > 0 {
			hold += " May be made to fail with " + strings.Join(p.Fail, ", ") + "."
		}
		b.WriteString(".br\n" + roffText(hold) + "\n")
	}
	b.WriteString(".SH PROMISES\n")
	for _, p := range condition.Promises() {
		b.WriteString(".TP\n.B " + roffText(p.Name) + "\n" + roffText(p.Says) + "\n.br\n" + roffText(p.Cond) + "\n")
	}
	return b.String()
}

// roff makes roff of the Markdown subset that our pages use; its headings are
// sections.
func roff(page string) string { return roffLines(page, ".SH ") }

// roffBelow is roff of a part of a page: its headings are bold lines.
func roffBelow(page string) string { return roffLines(page, ".PP\n.B ") }

func roffLines(page, heading string) string {
	var b strings.Builder
	code := false
	for _, l := range strings.Split(strings.TrimSpace(page), "\n") {
		indented := strings.HasPrefix(l, "    ")
		if indented != code && (indented || l != "") {
			b.WriteString(map[bool]string{true: ".PP\n.RS 4\n.nf\n", false: ".fi\n.RE\n"}[indented])
			code = indented
		}
		item, isItem := strings.CutPrefix(l, "- ")
		switch term, rest, hasTerm := cutItem(item); {
		case l == "" && !code:
			b.WriteString(".PP\n")
		case indented:
			b.WriteString(roffText(strings.TrimPrefix(l, "    ")) + "\n")
		case strings.HasPrefix(l, "#"):
			h := strings.TrimLeft(l, "# ")
			if heading == ".SH " {
				h = strings.ToUpper(h)
			}
			b.WriteString(heading + roffText(h) + "\n")
		case isItem && hasTerm:
			b.WriteString(".TP\n.B " + roffText(term) + "\n" + roffText(rest) + "\n")
		case isItem:
			b.WriteString(".IP \\(bu 2\n" + roffText(item) + "\n")
		case l != "":
			b.WriteString(roffText(l) + "\n")
		}
	}
	if code {
		b.WriteString(".fi\n.RE\n")
	}
	return b.String()
}

// roffText makes text safe in roff: backslashes, dashes, and what would be a
// request at the beginning of a line.
func roffText(s string) string {
	s = strings.ReplaceAll(s, "`", "")
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
