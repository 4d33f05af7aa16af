package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func parseTestFault(t *testing.T, w []string) *Fault {
	f := &Fault{Point: w[0]}
	for _, word := range w[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "hold":
			f.Hold = true
		case "module":
			f.Module = value
		case "thread":
			f.Thread = value
		case "lie":
			f.Lie = value
		case "hit":
			f.Hit, _ = strconv.Atoi(value)
		case "fail":
			n, _ := strconv.Atoi(value)
			f.Fail = Errno(n)
		default:
			t.Fatalf("fault word %q", word)
		}
	}
	return f
}

func (s *script) check(line string, w []string) {
	s.t.Helper()
	world := s.run.World()
	rest := func(n int) string { return strings.Join(w[n:], " ") }
	log := strings.Join(world.Log(), "\n")
	switch w[0] {
	case "want":
		o := s.run.Outcome(w[1])
		if o == nil || !o.Done {
			s.t.Errorf("%s: it has not ended: %s", line, world.Thread(w[1]).Where())
			return
		}
		if got := strconv.FormatInt(o.Ret, 10); got != w[2] {
			s.t.Errorf("%s: returned %s", line, got)
		}
		if len(w) > 3 && !near(o, w[3]) {
			s.t.Errorf("%s: took %v", line, time.Duration(o.Ended-o.Began))
		}
	case "verdict":
		if got := string(s.run.Outcome(w[1]).Verdict); got != w[2] {
			s.t.Errorf("%s: %s", line, got)
		}
	case "killed":
		if o := s.run.Outcome(w[1]); !o.Killed || len(w) > 2 && !near(o, w[2]) {
			s.t.Errorf("%s: %+v", line, *o)
		}
	case "stuck":
		th := world.Thread(w[1])
		if th.Status() != Blocked || !strings.Contains(th.WaitsFor(), rest(2)) {
			s.t.Errorf("%s: it %s", line, th.Where())
		}
	case "count":
		n := 0
		for _, id := range s.ids {
			if o := s.run.Outcome(id); o.Done && strconv.FormatInt(o.Ret, 10) == w[1] && (len(w) < 4 || near(o, w[3])) {
				n++
			}
		}
		if strconv.Itoa(n) != w[2] {
			s.t.Errorf("%s: %d did", line, n)
		}
	case "log", "nolog":
		if strings.Contains(log, rest(1)) != (w[0] == "log") {
			s.t.Errorf("%s: the log is\n%s", line, log)
		}
	case "logs":
		if n := strings.Count(log, rest(2)); strconv.Itoa(n) != w[1] {
			s.t.Errorf("%s: %d times in\n%s", line, n, log)
		}
	case "leaks":
		var got []string
		for _, e := range world.Leaks() {
			got = append(got, string(e.Kind)+" "+e.Detail)
		}
		if g := strings.TrimSpace(strings.Join(got, "; ")); g != rest(1) && (g != "" || w[1] != "-") {
			s.t.Errorf("%s: %q leaked", line, g)
		}
	case "end":
		s.checkNow(line, w[1:], rest)
	default:
		s.t.Fatalf("no check %q", line)
	}
}

// near says whether a task took about as long as that.
func near(o *Outcome, text string) bool {
	want, err := time.ParseDuration(text)
	got := time.Duration(o.Ended - o.Began)
	return err == nil && got >= want-100*time.Millisecond && got <= want+300*time.Millisecond
}

func (s *script) checkNow(line string, w []string, rest func(int) string) {
	world := s.run.World()
	switch w[0] {
	case "row":
		row := ""
		for l := range strings.Lines(world.ProcModules()) {
			if strings.HasPrefix(l, w[1]+" ") {
				row = l
			}
		}
		if want := rest(3); want == "-" && row != "" || want != "-" && !strings.Contains(row, want) {
			s.t.Errorf("%s: the row is %q", line, row)
		}
	case "ls":
		var got []string
		if m := world.dirOf(w[1]); m != nil {
			got = m.Sysfs.List()
		}
		if g := strings.Join(got, " "); g != rest(3) && !(g == "" && w[2] == "-") {
			s.t.Errorf("%s: the directory has %q", line, g)
		}
	case "state":
		if got := string(world.StateOf(w[1])); got != w[2] {
			s.t.Errorf("%s: it is %s", line, got)
		}
	case "permits":
		if used, _ := world.Permits(); strconv.Itoa(used) != w[1] {
			s.t.Errorf("%s: %d", line, used)
		}
	case "param":
		if m := world.find(w[1]); !slices.ContainsFunc(m.Args, func(a Arg) bool { return a.Name+"="+a.Value == w[2] }) {
			s.t.Errorf("%s: %+v", line, m.Args)
		}
	case "taints":
		if got := world.Taints(); got != rest(2) && !(got == "" && w[1] == "-") {
			s.t.Errorf("%s: %q", line, got)
		}
	case "holders":
		got := "-"
		if m := world.find(w[1]); m != nil && len(world.Holders(m)) > 0 {
			got = strings.Join(world.Holders(m), " ")
		}
		if got != rest(3) {
			s.t.Errorf("%s: %q", line, got)
		}
	case "uevents":
		var got []string
		for _, u := range world.Uevents() {
			got = append(got, u.Action+":"+u.Module)
		}
		if g := strings.Join(got, " "); g != rest(2) && !(g == "" && w[1] == "-") {
			s.t.Errorf("%s: %q", line, g)
		}
	case "audit":
		if got := strconv.Itoa(len(world.Audit())); got != w[1] {
			s.t.Errorf("%s: %v", line, world.Audit())
		}
	case "stats":
		if got := fmt.Sprintf("%+v", world.Stats()); !strings.Contains(got, rest(2)) {
			s.t.Errorf("%s: %s", line, got)
		}
	default:
		s.t.Fatalf("no check %q", line)
	}
}
