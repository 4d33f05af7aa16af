package ops

import (
	"strings"

	"example.org/kmodsh/internal/scenario"
)

// Why a line is no set-up.
const (
	whyPromise  = "promise"
	whySchedule = "a schedule: the search takes them all"
	whyHold     = "a hold: the search comes to every place; --holds keeps it"
	whyExpect   = "an expectation of one schedule"
	whyPolicy   = "a policy: --policy has another"
	whyKill     = "a signal at a moment of one schedule"
	whyEnd      = "behind a line that goes on by itself while threads stand"
)

// sorting tells lines that make the world from those that move it.
type sorting struct {
	c       *exploreCommand
	spawned bool
	moved   bool // a line that moves threads was left out
	ended   bool
}

// line answers why a line is left out, "" when it is to be done. Until the
// first thread is spawned everything that is done makes the world; from there
// on what moves threads is a schedule, and a verb that does its work by itself
// ends the set-up.
func (s *sorting) line(l scenario.Line) string {
	word, _, _ := strings.Cut(l.Text, " ")
	v, err := Lookup(word)
	if err != nil {
		return err.Error()
	}
	switch v.Name {
	case "promise":
		return whyPromise
	case "expect":
		return whyExpect
	case "release":
		return whySchedule
	}
	if s.ended {
		return whyEnd
	}
	switch v.Name {
	case "hold":
		if !s.c.Holds {
			return whyHold
		}
	case "policy":
		if s.c.Policy != "" {
			return whyPolicy
		}
	case "spawn", "flood":
		s.spawned = s.spawned || !l.Fails
	case "kill":
		if s.moved {
			return whyKill // what it would find is another place
		}
	case "delay", "fail", "lie", "set", "faults":
	case "load", "unload", "request", "restart", "setup", "target", "open":
		if s.spawned {
			s.ended = true
			return whyEnd
		}
	default:
		if s.spawned {
			s.moved = true
			return whySchedule
		}
	}
	return ""
}
