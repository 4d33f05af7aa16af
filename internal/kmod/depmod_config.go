package kmod

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// depmodConfig is what depmod.d says (depmod.d(5)).
type depmodConfig struct {
	configSource
	release   string
	searches  []string // highest priority first; searchBuiltin and searchExternal are words
	overrides []string // SUBDIR/MODULE, the one that counts first
	externals []string // directories, highest priority first; see inWorkDir
	excludes  []string // names of directories and files to leave out
	warn      func(string)

	searchAt   []string // file:line of each of searches; nil: they are the default
	overrideAt []string // of each of overrides
}

// DefaultDepmodConfig returns where depmod looks for its configuration when it
// is given none (depmod.d(5)), first to shadow.
func DefaultDepmodConfig() []string {
	return []string{"/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d", "/lib/depmod.d"}
}

// Words of the search command that stand for places and not for directories.
const (
	searchBuiltin  = "built-in"
	searchExternal = "external"
)

// maxDepmodConfig bounds the size in bytes of a configuration file.
const maxDepmodConfig = 1 << 20

// loadDepmodConfig reads the files and directories of paths in order. As in
// all configuration of kmod a file hides those of the same name in later
// directories, and files are taken in the order of their names. What does not
// exist is passed over, and what cannot be read is warned about.
func loadDepmodConfig(from configSource, paths []string, release string, warn func(string)) *depmodConfig {
	c := &depmodConfig{configSource: from, release: release, warn: warn}
	for _, path := range c.files(paths) {
		if err := c.parseFile(path); err != nil {
			warn(fmt.Sprintf("ERROR: file parse %s: %s", path, reasonOf(err)))
		}
	}
	// depmod.d(5): without any search line it is "updates built-in".
	if len(c.searches) == 0 {
		c.searches = []string{"updates", searchBuiltin}
	}
	return c
}

// files lists the files of paths, those that count first in front.
func (c *depmodConfig) files(paths []string) []string {
	byName := map[string]string{}
	note := func(file string) {
		if name := path.Base(file); byName[name] == "" {
			byName[name] = file
		}
	}
	for _, from := range paths {
		st, err := c.stat(from)
		if err != nil {
			continue
		}
		if !st.IsDir() {
			note(from)
			continue
		}
		entries, err := c.readDir(from)
		if err != nil {
			c.warn(fmt.Sprintf("ERROR: files list %s: %s", from, reasonOf(err)))
			continue
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".conf") || e.Name()[0] == '.' {
				continue
			}
			file := path.Join(from, e.Name())
			st, err := c.stat(file)
			if err != nil {
				c.warn("ERROR: Cannot stat directory entry: " + from + e.Name())
				continue
			}
			if st.IsDir() {
				c.warn("ERROR: Directories inside directories are not supported: " + file)
				continue
			}
			note(file)
		}
	}
	var names []string
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = byName[name]
	}
	return names
}

// parseFile reads the file at path; what it said before an error counts.
func (c *depmodConfig) parseFile(path string) error {
	f, err := c.open(path)
	if err != nil {
		return cause(err)
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > maxDepmodConfig {
		c.warn(fmt.Sprintf("ERROR: %s: only its first %d bytes are read", path, maxDepmodConfig))
	}
	return cause(c.parse(f, path))
}

// cause is an error without the name of the file.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// parse reads one file. A line it does not understand is warned about and
// passed over.
func (c *depmodConfig) parse(r io.Reader, path string) error {
	return eachDepmodLine(r, func(words []string, n int) { c.line(words, path, n) })
}

// eachDepmodLine calls fn with the words of each line that has some and is no
// comment, and with its number, from 1. A line that ends in a backslash goes on in
// the next; where there is none its number is 0, as kmod has it.
func eachDepmodLine(r io.Reader, fn func(words []string, n int)) error {
	whole := func(line string, n int) {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) > 0 && line[0] != '#' {
			fn(words, n)
		}
	}
	s := lineScanner(io.LimitReader(r, maxDepmodConfig))
	s.Buffer(nil, maxDepmodConfig)
	var pending string
	for n := 1; s.Scan(); n++ {
		line := pending + strings.TrimSuffix(s.Text(), "\n")
		if head, ok := strings.CutSuffix(line, `\`); ok {
			pending = head
			continue
		}
		pending = ""
		whole(line, n)
	}
	if pending != "" {
		whole(pending, 0)
	}
	return s.Err()
}

func (c *depmodConfig) line(words []string, path string, n int) {
	args := words[1:]
	switch words[0] {
	case "search":
		c.searches = append(c.searches, args...)
		for range args {
			c.searchAt = append(c.searchAt, fmt.Sprintf("%s:%d", path, n))
		}
		return
	case "override":
		if len(args) >= 3 {
			if c.matches(args[1]) {
				c.overrides = slices.Insert(c.overrides, 0, args[2]+"/"+args[0])
				c.overrideAt = slices.Insert(c.overrideAt, 0, fmt.Sprintf("%s:%d", path, n))
			}
			return
		}
	case "external":
		if len(args) >= 2 {
			if c.matches(args[0]) {
				c.external(args[1])
			}
			return
		}
	case "exclude":
		c.excludes = append(c.excludes, args...)
		return
	case "include", "make_map_files":
		return // of module-init-tools; without effect since kmod 1
	}
	c.warn(fmt.Sprintf("ERROR: %s:%d: ignoring bad line starting with '%s'", path, n, words[0]))
}

// external adds a directory as it is written. Of several in one line kmod up to 34
// takes the first alone, whatever its manual says, and so does this
// (tools/depmod.c, cfg_file_parse).
func (c *depmodConfig) external(dir string) {
	c.externals = append(c.externals, dir)
}

// inWorkDir is a directory of an external line, below the working directory
// unless it is absolute.
func inWorkDir(dir string) string {
	if path.IsAbs(dir) {
		return dir
	}
	wd, err := os.Getwd()
	if err != nil {
		return dir
	}
	return wd + "/" + dir
}

// matches reports whether a version pattern, a POSIX extended regular
// expression or *, fits the release.
func (c *depmodConfig) matches(pattern string) bool {
	if pattern == "*" {
		return true
	}
	return matchPattern != nil && matchPattern(pattern, c.release)
}
