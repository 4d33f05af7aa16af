package ops

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
)

// livePromises makes questions of promises that are named, or of all.
func livePromises(texts []string) ([]explore.LivePromise, error) {
	if len(texts) == 0 {
		for _, p := range condition.Promises() {
			texts = append(texts, p.Name)
		}
	}
	var list []explore.LivePromise
	for _, text := range texts {
		if slices.ContainsFunc(list, func(p explore.LivePromise) bool { return p.Name == text }) {
			continue
		}
		cond, err := condition.CompilePromise(text)
		if err != nil {
			return nil, err
		}
		one := explore.LivePromise{Name: text, Says: "The condition " + text + " holds after every move.", Looks: looksOf(cond)}
		for _, p := range condition.Promises() {
			if p.Name == text {
				one.Says, one.Plain = p.Says, true
			}
		}
		one.Ask = func(snap *kernel.Snapshot) string { return askedOf(cond, snap) }
		list = append(list, one)
	}
	return list, nil
}

// askedOf asks a condition, and says what made it false.
func askedOf(cond *condition.Condition, snap *kernel.Snapshot) string {
	holds, err := cond.Holds(snap)
	if err != nil {
		return err.Error()
	}
	if holds {
		return ""
	}
	var parts []string
	for _, v := range cond.Explain(snap) {
		if v.Text != cond.Text() { // that it does not hold is known
			parts = append(parts, v.Text+" = "+v.Value)
		}
	}
	for _, t := range snap.Threads {
		if t.Task != "" && t.Done {
			one := fmt.Sprintf("%s (%s) was told %s", t.ID, t.Task, retWords(t.Result))
			if t.Verdict != "" {
				one += ", " + string(t.Verdict)
			}
			parts = append(parts, one)
		}
	}
	if len(parts) == 0 {
		return "it does not hold"
	}
	return strings.Join(parts, "; ")
}
