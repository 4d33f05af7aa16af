package scenario

import (
	"fmt"
	"path"
	"strings"
)

// Scenario is a script with expectations.
type Scenario struct {
	Name     string   `json:"name"` // "seed/builtin-race", or the path of a file
	Title    string   `json:"title"`
	Shows    string   `json:"shows,omitempty"`  // what it shows, a sentence or several
	Source   string   `json:"source,omitempty"` // where that is known from
	Targets  []string `json:"targets"`          // that it is for, "sim:v6.12"
	Promises []string `json:"promises,omitempty"`
	// Reports are texts of what a real kernel reports in its log when it does
	// what is shown: such a report is no sign that something went wrong.
	Reports []string `json:"reports,omitempty"`
	// Lines come before each case; without cases they are the whole script.
	Lines []Line `json:"lines"`
	Cases []Case `json:"cases,omitempty"`
}

// Case is a part of a scenario that begins on a fresh target.
type Case struct {
	N     int      `json:"-"` // the line that begins it, from 1
	Name  string   `json:"name"`
	Only  []string `json:"only,omitempty"` // targets it is for; none: all
	Lines []Line   `json:"lines"`
}

// Line is one line of a script.
type Line struct {
	N     int      `json:"n"`               // number in the file, from 1
	Only  []string `json:"only,omitempty"`  // targets it is for; none: all
	Fails bool     `json:"fails,omitempty"` // the verb must fail
	Text  string   `json:"text"`            // verb and arguments
}

// skipWord begins a line that says why there is nothing to run.
const skipWord = "skip"

// Skip returns the reason of a line that says why there is nothing to run on
// the targets it is for.
func (l Line) Skip() (reason string, ok bool) {
	word, reason, _ := strings.Cut(l.Text, " ")
	return strings.TrimSpace(reason), word == skipWord
}

// SkipsAll says whether the scenario as a whole has nothing to run on a target,
// and why.
func (s *Scenario) SkipsAll(target string) (reason string, skips bool) {
	for _, l := range s.Lines {
		if reason, ok := l.Skip(); ok && For(l.Only, target) {
			return reason, true
		}
	}
	return "", false
}

// String is the line as it is written.
func (l Line) String() string {
	s := l.Text
	if l.Fails {
		s = "! " + s
	}
	if len(l.Only) > 0 {
		s = "[" + strings.Join(l.Only, " ") + "] " + s
	}
	return s
}

// SyntaxError says what is wrong with a scenario, and where.
type SyntaxError struct {
	Name string
	Line int // from 1; 0: the whole
	Msg  string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.Msg)
	}
	return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Msg)
}

// For says whether something restricted to the targets in only is for the
// target of that name. A pattern is one of path.Match, held against the name
// and against the name without its switches; one with ! before it excludes. A
// pattern for a version, "sim:v6.*", also fits a machine with a kernel of it.
func For(only []string, target string) bool {
	if len(only) == 0 {
		return true
	}
	base, _, _ := strings.Cut(target, ",")
	model := Model(target)
	matched, positive := false, false
	for _, p := range only {
		p, not := strings.CutPrefix(p, "!")
		hit := fits(p, base) || fits(p, target) || model != "" && strings.HasPrefix(p, "sim:v") && fits(p, model)
		switch {
		case not && hit:
			return false
		case !not:
			positive = true
			matched = matched || hit
		}
	}
	return matched || !positive
}

func fits(pattern, name string) bool {
	ok, _ := path.Match(pattern, name)
	return ok
}

// Model returns the simulated kernel that a virtual machine's kernel is held
// against: sim:v6.1 for vm:6.1 and vm:6.1.0-56-amd64; "" for any other target.
func Model(target string) string {
	spec, ok := strings.CutPrefix(target, "vm:")
	major, rest, dot := strings.Cut(spec, ".")
	minor := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if !ok || !dot || major == "" || strings.Trim(major, "0123456789") != "" || minor == "" {
		return ""
	}
	return "sim:v" + major + "." + minor
}

// TargetsFor returns which targets the scenario is run on when a person asks
// for on: those of its list that are of that kind for a bare kind such as
// "sim", the very target when the list has it, with or without the switches
// that were asked for; a machine whose kernel one of the list imitates; none
// when it is not for that target. Without on they are the simulated ones.
func (s *Scenario) TargetsFor(on string) []string {
	if on == "" {
		on = "sim"
	}
	var list []string
	if !strings.Contains(on, ":") {
		for _, t := range s.Targets {
			if kind, _, _ := strings.Cut(t, ":"); kind == on {
				list = append(list, t)
			}
		}
		return list
	}
	base, _, _ := strings.Cut(on, ",")
	model := Model(on)
	for _, t := range s.Targets {
		if t == base || t == on || t == model {
			return []string{on}
		}
	}
	return nil
}
