package ops

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// maxCandidates bounds how many completions are given at once.
const maxCandidates = 100

// Complete returns what the word at byte offset pos of line could become, and
// the byte offset where that word begins: a candidate's text stands for
// line[start:pos]. It answers from memory, or within a fraction of a second.
func (s *Session) Complete(line string, pos int) (start int, list []Candidate) {
	pos = min(max(pos, 0), len(line))
	words, open, err := lex(line[:pos])
	if err != nil || open == '#' {
		return pos, nil
	}
	start = pos
	word := ""
	if n := len(words); n > 0 && words[n-1].End == pos && (open != 0 || !isSpace(line[pos-1])) {
		start, word, words = words[n-1].Start, words[n-1].Text, words[:n-1]
	}
	if len(words) == 0 {
		return start, match(word, verbCandidates())
	}
	before := make([]string, len(words))
	for i, w := range words {
		before[i] = w.Text
	}
	v, err := Lookup(before[0])
	if err != nil {
		return start, nil
	}
	if v.Condition && len(before) == 1 && !strings.HasPrefix(word, "-") && !strings.HasPrefix(line[start:], "'") {
		from, list := s.completeCondition(line[start:pos])
		if start += from; from == 0 {
			list = append(list, v.complete(s, before[1:], word)...)
		}
		return start, list[:min(len(list), maxCandidates)]
	}
	list = v.complete(s, before[1:], word)
	for i := range list {
		list[i].Text = Quote(list[i].Text)
	}
	return start, list[:min(len(list), maxCandidates)]
}

// complete returns what word, an argument of the verb after those before it,
// could become.
func (v *Verb) complete(s *Session, before []string, word string) []Candidate {
	cmd := v.New()
	flags := v.flags(cmd)
	literal := slices.Contains(before, "--")
	if n := len(before); n > 0 && !literal {
		if f := takesValue(flags, before[n-1]); f != nil {
			if list := s.flagValues(f.Name, word); list != nil {
				return list
			}
			return match(word, enumOf(f))
		}
	}
	if strings.HasPrefix(word, "-") && !literal {
		var list []Candidate
		for _, f := range flags {
			list = append(list, Candidate{Text: "--" + f.Name, Note: f.Help})
		}
		return match(word, append(list, Candidate{Text: "--help", Note: "explain " + v.Name}))
	}
	if c, ok := cmd.(Completing); ok {
		return c.Complete(s, before, word)
	}
	return nil
}

// flags returns the flags of the verb, as declared by cmd.
func (v *Verb) flags(cmd Command) []*kong.Flag {
	p, err := v.parser(cmd)
	if err != nil {
		return nil
	}
	return p.Model.Flags
}

// arguments describes the flags and arguments of the verb for its help.
func (v *Verb) arguments() []Candidate {
	p, err := v.parser(v.New())
	if err != nil {
		return nil
	}
	var rows []Candidate
	for _, a := range p.Model.Positional {
		name := strings.ToUpper(a.Name)
		if name == "PARAMS" {
			name = "PARAM=VALUE"
		}
		rows = append(rows, Candidate{Text: name, Note: a.Help})
	}
	for _, f := range p.Model.Flags {
		name := "--" + f.Name
		if f.Short != 0 {
			name = "-" + string(f.Short) + ", " + name
		}
		if !f.IsBool() {
			name += " " + f.PlaceHolder
		}
		rows = append(rows, Candidate{Text: name, Note: f.Help})
	}
	return rows
}

// takesValue returns the flag that word names when its value is the next word.
func takesValue(flags []*kong.Flag, word string) *kong.Flag {
	for _, f := range flags {
		if !f.IsBool() && (word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short)) {
			return f
		}
	}
	return nil
}

func enumOf(f *kong.Flag) []Candidate {
	var list []Candidate
	if f.Enum != "" {
		for _, e := range strings.Split(f.Enum, ",") {
			list = append(list, Candidate{Text: e})
		}
	}
	return list
}

func stateCandidates() []Candidate {
	var list []Candidate
	for _, st := range []trace.State{trace.Live, trace.Coming, trace.Going, trace.Unformed, trace.Absent, trace.Builtin} {
		list = append(list, Candidate{Text: string(st), Note: "module state"})
	}
	return list
}

func verbCandidates() []Candidate {
	var list []Candidate
	for _, v := range Verbs() {
		list = append(list, Candidate{Text: v.Name, Note: v.Short})
	}
	return list
}

// match returns the candidates that begin with word.
func match(word string, list []Candidate) []Candidate {
	var out []Candidate
	for _, c := range list {
		if strings.HasPrefix(c.Text, word) {
			out = append(out, c)
		}
	}
	return out
}

// operands returns the words that are no flags. Values of flags count as
// operands; a verb whose first argument matters has no such flag before it, or
// is completed once too little.
func operands(words []string) []string {
	var out []string
	for i, w := range words {
		if w == "--" {
			return append(out, words[i+1:]...)
		}
		if !strings.HasPrefix(w, "-") {
			out = append(out, w)
		}
	}
	return out
}

// How long completion may wait for a target's module list, and how long a list
// serves when no event tells that it changed.
const (
	listWait = 300 * time.Millisecond
	listAge  = 2 * time.Second
)

// moduleCache is a target's module list as completion last saw it.
type moduleCache struct {
	target  kernel.Target
	seq     uint64
	read    time.Time
	modules []kernel.Module
}

// loaded returns the module list, a recent one when nothing has happened since.
func (s *Session) loaded() []kernel.Module {
	t := s.Target()
	if t == nil || t.Can(kernel.OpModules) != nil {
		return nil
	}
	var seq uint64
	if log := t.Events(); log != nil {
		seq = log.Last()
	}
	s.mu.Lock()
	old := s.lists
	s.mu.Unlock()
	if old.target == t && old.seq == seq && time.Since(old.read) < listAge {
		return old.modules
	}
	ctx, cancel := context.WithTimeout(context.Background(), listWait)
	defer cancel()
	list, err := t.Modules(ctx)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = moduleCache{target: t, seq: seq, read: time.Now(), modules: list}
	return list
}

// completeLoaded completes the names of modules that are there now.
func (s *Session) completeLoaded(word string) []Candidate {
	word = kernel.Normalize(word)
	var out []Candidate
	for _, m := range s.loaded() {
		if strings.HasPrefix(m.Name, word) {
			out = append(out, Candidate{Text: m.Name, Note: string(m.State)})
		}
	}
	return out
}
