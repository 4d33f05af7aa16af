package explore

import (
	"slices"
)

// Report is what a search found and what it covered.
type Report struct {
	Problem  string   `json:"problem"`
	Strategy Strategy `json:"strategy"`
	// Complete says that every schedule that can make a difference was
	// searched, or as many as were asked for.
	Complete bool `json:"complete"`
	// Missed says, one sentence each, what was not covered and why.
	Missed []string `json:"missed"`

	Schedules int64 `json:"schedules"` // run to their end
	Pruned    int64 `json:"pruned"`    // cut off, since all that follows had been seen
	Steps     int64 `json:"steps"`     // taken, repeated ones included
	States    int64 `json:"states"`    // distinct states kept
	Longest   int   `json:"longest"`   // steps of the longest schedule
	// Passes says of each pass, in order, how far it got.
	Passes []Pass `json:"passes"`
	// Reached and Unreached are the points, by ID in the order of the table.
	Reached   []string `json:"reached"`
	Unreached []string `json:"unreached"`
	// Outcomes are the different ends a schedule came to, sorted.
	Outcomes []string `json:"outcomes"`
	// Broken has the first schedule found for each promise broken, in the
	// order found; only the first of all unless Options.All.
	Broken []Broken `json:"broken"`
}

// Pass is one part of an exhaustive search.
type Pass struct {
	Name     string `json:"name"` // "2 preemptions", "all schedules"
	Complete bool   `json:"complete"`
	// Learned says that each kind of step was taken in a world only once.
	Learned   bool  `json:"learned"`
	Schedules int64 `json:"schedules"`
	Pruned    int64 `json:"pruned"`
	Steps     int64 `json:"steps"`
	States    int64 `json:"states"`
}

// Broken is a promise that a schedule breaks.
type Broken struct {
	Promise  string   `json:"promise"`
	Says     string   `json:"says"` // how it was broken, one sentence
	Schedule Schedule `json:"schedule"`
	Outcome  string   `json:"outcome"`
}

// merge adds the findings of a part of the search.
func (r *Report) merge(u *findings) {
	r.Passes = append(r.Passes, u.pass)
	r.Schedules += u.pass.Schedules
	r.Pruned += u.pass.Pruned
	r.Steps += u.pass.Steps
	r.States += u.pass.States
	r.Longest = max(r.Longest, u.longest)
	for _, b := range u.broken {
		if !slices.ContainsFunc(r.Broken, func(o Broken) bool { return o.Promise == b.Promise }) {
			r.Broken = append(r.Broken, b)
		}
	}
	for _, text := range u.outcomes {
		if i, found := slices.BinarySearch(r.Outcomes, text); !found {
			r.Outcomes = slices.Insert(r.Outcomes, i, text)
		}
	}
	for _, text := range u.missed {
		if !slices.Contains(r.Missed, text) {
			r.Missed = append(r.Missed, text)
		}
	}
	for _, id := range u.reached {
		if !slices.Contains(r.Reached, id) {
			r.Reached = append(r.Reached, id)
		}
	}
}

// addTo adds what is not in the list.
func addTo(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}
