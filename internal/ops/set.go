package ops

import (
	"context"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

func setVerb() *Verb {
	return &Verb{
		Name: "set", Group: groupFaults,
		Short:    "show or change settings of the kernel: switches, modprobe, umh",
		Usage:    "[NAME[=VALUE]...]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(setCommand) },
		Examples: []string{"set", "set kmod-max=2", "set modprobe=", "set umh=freezing", "set dup-rule"},
	}
}

type setCommand struct {
	Settings []string `arg:"" optional:"" name:"setting" sep:"none" help:"NAME=VALUE changes a setting, NAME shows it."`
}

func (c *setCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	var shown []string
	for _, w := range c.Settings {
		name, _, change := strings.Cut(w, "=")
		if !slices.ContainsFunc(d.Settings(), func(k kernel.Setting) bool { return k.Name == name }) {
			if t := s.Target().Name(); strings.HasPrefix(t, "vm:") {
				return nil, &kernel.UnsupportedError{Target: t, Op: kernel.OpDebug, Why: "a real kernel has no setting " + quoteShort(name) + "; set lists those there are"}
			}
			return nil, &UsageError{Msg: quoteShort(name) + " is no setting; set lists them"}
		}
		shown = append(shown, name)
		if change {
			s.changing(d)
			if err := d.Set(ctx, w); err != nil {
				return nil, err
			}
		}
	}
	return settings(d, shown...), nil
}

// settings shows settings of the given names, all without any.
func settings(d kernel.Debugger, names ...string) *SettingsResult {
	r := &SettingsResult{Settings: []kernel.Setting{}}
	for _, k := range d.Settings() {
		if len(names) == 0 || slices.Contains(names, k.Name) {
			r.Settings = append(r.Settings, k)
		}
	}
	return r
}

func (c *setCommand) Complete(s *Session, before []string, word string) []Candidate {
	d, err := s.debugger()
	if err != nil {
		return nil
	}
	var list []Candidate
	for _, k := range d.Settings() {
		if strings.Contains(k.Values, "|") && strings.Contains(word, "=") {
			for v := range strings.SplitSeq(k.Values, "|") {
				list = append(list, Candidate{Text: k.Name + "=" + v, Note: k.Says})
			}
			continue
		}
		list = append(list, Candidate{Text: k.Name + "=", Note: k.Says})
	}
	return match(word, list)
}

// SettingsResult is a list of settings.
type SettingsResult struct {
	Settings []kernel.Setting `json:"settings"`
}

// WriteText writes the settings as a table.
func (r *SettingsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	rows := [][]cell{header("setting", "value", "what it is")}
	for _, k := range r.Settings {
		value := k.Value
		if value == "" {
			value = "(empty)"
		}
		rows = append(rows, []cell{str(k.Name), str(value), str(k.Says + " (" + k.Values + ")")})
	}
	t.table(rows)
	return t.err
}
