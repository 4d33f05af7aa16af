package tui

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// lives is a run laid out for the lanes: a column for each move, a lane for
// each thread, a band for each module. It is made of a snapshot alone.
type lives struct {
	moves   []kernel.Move
	present int // column of the present position, -1 before the first
	end     int // last position known
	lanes   []lane
	bands   []stateBand
}

// lane is the life of one thread.
type lane struct {
	id     string
	parent string
	depth  int                 // 0, or 1 below the lane of its parent
	at     []int               // columns of its own moves
	moves  int                 // how many those are
	born   int                 // column in which it was made
	now    *kernel.ThreadState // how it stands at present, nil when it is not there then
}

// stateBand is the life of one module.
type stateBand struct {
	name    string
	changes []stateAt
}

type stateAt struct {
	column int
	state  trace.State
}

// layLives lays a snapshot out.
func layLives(s *Snapshot) *lives {
	v := &lives{}
	pos := 0
	if s.Debug != nil {
		v.moves, v.end, pos = s.Debug.Moves, s.Debug.End, s.Debug.Pos
	}
	if len(v.moves) == 0 { // the target does not tell: events do
		events := make([]trace.Event, s.Events.Len())
		for i := range events {
			events[i] = *s.Events.At(i)
		}
		v.moves = kernel.MovesOf(events, laneID)
		pos, v.end = int(s.Seq), int(s.Seq)
	}
	v.present = v.column(pos)
	v.threads(s)
	v.modules()
	return v
}

// laneID names the lane of an event's thread, "" for what no thread did.
func laneID(t trace.Thread) string {
	if name := thread(t); name != "-" {
		return name
	}
	return ""
}

// threads makes the lanes, each below that of its parent.
func (v *lives) threads(s *Snapshot) {
	at := map[string]int{}
	add := func(id, parent string, born int) *lane {
		i, ok := at[id]
		if !ok {
			i = len(v.lanes)
			at[id] = i
			v.lanes = append(v.lanes, lane{id: id, parent: parent, born: born})
		}
		return &v.lanes[i]
	}
	if s.Debug != nil {
		for i := range s.Debug.Threads {
			t := &s.Debug.Threads[i]
			add(t.ID, t.Parent, -1).now = t
		}
	}
	// A run is long, and laid out at every look: the columns of all lanes are one
	// piece of memory.
	who := make([]int, len(v.moves))
	for i := range v.moves {
		m := &v.moves[i]
		who[i] = -1
		if m.Thread == "" {
			continue
		}
		l := add(m.Thread, m.Parent, -1)
		who[i] = at[m.Thread]
		if l.moves == 0 {
			l.born = i
		}
		l.moves++
	}
	all := make([]int, len(v.moves))
	for i := range v.lanes {
		l := &v.lanes[i]
		l.at, all = all[:0:l.moves], all[l.moves:]
	}
	for i, n := range who {
		if n >= 0 {
			v.lanes[n].at = append(v.lanes[n].at, i)
		}
	}
	for i := range v.lanes { // a helper was made by a move of its parent
		l := &v.lanes[i]
		p, ok := at[l.parent]
		if !ok || l.parent == "" {
			continue
		}
		l.depth = 1
		first := l.born
		if first < 0 {
			first = v.present + 1
		}
		l.born = first
		if n, _ := slices.BinarySearch(v.lanes[p].at, first); n > 0 {
			l.born = v.lanes[p].at[n-1]
		}
	}
	for i := range v.lanes { // those made and never moved stand at the present
		if l := &v.lanes[i]; l.born < 0 && len(l.at) == 0 {
			l.born = max(0, v.present)
		}
	}
	v.lanes = family(v.lanes, func(l lane) (string, string) { return l.id, l.parent })
}

// family puts each child behind its parent, in the order they were made.
func family[T any](list []T, who func(T) (id, parent string)) []T {
	children := map[string][]T{}
	known := make(map[string]bool, len(list))
	for _, t := range list {
		id, _ := who(t)
		known[id] = true
	}
	var roots []T
	for _, t := range list {
		if id, parent := who(t); parent != "" && parent != id && known[parent] {
			children[parent] = append(children[parent], t)
		} else {
			roots = append(roots, t)
		}
	}
	if len(children) == 0 {
		return list
	}
	out := make([]T, 0, len(list))
	seen := make(map[string]bool, len(list))
	var put func(t T)
	put = func(t T) {
		id, _ := who(t)
		if seen[id] {
			return
		}
		seen[id] = true
		out = append(out, t)
		for _, c := range children[id] {
			put(c)
		}
	}
	for _, t := range roots {
		put(t)
	}
	for _, t := range list { // what a hostile list ties in a ring
		put(t)
	}
	return out
}

// maxBands bounds the modules drawn; the first that changed are.
const maxBands = 64

// modules makes the bands of the modules whose state changed.
func (v *lives) modules() {
	at := map[string]int{}
	for i := range v.moves {
		for _, c := range v.moves[i].States {
			n, ok := at[c.Module]
			if !ok {
				if len(v.bands) == maxBands {
					continue
				}
				n = len(v.bands)
				at[c.Module] = n
				v.bands = append(v.bands, stateBand{name: c.Module})
			}
			b := &v.bands[n]
			if k := len(b.changes); k == 0 || b.changes[k-1].state != c.State {
				b.changes = append(b.changes, stateAt{i, c.State})
			}
		}
	}
}

// column returns the column of a position, or of the last one before it.
func (v *lives) column(pos int) int { return len(kernel.MovesTo(v.moves, pos)) - 1 }

// pos returns the position of a column; before the first it is where the first
// began.
func (v *lives) pos(column int) int {
	switch {
	case len(v.moves) == 0:
		return 0
	case column < 0:
		return max(0, v.moves[0].Pos-1)
	}
	return v.moves[min(column, len(v.moves)-1)].Pos
}

// last returns the lane's own move at or before a column, nil when there was
// none.
func (v *lives) last(l *lane, column int) *kernel.Move {
	n, _ := slices.BinarySearch(l.at, column+1)
	if n == 0 {
		return nil
	}
	return &v.moves[l.at[n-1]]
}

// waitsFor returns the threads that one waits for: those that the words of its
// wait name, its helper, who loads the module that the words name, or else who
// loads the one that it works on.
func waitsFor(d *kernel.Snapshot, t *kernel.ThreadState) []string {
	var out []string
	add := func(who string) {
		if who != "" && who != t.ID && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	tokens := strings.FieldsFunc(t.Waits, func(r rune) bool {
		return !(r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
	for i := range d.Threads {
		o := &d.Threads[i]
		if slices.Contains(tokens, o.ID) || o.Parent == t.ID && !o.Done && slices.Contains(tokens, "helper") {
			add(o.ID)
		}
	}
	if len(out) == 0 {
		tokens = append(tokens, worksOn(d, t))
	}
	for i := range d.Modules {
		m := &d.Modules[i]
		if slices.Contains(tokens, m.Name) && m.State != trace.Live {
			add(m.Loader)
		}
	}
	return out
}

// worksOn is the module that a thread works on: by its state, or by its last
// event with one, which is looked for among the newest.
func worksOn(d *kernel.Snapshot, t *kernel.ThreadState) string {
	if t.Module != "" {
		return t.Module
	}
	for i := len(d.Events) - 1; i >= max(0, len(d.Events)-512); i-- {
		if e := &d.Events[i]; e.Thread.ID == t.ID && e.Module != "" {
			return e.Module
		}
	}
	return ""
}

// waitChain says whom a thread waits for, whom that one waits for, and so on, up
// to one that does not wait.
func waitChain(d *kernel.Snapshot, t *kernel.ThreadState) []string {
	var out []string
	seen := map[string]bool{}
	for t != nil && t.Status == "blocked" && !seen[t.ID] {
		seen[t.ID] = true
		next := waitsFor(d, t)
		if len(next) == 0 {
			return out
		}
		out = append(out, next[0])
		t = d.Thread(next[0])
	}
	return out
}
