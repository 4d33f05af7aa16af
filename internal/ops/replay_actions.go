package ops

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

// Bounds of an action that is read from a file.
const (
	maxActionWord  = 4096 // bytes
	maxActionWords = 256
)

// actionsOf returns what a trace says was done to a machine. A file is only
// text: what no person could have typed is refused, as a *UsageError.
func actionsOf(rec *recording.Recording) ([]kernel.Action, error) {
	list := make([]kernel.Action, 0, len(rec.Actions))
	for i, text := range rec.Actions {
		var a kernel.Action
		err := json.Unmarshal(text, &a)
		if err == nil {
			err = checkAction(&a)
		}
		if err != nil {
			return nil, &UsageError{Msg: fmt.Sprintf("action %d of the trace: %v", i+1, err)}
		}
		list = append(list, a)
	}
	return list, nil
}

// checkAction refuses an action that no verb makes.
func checkAction(a *kernel.Action) error {
	named := a.Thread != ""
	switch a.Do {
	case kernel.ActSpawn:
		if a.Task == nil || strings.HasPrefix(a.Thread, "helper-") {
			return fmt.Errorf("no thread such as %s can be made", quoteShort(a.Thread))
		}
		named = true
		if err := checkTask(*a.Task); err != nil {
			return err
		}
	case kernel.ActStep, kernel.ActRelease:
		named = true
	case kernel.ActSignal:
		named = true
		if a.Value != "TERM" && a.Value != "KILL" {
			return fmt.Errorf("no signal %s", quoteShort(a.Value))
		}
	case kernel.ActWait, kernel.ActAll:
		if a.For < 0 || a.For > maxDelay {
			return fmt.Errorf("no time %v", a.For)
		}
	case kernel.ActFault:
		if a.Fault == nil {
			return fmt.Errorf("a fault that is none")
		}
		if err := checkFault(*a.Fault); err != nil {
			return err
		}
	case kernel.ActUnfault:
		if a.N < 1 {
			return fmt.Errorf("no fault %d", a.N)
		}
	case kernel.ActSet:
		if name, _, ok := strings.Cut(a.Value, "="); !ok || name == "" {
			return fmt.Errorf("no setting %s", quoteShort(a.Value))
		}
		return checkWords(a.Value)
	case kernel.ActRequest:
		return checkName(a.Value)
	default:
		return fmt.Errorf("nothing that can be done is called %s", quoteShort(string(a.Do)))
	}
	if named && !validID(a.Thread) {
		return fmt.Errorf("%s is no name for a thread", quoteShort(a.Thread))
	}
	return nil
}

// checkTask refuses a task that no words make.
func checkTask(t kernel.Task) error {
	words := t.Words()
	if err := checkWords(words...); err != nil {
		return err
	}
	same, err := kernel.ParseTask(words)
	if err == nil && !reflect.DeepEqual(same, t) {
		err = fmt.Errorf("no words make the task %s", quoteShort(t.String()))
	}
	return err
}

// checkFault refuses a fault that no words make.
func checkFault(f kernel.Fault) error {
	f.Number, f.Hits = 0, 0
	words := strings.Fields(f.String())
	if err := checkWords(words...); err != nil {
		return err
	}
	var same kernel.Fault
	var err error
	if f.Watches() {
		p, ok := trace.LookupPoint(f.Point)
		if !ok || !strings.HasPrefix(f.Point, trace.FuncPrefix) {
			return fmt.Errorf("the fault at %s does nothing", quoteShort(f.Point))
		}
		same.Point = p.ID
		err = same.Strike(words[2:])
	} else {
		same, err = kernel.ParseFault(words)
	}
	if err == nil && same != f {
		err = fmt.Errorf("no words make the fault %s", quoteShort(f.String()))
	}
	return err
}

// checkWords refuses what cannot be typed, and what nobody would.
func checkWords(words ...string) error {
	if len(words) > maxActionWords {
		return fmt.Errorf("%d words", len(words))
	}
	for _, w := range words {
		if len(w) > maxActionWord || strings.ContainsFunc(w, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) {
			return fmt.Errorf("%s cannot be typed", quoteShort(w))
		}
	}
	return nil
}
