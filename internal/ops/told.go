package ops

import (
	"context"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Told says in whole sentences, one on each line, how things stand: for those
// who hear a screen and do not see it. It answers nothing where threads cannot
// be stepped.
func (s *Session) Told(ctx context.Context) []string {
	d, err := s.viewer()
	if err != nil {
		return nil
	}
	snap, err := d.Snapshot(ctx)
	if err != nil || snap.Kernel == "" {
		return nil
	}
	return told(snap)
}

// maxTold bounds the threads, and the modules, that are told of.
const maxTold = 12

func told(s *kernel.Snapshot) []string {
	out := []string{fmt.Sprintf("Step %d of %d.", s.Pos, s.End)}
	if s.Pos < s.End {
		out[0] = fmt.Sprintf("Step %d of %d, gone back.", s.Pos, s.End)
	}
	for i := range s.Threads {
		if i == maxTold {
			out = append(out, fmt.Sprintf("And %d threads more.", len(s.Threads)-i))
			break
		}
		out = append(out, threadTold(&s.Threads[i]))
	}
	for i := range s.Modules {
		if i == maxTold {
			out = append(out, fmt.Sprintf("And %d modules more.", len(s.Modules)-i))
			break
		}
		m := &s.Modules[i]
		text := fmt.Sprintf("Module %s is %s", m.Name, m.State)
		switch {
		case m.State == trace.Live || m.Initstate != "":
		case m.Dir:
			text += ", with a directory in sysfs and no initstate"
		default:
			text += ", and not in sysfs"
		}
		out = append(out, text+".")
	}
	if p := s.Permits; p.Used > 0 || p.Waiting > 0 {
		text := fmt.Sprintf("%d of %d permits are taken", p.Used, p.Max)
		if p.Waiting > 0 {
			text += fmt.Sprintf(", %d requests wait for one", p.Waiting)
		}
		out = append(out, text+".")
	}
	switch {
	case s.Deadlock:
		out = append(out, "Deadlock: nobody can move.")
	case s.AllDone && len(s.Threads) > 0:
		out = append(out, "All threads have ended.")
	}
	return out
}

// threadTold is one thread in a sentence.
func threadTold(t *kernel.ThreadState) string {
	at := t.At
	if p, ok := trace.LookupPoint(t.At); ok {
		at += " " + p.Name
	}
	switch {
	case t.Done && t.Killed:
		return t.ID + " was killed."
	case t.Done && t.Verdict != "":
		return fmt.Sprintf("%s has ended: it returned %s, the verdict is %s: %s.", t.ID, retWords(t.Result), t.Verdict, t.Verdict.Says())
	case t.Done:
		return fmt.Sprintf("%s has ended: it returned %s.", t.ID, retWords(t.Result))
	case t.At == "":
		return fmt.Sprintf("%s will %s and has not begun.", t.ID, strings.TrimSpace(t.Task))
	case t.Status == "held":
		return fmt.Sprintf("%s is held at %s.", t.ID, at)
	case t.Status == "blocked":
		return fmt.Sprintf("%s waits at %s for %s.", t.ID, at, t.Waits)
	}
	return fmt.Sprintf("%s is at %s and can move.", t.ID, at)
}
