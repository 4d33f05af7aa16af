package ops

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/wording"
)

// errBroken is wrapped by the error of a search that found a promise broken,
// and of a replay that shows one.
var errBroken = errors.New("broken promise")

// ExploreResult is what a search found, one part for each case.
type ExploreResult struct {
	Searches    []*Search `json:"searches"`
	NotSearched []string  `json:"not_searched"` // cases that were not come to
}

// Search is the search of one case.
type Search struct {
	Target   string    `json:"target"`
	Setup    []string  `json:"setup"`    // the lines that made the world
	LeftOut  []LeftOut `json:"left_out"` // the lines of the scenario that did not
	Promises []string  `json:"promises"` // checked
	explore.Report
	Found []Found `json:"found"` // what broke a promise, made small
	// Live is set where the target was searched from stop to stop: steps are
	// then moves.
	Live *LiveSearch `json:"live,omitempty"`
}

// LiveSearch is what a search from stop to stop has to say besides.
type LiveSearch struct {
	Oracle   string            `json:"oracle,omitempty"` // the simulated kernel that went along
	Foretold int64             `json:"foretold"`         // moves not made, since it knew where they lead
	Again    int64             `json:"again"`            // moves made again to come back to a branch
	Pointed  int               `json:"pointed"`          // schedules tried first, since they break a promise on it
	Strayed  []explore.Strayed `json:"strayed"`          // where it showed something else than the target
}

// LeftOut is a line of a scenario that is no part of the set-up.
type LeftOut struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	Why  string `json:"why"`
}

// Found is a schedule that breaks a promise, with the fewest threads, faults
// and switches that do.
type Found struct {
	Promise  string   `json:"promise"`
	Sentence string   `json:"sentence"` // what the promise says
	Says     string   `json:"says"`     // how it was broken
	Outcome  string   `json:"outcome"`
	Steps    int      `json:"steps"`
	Switches int      `json:"switches"` // from one thread to another
	Least    bool     `json:"least"`    // nothing more could be taken away
	Prose    []string `json:"prose"`
	Chart    []string `json:"chart"`
	Token    string   `json:"token"`
	File     string   `json:"file,omitempty"`
	NoFile   string   `json:"no_file,omitempty"` // why none was written
	// Moves are the threads moved on a target that was searched from stop to
	// stop, Opens what opens it as it was before the last of them, and NoToken
	// why there is no token.
	Moves []string `json:"moves,omitempty"`
	Opens string   `json:"opens,omitempty"`
	// On is the target with whose modules it was found, "" for those of the profile.
	On      string `json:"on,omitempty"`
	NoToken string `json:"no_token,omitempty"`

	file []byte // the trace file
}

func (r *ExploreResult) broken() []string {
	var list []string
	for _, s := range r.Searches {
		for _, f := range s.Found {
			list = append(list, s.Problem+" breaks "+f.Promise)
		}
	}
	return list
}

// err is nil when all promises were kept.
func (r *ExploreResult) err() error {
	if list := r.broken(); len(list) > 0 {
		return fmt.Errorf("%w: %s", errBroken, strings.Join(list, "; "))
	}
	return nil
}

// WriteText writes each search, and then what was not searched.
func (r *ExploreResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	for i, s := range r.Searches {
		if i > 0 {
			t.line("")
		}
		s.write(t)
	}
	if len(r.NotSearched) > 0 {
		t.line("")
		t.wrap("not searched  ", 14, strings.Join(r.NotSearched, "; ")+" (--all goes on, --case chooses)")
	}
	return t.err
}

func (s *Search) write(t *text) {
	t.wrap("", 2, t.paint(bold, s.Problem)+" on "+s.Target)
	item := func(label, text string) { t.wrap(fmt.Sprintf("  %-10s", label), 12, text) }
	for i, l := range s.Setup {
		item([]string{"set-up", ""}[min(i, 1)], l)
	}
	if n := len(s.LeftOut); n > 0 {
		first := s.LeftOut[0]
		for _, l := range s.LeftOut {
			if l.Why == whySchedule || l.Why == whyEnd {
				first = l
				break
			}
		}
		item("left out", fmt.Sprintf("%d lines, from line %d on: %s (%s)", n, first.Line, first.Text, first.Why))
	}
	item("promises", strings.Join(s.Promises, ", "))
	unit := "steps"
	if l := s.Live; l != nil {
		unit = "moves"
		with := "no simulated kernel went along: every branch was tried"
		if l.Oracle != "" {
			with = fmt.Sprintf("%s went along: %d moves were not made, since it knew where they lead", l.Oracle, l.Foretold)
		}
		item("oracle", fmt.Sprintf("%s; %d moves were made again to come back", with, l.Again))
		if l.Pointed > 0 {
			item("", wording.Count(l.Pointed, "schedule")+" that it breaks a promise on came first")
		}
		for _, x := range l.Strayed {
			item("strayed", "after "+turns(x.Moves)+" it showed something else, and from there on every branch was tried: "+strings.Join(x.Differ, "; "))
		}
	}
	item("searched", fmt.Sprintf("%d schedules to their end, %d cut off where the rest was known; %d %s, %d distinct states, the longest %d %[4]s",
		s.Schedules, s.Pruned, s.Steps, unit, s.States, s.Longest))
	passes := s.Passes
	if s.Strategy != explore.Exhaustive {
		passes = nil // its parts only say who did what
	}
	for _, p := range passes {
		done := "not all"
		if p.Complete {
			done = "all"
		}
		item("", fmt.Sprintf("%s: %s, %d schedules, %d %s", p.Name, done, p.Schedules, p.Steps, unit))
	}
	item("reached", fmt.Sprintf("%d points: %s", len(s.Reached), strings.Join(s.Reached, " ")))
	item("never", fmt.Sprintf("%d points: %s", len(s.Unreached), strings.Join(s.Unreached, " ")))
	for i, o := range s.Outcomes {
		item([]string{"outcomes", ""}[min(i, 1)], o)
	}
	for i, m := range s.Missed {
		item([]string{"missing", ""}[min(i, 1)], m)
	}
	if len(s.Found) == 0 {
		all := "in all schedules"
		if !s.Complete || len(s.Missed) > 0 {
			all = "in those that were searched"
		}
		item("result", t.paint(green, "kept")+" "+all)
	}
	for i := range s.Found {
		s.Found[i].write(t, item)
	}
}

func (f *Found) write(t *text, item func(label, text string)) {
	item("result", t.paint(red, "broken")+": "+f.Promise+". "+f.Sentence)
	item("", f.Says)
	if len(f.Moves) > 0 {
		item("moves", turns(f.Moves))
	}
	if f.Opens != "" {
		item("before it", "kmodsh --on "+f.Opens)
	}
	if f.NoToken != "" {
		item("token", "none: "+f.NoToken)
		return
	}
	how := fmt.Sprintf("%d steps, %d switches between threads", f.Steps, f.Switches)
	if !f.Least {
		how += "; it may go with fewer: the tries were used up"
	}
	item("schedule", how)
	t.line("")
	t.story(f.Prose)
	t.line("")
	t.lines(f.Chart)
	t.line("")
	switch {
	case f.NoFile != "":
		item("file", "none: "+f.NoFile)
	case f.File != "":
		item("file", f.File)
	}
	what := f.File
	if what == "" {
		what = f.Token
	}
	// Never folded, so that they can be copied.
	t.line("  token     %s", f.Token)
	words := "kmodsh replay "
	if f.On != "" {
		words += "--on " + clean(f.On, t.st.ASCII) + " "
	}
	t.line("  replay    %s%s", words, clean(what, t.st.ASCII))
	if f.File != "" {
		t.line("  look      kmodsh open %s", clean(f.File, t.st.ASCII))
		t.line("  share     the file, or kmodsh export %s --format html", clean(f.File, t.st.ASCII))
	}
}

// turns writes moves as a person says them: A*3 B A*2.
func turns(moves []string) string {
	var parts []string
	for i := 0; i < len(moves); {
		j := i
		for j < len(moves) && moves[j] == moves[i] {
			j++
		}
		part := moves[i]
		if j-i > 1 {
			part += fmt.Sprintf("*%d", j-i)
		}
		parts = append(parts, part)
		i = j
	}
	return strings.Join(parts, " ")
}

// lines writes lines as they are, made safe.
func (t *text) lines(list []string) {
	for _, l := range list {
		t.line("%s", clean(l, t.st.ASCII))
	}
}
