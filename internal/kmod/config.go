package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// maxConfigFile bounds the size of one configuration file in bytes, which are kept:
// an endless one must not take the machine. kmod has no bound; a line for each
// module of a kernel takes less than a hundredth of this.
const maxConfigFile = 256 << 20

// ConfigKind is the command a configuration line starts with.
type ConfigKind string

// The commands of modprobe.d(5).
const (
	ConfigAlias     ConfigKind = "alias"
	ConfigBlacklist ConfigKind = "blacklist"
	ConfigInstall   ConfigKind = "install"
	ConfigOptions   ConfigKind = "options"
	ConfigRemove    ConfigKind = "remove"
	ConfigSoftdep   ConfigKind = "softdep"
	ConfigWeakdep   ConfigKind = "weakdep"
)

// ConfigLine is one entry of the configuration and where it stands.
type ConfigLine struct {
	Kind ConfigKind `json:"kind"`
	// Name is the module, alias or pattern the entry is about, dashes as
	// underscores.
	Name string `json:"name"`
	// Value is the module of an alias, the text of options, the shell command
	// of install and remove, the list of softdep and weakdep.
	Value string   `json:"value,omitempty"`
	Pre   []string `json:"pre,omitempty"`  // softdep: wanted before
	Post  []string `json:"post,omitempty"` // softdep: wanted after
	Weak  []string `json:"weak,omitempty"` // weakdep: named for other tools
	File  string   `json:"file"`
	Line  int      `json:"line,omitempty"` // first line; 0 for the kernel command line
	// behind is what stands behind the end of a blacklist or alias line, where
	// nothing counts.
	behind string
}

// Where returns file:line, or the file alone for what has no lines.
func (l ConfigLine) Where() string {
	if l.Line == 0 {
		return l.File
	}
	return l.File + ":" + strconv.Itoa(l.Line)
}

// configFile is one file that was read.
type configFile struct {
	base  string // what files are sorted and shadowed by
	path  string
	text  string
	lines []storedLine
	// counts are how many of lines are of each of configKinds.
	counts [len(configKinds)]int
	bad    int      // lines that are no entries
	said   []string // of lines of a tree's file, in the words of libkmod
	hidden string   // why it could not be read
}

// Config is the configuration of modprobe: what modprobe.d(5) files and the
// kernel command line say, in the order in which it counts. It does not change
// after ReadConfig.
type Config struct {
	configSource
	files   []configFile
	cmdline []ConfigLine
	// cmdlineBad are names on the command line that can be no module's.
	cmdlineBad []string
	warnings   []string // of paths
	late       []string // of what comes after the files
	said       []string // of what the paths hold, in the words of libkmod
	unread     []string // in directories, for their names
	dirs       []fs.FileInfo
	// kernelBlacklist are modules that the kernel itself refuses.
	kernelBlacklist []string
}

// badLine is a line of a configuration file that is no entry.
type badLine struct {
	File string
	Line int // first line
	Last int // last line, where it goes on
	Word string
	Why  string
}

func (l badLine) String() string { return fmt.Sprintf("%s:%d: ignored: %s", l.File, l.Line, l.Why) }

// libkmod says it in the words of libkmod, which counts the last line.
func (l badLine) libkmod() string {
	if l.Word == "include" || l.Word == "config" {
		return fmt.Sprintf("%s: command %s is deprecated and not parsed anymore", l.File, l.Word)
	}
	return fmt.Sprintf("%s line %d: ignoring bad line starting with '%s'", l.File, l.Last, l.Word)
}

// Complaints returns those of the warnings that kmod's tools print too, in the
// words and the order of libkmod.
func (c *Config) Complaints() []string {
	out := slices.Clone(c.said)
	for _, f := range c.files {
		out = append(out, f.said...)
		for _, l := range f.badLines() {
			out = append(out, l.libkmod())
		}
	}
	for _, name := range c.cmdlineBad {
		out = append(out, fmt.Sprintf("Ignoring bad option on kernel command line while parsing module name: '%s'", name))
	}
	return out
}

// DefaultConfigPaths returns the directories kmod reads when it is given none
// (modprobe.d(5); libkmod.c default_config_paths, which has /usr/lib since kmod
// 32), first to shadow.
func DefaultConfigPaths() []string {
	return []string{"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"}
}

// ReadConfig reads the files in paths and the kernel's command line. A path is
// a file, or a directory of which the files *.conf are read. Files count in
// the order of their base names, whatever their directories; of files with the
// same base name the one of the earlier path counts and the others are not
// read. A path that does not exist is passed over, as kmod does; it and
// everything else that was passed over is in Warnings. With no paths and an
// empty cmdline the configuration is empty.
func ReadConfig(paths []string, cmdline string) (*Config, error) {
	return ReadConfigFrom(nil, paths, cmdline)
}

// ReadConfigFrom is ReadConfig on a file system, in which paths are without the
// slash they begin with; nil is this system's.
func ReadConfigFrom(fsys fs.FS, paths []string, cmdline string) (*Config, error) {
	c := &Config{configSource: configSource{fsys}}
	for _, p := range paths {
		if err := c.addPath(p); err != nil {
			return nil, err
		}
	}
	for i := range c.files {
		if err := c.readFile(&c.files[i]); err != nil {
			return nil, err
		}
	}
	c.kernelBlacklist = kernelBlacklist(cmdline)
	c.cmdline, c.cmdlineBad = parseCmdline(cmdline)
	for _, name := range c.cmdlineBad {
		c.late = append(c.late, fmt.Sprintf("%s: no options: unmatched bracket in the name %q", cmdlineFile, clipText(name)))
	}
	for _, l := range c.cmdline {
		if l.Kind == ConfigBlacklist && strings.Contains(l.Name, "-") {
			c.late = append(c.late, fmt.Sprintf("%s: modprobe.blacklist=%s matches no module: kmod takes the dashes literally here, write underscores", l.File, clipText(l.Name)))
		}
	}
	return c, nil
}

// Files returns the files that were read, in the order in which they count.
func (c *Config) Files() []string {
	var out []string
	for _, f := range c.files {
		out = append(out, f.path)
	}
	return out
}

// Lines yields all entries in the order in which they count: of two install
// lines for a module the first one wins, options are added together.
func (c *Config) Lines() iter.Seq[ConfigLine] { return c.entries(allKinds) }

// Warnings says what was passed over and why: lines that are no entries,
// shadowed files, paths that do not exist and are none of the usual ones.
func (c *Config) Warnings() []string {
	out := slices.Clone(c.warnings)
	for i := range c.files {
		out = append(out, c.files[i].warnings()...)
	}
	return append(out, c.late...)
}

func (c *Config) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// addPath lists the files of a path. What cannot be read is passed over.
func (c *Config) addPath(from string) error {
	fi, err := c.stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		// Hardly a machine has all of the usual ones.
		if !slices.Contains(DefaultConfigPaths(), "/"+strings.TrimPrefix(from, "/")) {
			c.warn("%s: no such file or directory", from)
		}
		return nil
	}
	if err != nil {
		c.warn("%s: not read: %v", from, errors.Unwrap(err))
		return nil
	}
	if !fi.IsDir() { // a pipe, too: -C <(program)
		c.addFile(from)
		return nil
	}
	again := slices.ContainsFunc(c.dirs, func(d fs.FileInfo) bool { return os.SameFile(d, fi) })
	if again && slices.Contains(DefaultConfigPaths(), from) {
		return nil // by another name: /lib is a link to /usr/lib nearly everywhere
	}
	c.dirs = append(c.dirs, fi)
	entries, err := c.readDir(from)
	if err != nil {
		c.warn("%s: not read: %v", from, errors.Unwrap(err))
		c.said = append(c.said, "opendir("+from+"): "+kernel.Strerror(kernel.ErrnoOf(err)))
		return nil
	}
	for _, e := range entries {
		name := e.Name()
		file := from + "/" + name // as it was given, in kmod's messages
		if name[0] == '.' || !strings.HasSuffix(name, ".conf") || name == ".conf" {
			if e.Type().IsRegular() { // no link, which may lead to what never ends
				c.unread = append(c.unread, file)
			}
			continue
		}
		switch fi, err := c.stat(file); {
		case err != nil:
			c.warn("%s: not read: %v", file, errors.Unwrap(err))
			c.said = append(c.said, "Cannot stat directory entry: "+file)
			continue
		case fi.IsDir():
			c.warn("%s: a directory inside a configuration directory is not read", file)
			c.said = append(c.said, "Directories inside directories are not supported: "+file)
			continue
		}
		if !again {
			c.addFile(file)
		}
	}
	return nil
}

// with returns the configuration that has further files, which a tree brings,
// sorted in by their base names; they shadow the ones that are there (kmod 30,
// kmod_config_new puts modules.softdep in first).
func (c *Config) with(files ...configFile) *Config {
	out := &Config{configSource: c.configSource, unread: c.unread, cmdline: c.cmdline, cmdlineBad: c.cmdlineBad, kernelBlacklist: c.kernelBlacklist, warnings: c.warnings, late: slices.Clone(c.late), said: c.said, files: slices.Clone(c.files)}
	for _, f := range files {
		i, found := slices.BinarySearchFunc(out.files, f, compareConfigFiles)
		if found {
			out.late = append(out.late, fmt.Sprintf("%s: not read, shadowed by %s", out.files[i].path, f.path))
			out.files[i] = f
			continue
		}
		out.files = slices.Insert(out.files, i, f)
	}
	return out
}
