package kmod

import (
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// depmodState says of what the indexes in a directory were made, and that they
// have not been touched since. With the facts of all modules as they were, and
// this as it was, there is nothing to make.
type depmodState struct {
	Out     string             `json:"out"`
	Inputs  map[string]fileKey `json:"inputs"`  // what the kernel's build brings
	Outputs map[string]fileKey `json:"outputs"` // by name in Out
	Stats   DepmodStats        `json:"stats"`
}

// maxState bounds the size of a state file in bytes.
const maxState = 64 << 10

// buildFiles are the files of a tree besides modules that the indexes are made
// of.
var buildFiles = [...]string{"modules.order", "modules.builtin", "modules.builtin.modinfo"}

func (c *depmodCache) stateFile() string { return strings.TrimSuffix(c.file, ".facts") + ".state" }

// now reads the state as it is: ok is false when one of the files is missing.
func (s *depmodState) now(dir, out string, outputs []string) (ok bool) {
	s.Out, s.Inputs, s.Outputs = out, map[string]fileKey{}, map[string]fileKey{}
	var err error
	for _, name := range buildFiles {
		if s.Inputs[name], err = keyOf(path.Join(dir, name)); err != nil {
			return false
		}
	}
	for _, name := range outputs {
		if s.Outputs[name], err = keyOf(path.Join(out, name)); err != nil {
			return false
		}
	}
	return len(outputs) > 0
}

// equal says whether nothing that s tells of has changed.
func (s *depmodState) equal(o *depmodState) bool {
	if s.Out != o.Out || len(s.Inputs) != len(o.Inputs) || len(s.Outputs) != len(o.Outputs) {
		return false
	}
	for name, key := range s.Inputs {
		if o.Inputs[name] != key {
			return false
		}
	}
	for name, key := range s.Outputs {
		if o.Outputs[name] != key {
			return false
		}
	}
	return true
}

// unchanged says that the indexes are right as they are, and gives them the
// time now. mods are in no order yet; all of them have the facts that they had.
func (c *depmodCache) unchanged(opt *DepmodOptions, mods []*depmodModule) (DepmodStats, bool) {
	var old, is depmodState
	if c.file == "" || c.same != len(mods) || len(c.facts) != len(mods) || !opt.plain() {
		return old.Stats, false
	}
	b, err := readOwn(c.stateFile(), maxState)
	if err != nil || json.Unmarshal(b, &old) != nil {
		return old.Stats, false
	}
	var names []string
	for name := range old.Outputs {
		if strings.ContainsAny(name, "/") {
			return old.Stats, false
		}
		names = append(names, name)
	}
	if !is.now(opt.Dir, opt.Out, names) || !is.equal(&old) {
		return old.Stats, false
	}
	slices.Sort(names)
	for _, name := range names {
		if os.Chtimes(path.Join(opt.Out, name), time.Unix(0, opt.Now), time.Unix(0, opt.Now)) != nil {
			return old.Stats, false
		}
	}
	c.remember(opt, names, old.Stats)
	old.Stats.Cached = c.used
	return old.Stats, true
}

// plain says that nothing but the indexes is asked for.
func (opt *DepmodOptions) plain() bool {
	return opt.Now != 0 && opt.SystemMap == "" && opt.Symvers == "" && opt.Needs == nil && opt.Files == nil
}

// remember writes down of what the outputs were made. What cannot be written
// costs the next run its time.
func (c *depmodCache) remember(opt *DepmodOptions, outputs []string, stats DepmodStats) {
	if c.file == "" || !opt.plain() {
		return
	}
	s := depmodState{Stats: stats}
	if !s.now(opt.Dir, opt.Out, outputs) {
		return
	}
	for _, key := range s.Inputs {
		if max(key.Ctime, key.Mtime) > opt.Now-settled {
			return // it may change once more within the same tick
		}
	}
	b, err := json.Marshal(&s)
	if err != nil {
		return
	}
	replaceOwn(c.stateFile(), b)
}
