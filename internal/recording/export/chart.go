package export

import (
	"fmt"
	"slices"
)

// chart is a recording laid out: a lane for each thread, a band for each
// module, columns counted in events. Column n lies before event n (from 0).
type chart struct {
	Events  []mark    `json:"events"`
	Lanes   []lane    `json:"lanes"`
	Modules []band    `json:"modules"`
	Arrows  []arrow   `json:"arrows"`
	Permits []counter `json:"permits"`
	Max     int       `json:"max"` // permits there are, 0 when it is not known
	Gap     int64     `json:"gap"` // pauses of so many nanoseconds are shown
}

// mark is one event.
type mark struct {
	N      int    `json:"n"` // from 1
	Time   int64  `json:"t"` // nanoseconds on the target's clock
	Lane   int    `json:"lane"`
	Point  string `json:"point"`
	Name   string `json:"name"` // of the point
	Text   string `json:"text"` // what it tells besides
	Module string `json:"module,omitempty"`
	State  string `json:"state,omitempty"`
	Bad    bool   `json:"bad,omitempty"` // a verdict or an answer that is not as it should be
}

// lane is the life of a thread.
type lane struct {
	ID      string `json:"id"`
	Comm    string `json:"comm"`
	PID     int    `json:"pid,omitempty"`
	Task    string `json:"task,omitempty"`
	Parent  int    `json:"parent"` // lane, -1 none
	Begin   int    `json:"begin"`  // column
	End     int    `json:"end"`
	Spans   []span `json:"spans"`
	Done    bool   `json:"done"`
	Result  int64  `json:"result"`
	Returns string `json:"returned"` // the result as it is told, an errno by its name
	Verdict string `json:"verdict,omitempty"`
	Error   string `json:"error,omitempty"` // why it failed, where that is told
}

// head leaves the first so many events and lanes of a chart, and says what else
// there was, "" nothing.
func (c *chart) head(events, lanes int) string {
	n := min(len(c.Events), events)
	if k := slices.IndexFunc(c.Events[:n], func(m mark) bool { return m.Lane >= lanes }); k >= 0 {
		n = k
	}
	if n == len(c.Events) {
		return ""
	}
	allEvents, allLanes := len(c.Events), len(c.Lanes)
	spans := func(list []span) []span {
		list = slices.DeleteFunc(list, func(s span) bool { return s.From >= n })
		for i := range list {
			list[i].To = min(list[i].To, n)
		}
		return list
	}
	c.Events = c.Events[:n]
	c.Lanes = slices.DeleteFunc(c.Lanes, func(l lane) bool { return l.Begin >= n })
	for i := range c.Lanes {
		l := &c.Lanes[i]
		if l.End > n {
			l.End, l.Done, l.Verdict = n, false, ""
		}
		l.Spans = spans(l.Spans)
	}
	for i := range c.Modules {
		c.Modules[i].Spans = spans(c.Modules[i].Spans)
	}
	c.Modules = slices.DeleteFunc(c.Modules, func(b band) bool { return len(b.Spans) == 0 })
	c.Arrows = slices.DeleteFunc(c.Arrows, func(a arrow) bool { return a.From >= n || a.To >= n })
	return fmt.Sprintf("the first %d of %d events, %d of %d threads", n, allEvents, len(c.Lanes), allLanes)
}

// span is a time in which a thread does one thing, or a module is in one state.
type span struct {
	From int    `json:"from"`
	To   int    `json:"to"`
	Kind string `json:"kind"`           // "runs", "waits", "held"; a module's state
	Text string `json:"text,omitempty"` // what for
}

// band is the life of a module.
type band struct {
	Name  string    `json:"name"`
	Spans []span    `json:"spans"`
	Refs  []counter `json:"refs"`
}

// arrow goes from an event to another: "starts" a helper, "answers" its
// requester, "wakes" one who waits.
type arrow struct {
	From int    `json:"from"` // events, from 0
	To   int    `json:"to"`
	Kind string `json:"kind"`
}

// counter is a value from a column on.
type counter struct {
	At    int   `json:"at"`
	Value int64 `json:"value"`
}

// length is the time from the first event to the last.
func (c *chart) length() int64 {
	if len(c.Events) == 0 {
		return 0
	}
	return max(0, c.Events[len(c.Events)-1].Time-c.Events[0].Time)
}
