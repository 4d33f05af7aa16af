package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// errUnfinished says that the input ended before the lesson did.
var errUnfinished = errors.New("the input ended before the lesson")

// Lesson goes through the lesson under way with answers and verbs read from r,
// one on each line, as they would be typed at a prompt: a wrong answer or a verb
// that fails is told and does not end it. The error is for a lesson that was
// not brought to its end.
func (f *Front) Lesson(ctx context.Context, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxScriptLine)
	for f.Session.TourWaits() != "" {
		if !lines.Scan() {
			return errors.Join(lines.Err(), errUnfinished)
		}
		fmt.Fprintf(f.Out, "%s%s\n", f.prefix(), printable(lines.Text()))
		if done, err := f.step(ctx, lines.Text()); done {
			return err
		}
	}
	return nil
}

// LessonsFile returns where it is kept at which step lessons were left: beside
// the history, kmodsh/lessons.json in $XDG_STATE_HOME. It is "" where there is no
// home.
func LessonsFile(getenv func(string) string) string {
	history := HistoryFile(getenv)
	if history == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(history), "lessons.json")
}
