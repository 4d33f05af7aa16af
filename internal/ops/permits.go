package ops

import (
	"context"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/wording"
)

func permitsVerb() *Verb {
	return &Verb{
		Name: "permits", Group: groupLook,
		Short:    "show how many requests run at once, of how many, and who waits",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(permitsCommand) },
		Examples: []string{"permits"},
	}
}

type permitsCommand struct{}

func (c *permitsCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	r := &PermitsResult{Permits: snap.Permits, Waiters: []string{}, Helpers: []string{}}
	for _, t := range snap.Threads {
		switch {
		case t.Status == "blocked" && strings.Contains(t.Waits, "permit"):
			r.Waiters = append(r.Waiters, t.ID)
		case t.Parent != "" && !t.Done:
			r.Helpers = append(r.Helpers, t.ID+" for "+t.Parent)
		}
	}
	for _, k := range d.Settings() {
		if k.Name == "limiter" {
			r.Limiter = k.Value
		}
	}
	return r, nil
}

// PermitsResult is the state of the limit on requests.
type PermitsResult struct {
	kernel.Permits
	Limiter string   `json:"limiter,omitempty"` // what happens beyond the limit
	Waiters []string `json:"waiters"`           // threads that wait for a permit
	Helpers []string `json:"helpers"`           // helpers that run
}

// WriteText writes the numbers, then who waits and which helpers run.
func (r *PermitsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	beyond := map[string]string{
		"reject": "a request beyond them is refused at once", "throttle": "a request beyond them waits up to 5 s, unless it is killed",
		"semaphore": "a request beyond them waits up to 5 s, in turn",
	}[r.Limiter]
	line := fmt.Sprintf("%d of %s in use", r.Used, wording.Count(r.Max, "permit"))
	if beyond != "" {
		line += "; " + beyond
	}
	t.wrap("", 2, line)
	t.someOf("waiting", r.Waiters)
	t.someOf("helpers", r.Helpers)
	return t.err
}

// someOf writes a heading with a list, cut when it is long.
func (t *text) someOf(head string, list []string) {
	const most = 12
	if len(list) == 0 {
		return
	}
	s := strings.Join(list[:min(most, len(list))], ", ")
	if len(list) > most {
		s += ", and " + wording.Count(len(list)-most, "more", "more")
	}
	t.wrap(head+"  ", len(head)+2, s)
}
