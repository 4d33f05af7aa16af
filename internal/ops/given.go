package ops

import (
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/recording"
)

// givenTo is what a target was opened with besides its name, nil for nothing: the
// configuration of modprobe, the module tree of a simulated kernel, the release
// of a kernel that is called by its file.
func givenTo(t kernel.Target) *recording.Given {
	opened, ok := t.(kernel.Opened)
	if !ok {
		return nil
	}
	o := opened.OpenedWith()
	var lines []string
	if len(o.Config) > 0 {
		// What could not be read has stopped the target from being opened.
		if c, err := kmod.ReadConfig(o.Config, ""); err == nil {
			for l := range c.Lines() {
				lines = append(lines, strings.TrimRight(string(l.Kind)+" "+l.Name+" "+l.Value, " "))
			}
		}
	}
	return recording.NewGiven(lines, o.Tree, o.Kernel)
}

// asGiven refuses to repeat a trace on a target that was opened with something
// else than the one it was recorded on: it would come to something else, and not
// say why. A nil trace is a schedule alone, which knows one of a configuration
// from another and no more.
func asGiven(file string, trace *recording.Recording, rec *explore.Recording, t kernel.Target) error {
	if trace == nil {
		what, do := givenTo(t).ConfigDiffers(rec.Given)
		if what == "" {
			return nil
		}
		if explore.IsWord(file) {
			file = "the token"
		}
		return &UsageError{Msg: clean(file, false) + ": " + clean(what, false), Hint: do}
	}
	what, do := trace.Given.Differs(givenTo(t), t.Name() == trace.Target)
	if what == "" {
		return nil
	}
	return &UsageError{Msg: clean(file, false) + ": " + clean(what, false), Hint: do}
}
