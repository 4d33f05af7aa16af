package ops

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// nestedKey marks the context of verbs that a verb runs.
type nestedKey struct{}

// recorded adds what a verb did to the recording and the transcript that are
// under way; it returns the verb's error, or why the recording failed.
func (s *Session) recorded(ctx context.Context, words []string, res Result, err error) error {
	nested := ctx.Value(nestedKey{}) != nil
	if !nested {
		if terr := s.transcribe(words, res, err); err == nil {
			err = terr
		}
	}
	rec := s.recording()
	if rec == nil || rec.isOver() {
		return err
	}
	if s.Target() != rec.target {
		return err
	}
	// A verb that was cancelled has done something all the same.
	werr := rec.catchUp(context.WithoutCancel(ctx), s, words[0])
	if !nested && words[0] != "record" {
		rec.verb(words, res, err)
	}
	if werr == nil {
		return err
	}
	s.stopRecording()
	werr = errors.Join(fmt.Errorf("recording to %s ended: %w", rec.file, werr), rec.finish(werr.Error()))
	if err != nil {
		return err
	}
	return werr
}

// inImage lists the modules in a target's kernel image, and those of their
// directories in /sys/module that are known.
func (s *Session) inImage(t kernel.Target) (builtin, dirs []string) {
	if p, ok := t.(simulated); ok {
		if sys, _, _, err := p.Past(); err == nil {
			return sys.InImage()
		}
	}
	tree, err := t.Tree()
	if err != nil {
		return nil, nil
	}
	in, err := openIn(tree, "modules.builtin")
	if err != nil {
		return nil, nil
	}
	defer in.Close()
	lines := bufio.NewScanner(io.LimitReader(in, 1<<20))
	for lines.Scan() {
		name, _, _ := strings.Cut(path.Base(lines.Text()), ".")
		builtin = append(builtin, kernel.Normalize(name))
	}
	return builtin, nil
}

func openIn(tree kernel.Tree, name string) (fs.File, error) {
	if tree.FS != nil {
		return tree.FS.Open(name)
	}
	return os.DirFS(tree.Dir).Open(name)
}
