package ops

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/scenario"
)

// maxKept bounds how many files of one name are numbered.
const maxKept = 100

// checkOutput refuses, before the search, a file that is there already.
func (c *exploreCommand) checkOutput() error {
	if c.Output == "" || c.Output == "-" {
		return nil
	}
	if _, err := os.Lstat(c.Output); err == nil {
		return &UsageError{Msg: c.Output + " is there already: it is not written over"}
	}
	return nil
}

// keep writes a schedule to a file of its own. One that is there already is
// never written over: when it is the same it will do, else the next number is
// taken. A directory that cannot be written fails only a name that was asked
// for.
func (c *exploreCommand) keep(f *Found) error {
	if c.Output == "-" {
		return nil
	}
	name := c.Output
	if name == "" {
		base := strings.TrimSuffix(path.Base(filepath.ToSlash(c.Scenario)), scenario.Suffix)
		if c.Scenario == "" {
			base = "session"
		}
		name = base + recording.Suffix
	}
	var err error
	f.File, err = writeNew(name, f.file)
	if err != nil && c.Output == "" {
		f.NoFile = err.Error()
		return nil
	}
	return err
}

// writeNew writes a file that is not there yet, with a number in its name
// where it has to be, and returns its name.
func writeNew(name string, text []byte) (string, error) {
	ext := filepath.Ext(name)
	for n := 1; n < maxKept; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
		}
		f, err := os.OpenFile(try, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			if info, err := os.Lstat(try); err == nil && info.Mode().IsRegular() && info.Size() == int64(len(text)) {
				if old, err := os.ReadFile(try); err == nil && bytes.Equal(old, text) {
					return try, nil
				}
			}
			continue
		}
		if err != nil {
			return "", fmt.Errorf("writing the trace: %w", err)
		}
		_, err = f.Write(text)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", errors.Join(fmt.Errorf("writing the trace: %w", err), os.Remove(try))
		}
		return try, nil
	}
	return "", fmt.Errorf("writing the trace: %s and the next %d numbers of it are there already", name, maxKept)
}
