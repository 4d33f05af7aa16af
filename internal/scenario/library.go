package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

//go:embed library
var library embed.FS

// Suffix ends the names of scenario files.
const Suffix = ".kmodsh"

// ErrUnknown says that no scenario has the name.
var ErrUnknown = errors.New("no such scenario")

// Names returns the names of the scenarios in the library, sorted.
func Names() []string {
	var names []string
	// An embedded file system cannot fail to be read.
	_ = fs.WalkDir(library, "library", func(p string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(p, Suffix); ok && err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(name, "library/"))
		}
		return err
	})
	slices.Sort(names)
	return names
}

// Text returns the text of a scenario of the library.
func Text(name string) (string, error) {
	b, err := library.ReadFile("library/" + name + Suffix)
	if err != nil {
		return "", fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	return string(b), nil
}

// Find returns the scenarios that a word stands for: one of the library by its
// name, those whose names a pattern fits (path.Match; seed/* and the like), or
// a file by its path. The error wraps ErrUnknown when there is none, or is a
// *SyntaxError.
func Find(word string) ([]*Scenario, error) {
	if text, err := Text(word); err == nil {
		s, err := Parse(word, text)
		return []*Scenario{s}, err
	}
	if strings.ContainsAny(word, "*?[") {
		return findAll(word)
	}
	text, err := readFile(word)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %q is neither in the library nor a file", ErrUnknown, word)
		}
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	s, err := read(word, text)
	if err != nil {
		return nil, err
	}
	return []*Scenario{s}, nil
}

// read reads a scenario, or a lesson, with what is wrong with its marks.
func read(name, text string) (*Scenario, error) {
	if !isLesson(text) {
		return Parse(name, text)
	}
	l, err := parseLesson(name, text)
	if err != nil {
		return nil, err
	}
	return l.Scenario, nil
}

func findAll(pattern string) ([]*Scenario, error) {
	var list []*Scenario
	for _, name := range Names() {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no pattern: %w", ErrUnknown, pattern, err)
		}
		if !ok {
			continue
		}
		text, err := Text(name)
		if err != nil {
			return nil, err
		}
		s, err := Parse(name, text)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: %q fits none", ErrUnknown, pattern)
	}
	return list, nil
}

// readFile reads a scenario file, no more of it than a scenario can have.
func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	return string(b), err
}
