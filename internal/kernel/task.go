package kernel

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// WordsError says that words which name a task, a fault or a setting were not
// understood. It is the person's mistake, never the kernel's.
type WordsError struct{ Msg string }

func (e *WordsError) Error() string { return e.Msg }

// Task is what a spawned thread is to do, as data, so that a run can be made
// again from what was written down of it.
type Task struct {
	Verb    string   `json:"verb"` // what a Debugger's Tasks lists
	Name    string   `json:"name"`
	Params  []string `json:"params,omitempty"`
	Copy    bool     `json:"copy,omitempty"`    // insmod, init: a copy of the file, with an inode of its own
	NoWait  bool     `json:"no_wait,omitempty"` // request: request_module_nowait
	Force   bool     `json:"force,omitempty"`   // rmmod, unload
	Deps    bool     `json:"deps,omitempty"`    // unload
	Holders bool     `json:"holders,omitempty"` // unload
	First   bool     `json:"first,omitempty"`   // load: it fails when the module is there already
	Policy  string   `json:"policy,omitempty"`  // load: "" is the target's
}

// flag returns the field a flag word sets, nil when the verb has no such flag.
func (t *Task) flag(word string) *bool {
	switch verb := t.Verb; {
	case word == "--copy" && (verb == "insmod" || verb == "init"):
		return &t.Copy
	case word == "--nowait" && verb == "request":
		return &t.NoWait
	case word == "--force" && (verb == "rmmod" || verb == "unload"):
		return &t.Force
	case word == "--deps" && verb == "unload":
		return &t.Deps
	case word == "--holders" && verb == "unload":
		return &t.Holders
	case word == "--first-time" && verb == "load":
		return &t.First
	}
	return nil
}

// ParseTask reads a task as a person writes it: a verb, flags, a name, and
// parameters of the module. Behind a word -- nothing is a flag. The error is a *WordsError. Whether the verb exists
// and the name stands for something is the target's to say.
func ParseTask(words []string) (Task, error) {
	if len(words) == 0 {
		return Task{}, &WordsError{"what is the thread to do? Such as: load ext4"}
	}
	t := Task{Verb: words[0]}
	named, ended := false, false
	for _, w := range words[1:] {
		policy, isPolicy := strings.CutPrefix(w, "--policy=")
		switch {
		case w == "--" && !ended:
			// insmod takes all behind the file for the module's, modprobe this one not.
			if ended = true; named && (t.Verb == "insmod" || t.Verb == "init") {
				t.Params = append(t.Params, w)
			}
		case isPolicy && !ended && t.Verb == "load":
			t.Policy = policy
		case strings.HasPrefix(w, "-") && !ended:
			on := t.flag(w)
			if on == nil {
				return Task{}, &WordsError{fmt.Sprintf("%s has no flag %s", t.Verb, clip(w))}
			}
			*on = true
		case !named && strings.HasPrefix(w, "-"):
			return Task{}, &WordsError{fmt.Sprintf("%s is no name: it starts with a dash", clip(w))}
		case !named:
			t.Name, named = w, true // which may be the empty one
		case t.Verb == "load" || t.Verb == "insmod" || t.Verb == "init" || t.Verb == "testkmod":
			t.Params = append(t.Params, w)
		default:
			return Task{}, &WordsError{fmt.Sprintf("%s takes one name, not also %s", t.Verb, clip(w))}
		}
	}
	return t, nil
}

// String is the task as ParseTask reads it.
func (t Task) String() string { return strings.Join(t.Words(), " ") }

// Words are the words of the task, of which ParseTask makes it again.
func (t Task) Words() []string {
	words := []string{t.Verb}
	for _, f := range []string{"--copy", "--nowait", "--force", "--deps", "--holders", "--first-time"} {
		if on := t.flag(f); on != nil && *on {
			words = append(words, f)
		}
	}
	if t.Policy != "" {
		words = append(words, "--policy="+t.Policy)
	}
	if slices.ContainsFunc(t.Params, func(w string) bool { return strings.HasPrefix(w, "-") }) {
		words = append(words, "--")
	}
	return append(append(words, t.Name), t.Params...)
}

// Outcome is what became of a spawned thread's task; which of its fields are
// set depends on the verb.
type Outcome struct {
	Task    string      `json:"task"` // as ParseTask reads it
	Done    bool        `json:"done"`
	Killed  bool        `json:"killed,omitempty"` // by SIGKILL, before it could end
	Ret     int64       `json:"ret"`              // 0, a negative errno, or what request_module returns
	Verdict Verdict     `json:"verdict,omitempty"`
	State   trace.State `json:"state,omitempty"`
	// Gone: what was asked for was live at some moment between the call and the
	// answer, and has been unloaded since; told by targets that see every step.
	Gone    bool           `json:"gone,omitempty"`
	Load    *LoadResult    `json:"load,omitempty"`
	Unload  *UnloadResult  `json:"unload,omitempty"`
	Request *RequestResult `json:"request,omitempty"`
	// Began and Ended are nanoseconds on the target's clock: when the thread
	// took its first step, and its last.
	Began int64 `json:"began_ns"`
	Ended int64 `json:"ended_ns,omitempty"`
	// Err is why the task failed, nil when it did not.
	Err error `json:"-"`
}
