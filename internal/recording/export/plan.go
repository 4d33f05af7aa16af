package export

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

// turn is one turn of a schedule as a script can make it: a thread goes on, and
// runs to its end, to a wait, or to a point where a rule of the driver holds it.
type turn struct {
	task  string // ID of the thread that was spawned
	first bool   // it begins
	ends  bool   // it comes to its end in this turn
	// Where it is held: a point, the module or attribute, and how often it has
	// been there. No point: it waits for somebody.
	point, module, name string
	hit                 int
	moved               bool // the point is not the very one of the recording
}

// plan makes turns of a recording. Events of a helper belong to the thread that
// it works for, which waits for it.
func plan(in Input) ([]turn, error) {
	c := lay(in.Recording)
	if in.Recording.Steps {
		for i, e := range in.Recording.Events {
			if e.Thread.ID == "" { // of a machine, of who has no part in it: init, which loads the driver
				c.Events[i].Lane = -1
			}
		}
	}
	root := make([]int, len(c.Lanes))
	for i := range c.Lanes {
		root[i] = i
		for n := 0; c.Lanes[root[i]].Parent >= 0 && n < len(c.Lanes); n++ {
			root[i] = c.Lanes[root[i]].Parent
		}
	}
	spawned := map[string]bool{}
	for _, t := range in.Tasks {
		if _, err := command(t); err != nil {
			return nil, err
		}
		spawned[t.ID] = true
	}
	if len(in.Tasks) == 0 {
		return nil, fmt.Errorf("nothing was spawned in the trace, so that there is nothing to do again")
	}
	p := &planner{events: in.Recording.Events, chart: c, root: root, begun: map[int]bool{}, held: map[string]bool{}, holds: map[string]bool{}}
	for _, t := range in.Recording.End().Threads {
		p.held[t.ID] = t.Status == "held"
	}
	for _, h := range hooksFor(in.Recording) {
		p.holds[h.ID] = p.holds[h.ID] || !h.FailOnly
	}
	for i := 0; i < len(c.Events); {
		if c.Events[i].Lane < 0 {
			i++
			continue
		}
		r := root[c.Events[i].Lane]
		if !spawned[c.Lanes[r].ID] {
			return nil, fmt.Errorf("the thread %s was not spawned by itself, and a script cannot make one like it", c.Lanes[r].ID)
		}
		j := i
		for j < len(c.Events) && (c.Events[j].Lane < 0 || root[c.Events[j].Lane] == r) {
			j++
		}
		if err := p.turn(r, i, j); err != nil {
			return nil, err
		}
		i = j
	}
	return p.turns, nil
}

type planner struct {
	*chart
	events []trace.Event
	root   []int
	begun  map[int]bool
	held   map[string]bool // threads that a fault still holds at the end
	holds  map[string]bool // points where the driver can hold a thread
	turns  []turn
}

// hooksFor returns the driver's hooks for the kernel of a recording, or for the
// newest, where that is too old for a driver.
func hooksFor(r *recording.Recording) []inject.Hook {
	version := r.Kernel
	if trace.Newer("6.1", version) {
		version = ""
	}
	return inject.TableHooks(version)
}

// turn adds the turn of a thread with the events from i to before j.
func (p *planner) turn(r, i, j int) error {
	t := turn{task: p.Lanes[r].ID, first: !p.begun[r], ends: true}
	p.begun[r] = true
	next := -1
	for k := j; k < len(p.Events); k++ {
		if l := p.Events[k].Lane; l >= 0 && p.root[l] == r {
			t.ends, next = false, k
			break
		}
	}
	if t.ends && p.held[t.task] {
		t.ends, next = false, len(p.Events)
	}
	last := j - 1
	for p.Events[last].Lane < 0 {
		last--
	}
	if t.ends || p.waits(p.Events[last].Lane, j) {
		p.turns = append(p.turns, t)
		return nil
	}
	// It can only be held where the driver can: there, or at the nearest such
	// point before it that is in this turn, or after it.
	for _, k := range p.near(r, i, last, next) {
		e := p.events[k]
		if !p.holds[e.Point] {
			continue
		}
		t.point, t.module, t.moved = e.Point, e.Module, k != last
		if e.Point == "W5" {
			t.name = attribute(e)
		}
		for n := range k + 1 {
			o := p.events[n]
			if p.Events[n].Lane >= 0 && p.root[p.Events[n].Lane] == r && o.Point == e.Point && o.Module == e.Module && (t.name == "" || attribute(o) == t.name) {
				t.hit++
			}
		}
		p.turns = append(p.turns, t)
		return nil
	}
	return fmt.Errorf("%s stops at %s and near it is no point where the test driver can hold a thread", t.task, p.Events[last].Point)
}

// attribute is the name of the attribute that an event of W5 makes: a real kernel
// names it, the simulated one tells it.
func attribute(e trace.Event) string {
	if e.Name != "" {
		return e.Name
	}
	return e.Detail
}

// near lists the events of a thread around the one it is to be held at, nearest
// first: those of its turn, then those to come up to the end of its next turn.
func (p *planner) near(r, first, last, next int) []int {
	var list []int
	for k := last; k >= first; k-- {
		if l := p.Events[k].Lane; l >= 0 && p.root[l] == r {
			list = append(list, k)
		}
	}
	at := 1
	for k := next; k < len(p.Events) && k < next+8; k++ {
		if l := p.Events[k].Lane; l >= 0 && p.root[l] == r {
			list = slices.Insert(list, min(at, len(list)), k)
			at += 2
		}
	}
	return list
}

// waits says whether a thread waits for somebody at a column.
func (p *planner) waits(lane, column int) bool {
	for _, s := range p.Lanes[lane].Spans {
		if s.Kind == "waits" && s.From <= column && column < s.To {
			return true
		}
	}
	return false
}

// command is how a script does a task: a line of the shell with the module's
// file as $(ko NAME), or a request of the driver.
func command(t SpawnedTask) (string, error) {
	k := t.Task
	params := ""
	for _, p := range k.Params {
		params += " " + quoted(p)
	}
	switch {
	case !shellName(k.Name) || !shellName(t.ID):
		return "", fmt.Errorf("the names %q and %q are not for a script", t.ID, k.Name)
	case k.Verb == "insmod" || k.Verb == "init":
		return "insmod \"$(ko " + k.Name + ")\"" + params, nil
	case k.Verb == "load":
		return "modprobe " + k.Name + params, nil
	case k.Verb == "rmmod":
		return "rmmod " + k.Name, nil
	case k.Verb == "unload":
		return "modprobe -r " + k.Name, nil
	case k.Verb == "request" && k.NoWait:
		return requestLine(t, inject.NoWait)
	case k.Verb == "request":
		return requestLine(t, inject.Wait)
	case k.Verb == "getfs":
		return requestLine(t, inject.FS)
	}
	return "", fmt.Errorf("a script cannot do what %s does: %s", t.ID, k.String())
}

// requestLine is the driver's command for the thread of a request.
func requestLine(t SpawnedTask, mode inject.Mode) (string, error) {
	line, err := inject.Line(inject.Request{ID: t.ID, Name: t.Task.Name, Mode: mode})
	return strings.TrimSpace(line), err
}

// shellName says whether a name needs no quotes.
func shellName(s string) bool {
	return s != "" && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:,+*") == ""
}

// quoted quotes a word for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
