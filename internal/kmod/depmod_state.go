package kmod

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// depmodState says of what the indexes in a directory were made, and that they
// have not been touched since. With the facts of all modules as they were, and
// this as it was, there is nothing to make.
type depmodState struct {
	Out     string
	Inputs  map[string]fileKey // what the kernel's build brings
	Outputs map[string]fileKey // by name in Out
	Stats   DepmodStats
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
	if err != nil || !old.parse(string(b)) {
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
	return opt.Now != 0 && opt.Kernel == nil && opt.Show == nil && opt.Needs == nil && !opt.Duplicates && opt.Files == nil
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
	replaceOwn(c.stateFile(), s.format())
}

// stateMagic begins a state file, and ends it: one that was cut off is none.
const stateMagic = "kmodsh depmod state 1"

// format lays a state out, a fact on each line. (encoding/json would be linked
// into every modprobe and initialised there.)
func (s *depmodState) format() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d %d %d %d\n%q\n", stateMagic, s.Stats.Modules, s.Stats.Aliases, s.Stats.Symbols, s.Stats.Skipped, s.Out)
	for word, keys := range map[string]map[string]fileKey{"in": s.Inputs, "out": s.Outputs} {
		for name, k := range keys {
			fmt.Fprintf(&b, "%s %s %d %d %d %d %d\n", word, name, k.Dev, k.Ino, k.Size, k.Mtime, k.Ctime)
		}
	}
	b.WriteString(stateMagic)
	return []byte(b.String())
}

// parse reads a state, false for what is none.
func (s *depmodState) parse(text string) bool {
	lines := strings.Split(text, "\n")
	n := len(lines)
	if n < 4 || lines[0] != stateMagic || lines[n-1] != stateMagic {
		return false
	}
	ok := true
	number := func(word string) int64 {
		v, err := strconv.ParseInt(word, 10, 64)
		ok = ok && err == nil
		return v
	}
	stats := strings.Fields(lines[1])
	out, err := strconv.Unquote(lines[2])
	if len(stats) != 4 || err != nil {
		return false
	}
	s.Stats = DepmodStats{Modules: int(number(stats[0])), Aliases: int(number(stats[1])), Symbols: int(number(stats[2])), Skipped: int(number(stats[3]))}
	s.Out, s.Inputs, s.Outputs = out, map[string]fileKey{}, map[string]fileKey{}
	for _, line := range lines[3 : n-1] {
		w := strings.Fields(line)
		if len(w) != 7 {
			return false
		}
		key := fileKey{uint64(number(w[2])), uint64(number(w[3])), uint64(number(w[4])), number(w[5]), number(w[6])}
		switch w[0] {
		case "in":
			s.Inputs[w[1]] = key
		case "out":
			s.Outputs[w[1]] = key
		default:
			return false
		}
	}
	return ok
}
