package ops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/recording/export"
	"example.org/kmodsh/internal/sim"
)

func exportVerb() *Verb {
	return &Verb{
		Name: "export", Group: groupShare,
		Short: "make a picture, a page, a report or a script of a trace file",
		Usage: "[--format perfetto|html|svg|cast|md|sh] [-o FILE] TRACE",
		New:   func() Command { return new(exportCommand) },
		Examples: []string{
			"export race.trace --format html", "export race.trace --format perfetto -o race.pftrace", "export race.trace --format md -o -",
		},
	}
}

type exportCommand struct {
	Format string `default:"html" enum:"perfetto,html,svg,cast,md,sh" placeholder:"FORMAT" help:"perfetto, html, svg, cast, md or sh."`
	Output string `short:"o" placeholder:"FILE" help:"File to make; - is standard output. It is called after the trace otherwise. A file that is there is not written over."`
	Dark   bool   `help:"Light on dark, where the format has one ground: svg."`
	File   string `arg:"" name:"trace" help:"A trace file, of record or explore."`
}

func (c *exportCommand) Run(_ context.Context, _ *Session) (Result, error) {
	rec, err := recording.ReadFile(c.File)
	if err != nil {
		return nil, readError(c.File, err)
	}
	in := export.Input{Recording: rec, File: c.File, Dark: c.Dark}
	c.repeatable(&in)
	var b bytes.Buffer
	if err := export.Write(&b, c.Format, in); err != nil {
		return nil, err
	}
	if c.Output == "-" {
		return &ExportedText{Format: c.Format, Text: b.String()}, nil
	}
	name := c.Output
	if name == "" {
		names, suffixes, _ := export.Formats()
		base := filepath.Base(c.File)
		name = strings.TrimSuffix(base, filepath.Ext(base)) + suffixes[slices.Index(names, c.Format)]
	}
	if err := c.write(name, b.Bytes()); err != nil {
		return nil, err
	}
	return &ExportResult{Format: c.Format, File: name, Bytes: b.Len(), Missing: rec.Missing}, nil
}

func (c *exportCommand) write(name string, text []byte) error {
	f, err := createNew(name)
	if err != nil {
		return err
	}
	if c.Format == "sh" {
		err = f.Chmod(0o755)
	}
	if err == nil {
		_, err = f.Write(text)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(name))
	}
	return nil
}

// repeatable fills in how the run is repeated, where it can be.
func (c *exportCommand) repeatable(in *export.Input) {
	if ofMachine(in.Recording) {
		c.machine(in)
		return
	}
	run, err := explore.OfTrace(in.Recording)
	if err != nil {
		return
	}
	if in.Token, err = run.Word(); err != nil {
		in.Token = ""
	}
	in.Promise, in.Says = run.Promise, run.Says
	for _, a := range run.Setup {
		switch {
		case a.Kind == sim.DoSpawn && a.Task != nil:
			in.Tasks = append(in.Tasks, export.SpawnedTask{ID: a.Thread, Task: *a.Task})
		case a.Kind == sim.DoSet:
			c.policy(in, a.Value)
		}
	}
	if in.Policy == "" {
		in.Policy = "verified"
	}
}

// machine fills in what was done to a machine. Actions that nobody could have
// typed are as good as none.
func (c *exportCommand) machine(in *export.Input) {
	actions, err := actionsOf(in.Recording)
	if err != nil || in.Recording.Unrepeated != "" {
		return
	}
	in.Again, in.Policy = len(actions), "verified"
	for _, a := range actions {
		switch a.Do {
		case kernel.ActSpawn:
			in.Tasks = append(in.Tasks, export.SpawnedTask{ID: a.Thread, Task: *a.Task})
		case kernel.ActSet:
			c.policy(in, a.Value)
		}
	}
}

// policy takes the helper's policy from a setting, if it is that.
func (c *exportCommand) policy(in *export.Input, setting string) {
	if p, ok := strings.CutPrefix(setting, "policy="); ok {
		in.Policy = p
	}
}

func (c *exportCommand) Complete(_ *Session, _ []string, word string) []Candidate {
	return completeFiles(word, recording.Suffix)
}

// ExportResult says what was made.
type ExportResult struct {
	Format  string `json:"format"`
	File    string `json:"file"`
	Bytes   int    `json:"bytes"`
	Missing string `json:"missing,omitempty"` // of the trace
}

// WriteText writes the file's name and how it is looked at.
func (r *ExportResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.wrap("", 2, fmt.Sprintf("%s (%d bytes)", r.File, r.Bytes))
	look := map[string]string{
		"perfetto": "open it in https://ui.perfetto.dev", "html": "open it in a browser; it needs nothing else",
		"cast": "asciinema play " + Quote(r.File),
		"sh":   "run it as root, in a machine that may break, beside the test driver and the modules",
	}[r.Format]
	if look != "" {
		t.wrap("  ", 2, look)
	}
	if r.Missing != "" {
		t.wrap("  ", 2, "the trace is not whole: "+r.Missing)
	}
	return t.err
}

// ExportedText is an export that goes to standard output.
type ExportedText struct {
	Format string `json:"format"`
	Text   string `json:"text"`
}

// WriteText writes it as it is.
func (r *ExportedText) WriteText(w io.Writer, _ Style) error {
	_, err := io.WriteString(w, r.Text)
	return err
}
