package ops

import (
	"context"
	"embed"
	"io"
	"slices"
	"strings"
)

func helpVerb() *Verb {
	return &Verb{
		Name: "help", Aliases: []string{"?", "h"}, Group: groupSession,
		Short:    "list the verbs, or explain one, or a topic",
		Usage:    "[VERB | TOPIC]",
		New:      func() Command { return new(helpCommand) },
		Examples: []string{"help", "help load", "help states", "help policies"},
	}
}

//go:embed help/*.md
var helpFiles embed.FS

// topics are the help pages that are not of a verb, in reading order.
func topics() []Candidate {
	return []Candidate{
		{Text: "targets", Note: "which kernels can be driven, and how they are named"},
		{Text: "modules", Note: "module states, and the names and aliases of modules"},
		{Text: "policies", Note: "how a loader decides built in and done; verdicts"},
		{Text: "debugging", Note: "stepping threads, going back, faults"},
		{Text: "conditions", Note: "the language of until, expect, promise and break"},
		{Text: "scripts", Note: "scripts, exit status, JSON"},
	}
}

// helpText returns the page called name, "" when there is none.
func helpText(name string) string {
	b, err := helpFiles.ReadFile("help/" + name + ".md")
	if err != nil {
		return ""
	}
	return string(b)
}

type helpCommand struct {
	Topic string `arg:"" optional:"" help:"A verb or a topic."`
}

func (c *helpCommand) Run(context.Context, *Session) (Result, error) {
	if c.Topic == "" {
		return overview(), nil
	}
	if slices.ContainsFunc(topics(), func(t Candidate) bool { return t.Text == c.Topic }) {
		return &HelpResult{Name: c.Topic, Text: helpText(c.Topic)}, nil
	}
	v, err := Lookup(c.Topic)
	if err != nil {
		return nil, err
	}
	return v.help(), nil
}

func (c *helpCommand) Complete(_ *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		return nil
	}
	return append(match(word, verbCandidates()), match(word, topics())...)
}

// help returns the verb's help page.
func (v *Verb) help() *HelpResult {
	var b strings.Builder
	b.WriteString("# " + v.Name + "\n\n" + upperFirst(v.Short) + ".\n\n    " + v.Synopsis() + "\n")
	if len(v.Aliases) > 0 {
		b.WriteString("\nAlso: " + strings.Join(v.Aliases, ", ") + ".\n")
	}
	if rows := v.arguments(); len(rows) > 0 {
		b.WriteString("\n## Arguments\n\n")
		for _, r := range rows {
			b.WriteString("- `" + r.Text + "`: " + r.Note + "\n")
		}
	}
	b.WriteString("\n" + strings.TrimSpace(helpText(v.Name)) + "\n\n## Examples\n\n")
	for _, e := range v.Examples {
		b.WriteString("    " + e + "\n")
	}
	return &HelpResult{Name: v.Name, Text: b.String()}
}

// overview lists all verbs under their headings, and the topics.
func overview() *HelpResult {
	var b strings.Builder
	group := ""
	for _, v := range Verbs() {
		if v.Group != group {
			group = v.Group
			b.WriteString("\n## " + group + "\n\n")
		}
		b.WriteString("- `" + v.Name + "`: " + v.Short + "\n")
	}
	b.WriteString("\n## topics\n\n")
	for _, t := range topics() {
		b.WriteString("- `" + t.Text + "`: " + t.Note + "\n")
	}
	b.WriteString("\nhelp VERB or VERB --help explains a verb. A verb may be shortened as long as it is clear.\n")
	return &HelpResult{Name: "help", Text: strings.TrimLeft(b.String(), "\n")}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// HelpResult is a help page in Markdown.
type HelpResult struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// WriteText writes the page without its marks: headings, lists, code and
// paragraphs, which is all our pages use.
func (r *HelpResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	para := ""
	flush := func() {
		if para != "" {
			t.wrap("", 0, strings.ReplaceAll(para, "`", ""))
			para = ""
		}
	}
	tab := listWidth(r.Text)
	for _, l := range strings.Split(strings.TrimRight(r.Text, "\n"), "\n") {
		item, isItem := strings.CutPrefix(l, "- ")
		switch {
		case l == "":
			flush()
			t.print("\n")
		case strings.HasPrefix(l, "#"):
			flush()
			t.print(t.paint(bold, strings.TrimLeft(l, "# ")) + "\n")
		case strings.HasPrefix(l, "    "):
			flush()
			t.print(t.paint(cyan, l) + "\n")
		case isItem:
			flush()
			t.item(item, tab)
		default:
			para = strings.TrimSpace(para + " " + l)
		}
	}
	flush()
	return t.err
}

// maxTerm is the widest term, in columns, that a list makes room for.
const maxTerm = 20

// listWidth returns the width of the widest short term of all "- `term`: …".
func listWidth(page string) int {
	n := 0
	for _, l := range strings.Split(page, "\n") {
		if term, _, ok := cutItem(strings.TrimPrefix(l, "- ")); ok && strings.HasPrefix(l, "- ") && width1(term) <= maxTerm {
			n = max(n, width1(term))
		}
	}
	return n
}

// cutItem takes "`term`: text" apart.
func cutItem(item string) (term, text string, ok bool) {
	rest, ok := strings.CutPrefix(item, "`")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "`: ")
}

// item writes one line of a list.
func (t *text) item(item string, tab int) {
	term, rest, ok := cutItem(item)
	if !ok {
		t.wrap("  ", 2, strings.ReplaceAll(item, "`", ""))
		return
	}
	rest = strings.ReplaceAll(rest, "`", "")
	head := "  " + t.paint(cyan, term)
	if width1(term) > tab {
		t.print(head + "\n")
		t.wrap(strings.Repeat(" ", tab+4), tab+4, rest)
		return
	}
	t.wrap(head+strings.Repeat(" ", tab+2-width1(term)), tab+4, rest)
}
