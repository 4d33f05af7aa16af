package ops

import (
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/recording"
)

// givenTo is what a target was opened with besides its name, nil for nothing: the
// configuration of modprobe, the module tree of a simulated kernel, the release
// of a kernel that is called by its file.
func givenTo(t kernel.Target) *recording.Given {
	tree, err := t.Tree()
	if err != nil {
		return nil
	}
	var lines []string
	if len(tree.Config) > 0 {
		// What could not be read has stopped the target from being opened.
		if c, err := kmod.ReadConfigFrom(tree.ConfigFS, tree.Config, ""); err == nil {
			for _, l := range c.Lines() {
				lines = append(lines, strings.TrimRight(string(l.Kind)+" "+l.Name+" "+l.Value, " "))
			}
		}
	}
	dir, own := "", ""
	switch {
	case tree.Given && kernel.IsSim(t.Name()):
		dir = tree.Dir
	case tree.Given:
		own = tree.Release
	}
	return recording.NewGiven(lines, dir, own)
}

// asGiven refuses to repeat a trace on a target that was opened with something
// else than the one it was recorded on: it would come to something else, and not
// say why. A nil trace is a schedule alone, which does not know.
func asGiven(file string, rec *recording.Recording, t kernel.Target) error {
	if rec == nil {
		return nil
	}
	what, do := rec.Given.Differs(givenTo(t), t.Name() == rec.Target)
	if what == "" {
		return nil
	}
	return &UsageError{Msg: clean(file, false) + ": " + clean(what, false), Hint: do}
}
