package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
)

// deathWords says how a kernel died, without where its console was kept.
func deathWords(err error) string {
	text := err.Error()
	var dead *kernel.DeadError
	if errors.As(err, &dead) {
		text = dead.What
	}
	text, _, _ = strings.Cut(text, " (whole console: ")
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// diedOf reads of what the kernel of a trace died, nil when it did not.
func diedOf(rec *recording.Recording) (*kernel.Action, error) {
	if rec.Died == nil {
		return nil, nil
	}
	a := new(kernel.Action)
	err := json.Unmarshal(rec.Died.Action, a)
	if err == nil {
		err = checkAction(a)
	}
	if err != nil {
		return nil, &UsageError{Msg: fmt.Sprintf("what the kernel of the trace died of: %v", err)}
	}
	return a, nil
}

// dies does that of which the kernel died when it was recorded, and has it die
// of it in the same words.
func (a *again) dies(ctx context.Context) error {
	if a.died == nil {
		return nil
	}
	pos := len(a.actions) + 1
	was := clean(a.rec.Died.Why, false)
	err := a.do(ctx, a.died)
	var dead *kernel.DeadError
	switch {
	case errors.As(err, &dead) && dead.Blame == kernel.BlameKernel:
		a.dead = true
		if a.r.Died = deathWords(err); withoutNumbers(a.r.Died) == withoutNumbers(a.rec.Died.Why) {
			return nil
		}
	case err != nil && isOver(ctx, a.d, err):
		return err
	case err != nil:
		a.r.Died = "not: " + err.Error()
	default:
		a.r.Died = "not: it went on"
	}
	a.r.Stopped = pos
	a.r.Differ = []Pair{{"the kernel died", was, a.r.Died}}
	return errNot("position %d, %s, of which the kernel died", pos, a.died)
}
