package ops

import (
	"context"
	"io"
	"io/fs"
	"strings"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

func whichVerb() *Verb {
	return &Verb{
		Name: "which", Group: groupNames,
		Short:    "list all files of a module, and the rule of depmod that chose",
		Usage:    "[--tree DIR] [--conf PATH]... NAME",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(whichCommand) },
		Examples: []string{"which r8125", "which --tree /lib/modules/6.1.0-56-amd64 --conf ./depmod.d e1000e"},
	}
}

type whichCommand struct {
	treeFlag
	Conf []string `help:"Files or directories of depmod's configuration, in place of this machine's." placeholder:"PATH" sep:"none"`
	Name string   `arg:"" name:"name" help:"Module name."`
}

func (c *whichCommand) Run(_ context.Context, s *Session) (Result, error) {
	if err := kernel.CheckModuleName(c.Name); err != nil {
		return nil, &UsageError{Verb: "which", Msg: err.Error()}
	}
	r, done, err := s.resolverOf(c.Tree)
	if err != nil {
		return nil, err
	}
	defer done()
	conf, release := c.Conf, ""
	var files fs.FS
	if conf == nil {
		conf = kmod.DefaultDepmodConfig()
		if c.Tree == "" {
			_, tree, err := s.resolver()
			if err != nil {
				return nil, err
			}
			files, release = tree.ConfigFS, tree.Release
		}
	}
	w, err := r.FindWhich(c.Name, release, conf, files)
	if w == nil {
		return nil, err
	}
	if c.Conf == nil && c.Tree == "" {
		for _, u := range s.unseen() {
			if strings.Contains(u, string(bundle.PartConfig)) {
				w.Notes = append(w.Notes, "chosen by depmod's defaults: "+u)
			}
		}
	}
	return &WhichResult{*w}, err
}

func (c *whichCommand) Complete(s *Session, args []string, word string) []Candidate {
	return s.completeModulesIn(args, word)
}

// WhichResult is the files of a module and the choice between them.
type WhichResult struct{ kmod.Which }

// WriteText writes a paragraph for each file, then what the index has.
func (r *WhichResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	for _, c := range r.Candidates {
		mark := "  "
		if c.Chosen {
			mark = "> "
		}
		t.wrap(mark, 2, c.File)
		t.wrap("    ", 4, "place: "+c.Place)
		if c.Against != "" {
			t.wrap("    ", 4, "not taken: "+c.Against)
		}
	}
	switch {
	case len(r.Candidates) == 0 && r.Builtin:
		t.wrap("", 2, r.Name+" is built in, and has no file")
	case len(r.Candidates) == 1:
		t.wrap("", 2, "it is the only file of "+r.Name)
	case r.Rule != "":
		t.wrap("", 2, "decided by: "+r.Rule)
	}
	for _, l := range r.Lines {
		mark := "  "
		if !l.Counts {
			mark = "! "
		}
		t.wrap(mark, 4, l.Where+": "+l.Text)
		t.wrap("    ", 4, l.Effect)
	}
	for _, n := range r.Notes {
		t.wrap("! ", 2, n)
	}
	return t.err
}
