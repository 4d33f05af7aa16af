package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
)

func snapshotVerb() *Verb {
	return &Verb{
		Name: "snapshot", Group: groupShare,
		Short:    "keep what the kernel shows of its modules in one file, for others",
		Usage:    "[--without PART]... FILE [NAME...] | --list [NAME...]",
		Needs:    []kernel.Op{kernel.OpInfo},
		New:      func() Command { return new(snapshotCommand) },
		Examples: []string{"snapshot case.bundle", "snapshot --without log --without cmdline case.bundle nvidia", "snapshot --list"},
	}
}

type snapshotCommand struct {
	Without []string `help:"Leave a part out: info, system, states, params, versions, indexes, files, config, cmdline, log or checks." placeholder:"PART" sep:"none"`
	List    bool     `help:"List what would be inside, and write nothing."`
	File    string   `arg:"" optional:"" help:"The file to write, which must not be there yet."`
	Names   []string `arg:"" optional:"" name:"name" sep:"none" help:"Modules whose files are to be looked at as the kernel will, so that why can say it elsewhere."`
}

func (c *snapshotCommand) Run(ctx context.Context, s *Session) (Result, error) {
	names := c.Names
	if c.List && c.File != "" {
		names = append([]string{c.File}, names...)
	}
	if !c.List && c.File == "" {
		return nil, &UsageError{Verb: "snapshot", Msg: "name the file to write, or give --list"}
	}
	without, err := parseParts(c.Without)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if err := checkName(n); err != nil {
			return nil, err
		}
	}
	g := gather{s: s, t: s.Target(), c: &bundle.Content{}, without: without}
	g.all(ctx, names)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.c.Taken = time.Now().UTC().Truncate(time.Second)
	res := &SnapshotResult{File: c.File, LeftOut: full(g.c.LeftOut), Missing: g.c.Missing}
	if c.List {
		res.File = ""
		res.Items, err = bundle.Write(io.Discard, g.c)
		return res, err
	}
	res.Items, res.Bytes, err = writeBundle(c.File, g.c)
	if err != nil {
		return nil, err
	}
	return res, nil
}

// parseParts reads names of parts, several in one word too.
func parseParts(words []string) (out []bundle.Part, err error) {
	for _, w := range words {
		for name := range strings.SplitSeq(w, ",") {
			known := slices.ContainsFunc(bundle.Parts(), func(p struct {
				Part bundle.Part
				Says string
			}) bool {
				return string(p.Part) == name
			})
			if !known {
				return nil, &UsageError{Verb: "snapshot", Msg: quoteShort(name) + " is no part of a bundle", Hint: "help snapshot lists them"}
			}
			out = append(out, bundle.Part(name))
		}
	}
	return out, nil
}

// writeBundle writes a new file, and leaves none behind when it fails.
func writeBundle(name string, c *bundle.Content) (items []bundle.Item, size int64, err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("snapshot: %w", err)
	}
	items, err = bundle.Write(f, c)
	if st, serr := f.Stat(); serr == nil {
		size = st.Size()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("snapshot: %w", err), os.Remove(name))
	}
	return items, size, nil
}

func (c *snapshotCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) == 0 {
		return nil
	}
	return s.completeModules(word)
}

// SnapshotResult is what was put into a bundle.
type SnapshotResult struct {
	File    string                 `json:"file,omitempty"`
	Bytes   int64                  `json:"bytes,omitempty"` // of the file
	Items   []bundle.Item          `json:"items"`
	LeftOut []bundle.Part          `json:"left_out"`
	Missing map[bundle.Part]string `json:"missing,omitempty"` // what could not be had, and why
}

// WriteText writes the list of what is inside.
func (r *SnapshotResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	rows := [][]cell{header("inside", "bytes")}
	for _, i := range r.Items {
		rows = append(rows, []cell{str(i.Name), number(fmt.Sprint(i.Bytes))})
	}
	t.table(rows)
	for _, p := range r.LeftOut {
		t.wrap("left out: ", 4, string(p))
	}
	for _, p := range bundle.Parts() {
		if why := r.Missing[p.Part]; why != "" {
			t.wrap("missing: ", 4, string(p.Part)+": "+why)
		}
	}
	if r.File != "" {
		t.wrap("", 2, fmt.Sprintf("%s, %d bytes; look through it before you give it away (tar -xzOf %[1]s NAME), leave out what is nobody's business with --without PART; ask it with: kmodsh --on bundle:%[1]s why NAME", r.File, r.Bytes))
	}
	return t.err
}
