package bundle

import (
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod/refusal"
)

// Format and Version are what the manifest of every bundle says. A reader takes
// bundles of its own version and of earlier ones.
const (
	Format  = "kmodsh bundle"
	Version = 1
)

// Part is one kind of thing that a bundle may hold, and that may be left out.
type Part string

// The parts.
const (
	PartInfo     Part = "info"     // kernel, machine, taints
	PartSystem   Part = "system"   // lockdown, signatures demanded, names of keys
	PartStates   Part = "states"   // the module list: states, references, holders, taints
	PartParams   Part = "params"   // the values in /sys/module/*/parameters
	PartVersions Part = "versions" // of the files of loaded modules
	PartIndexes  Part = "indexes"  // modules.* of the tree
	PartFiles    Part = "files"    // names and sizes of the module files, not their content
	PartConfig   Part = "config"   // the files of modprobe.d
	PartCmdline  Part = "cmdline"  // the kernel's command line
	PartLog      Part = "log"      // lines of the kernel's log about modules
	PartChecks   Part = "checks"   // what the kernel will mind in modules that were named
)

// Parts lists them with a word for each, in the order in which a bundle has
// them.
func Parts() []struct {
	Part Part
	Says string
} {
	return []struct {
		Part Part
		Says string
	}{
		{PartInfo, "release, version, machine, taints of the kernel"},
		{PartSystem, "lockdown, whether signatures are demanded, names of the keys"},
		{PartStates, "the module list: states, references, holders, taints"},
		{PartParams, "the parameters of loaded modules, as far as they can be read"},
		{PartVersions, "version, srcversion, vermagic, signer of the loaded modules' files"},
		{PartIndexes, "the tree's indexes, modules.*"},
		{PartFiles, "names and sizes of the module files; not their content"},
		{PartConfig, "the files of modprobe.d"},
		{PartCmdline, "the kernel's command line"},
		{PartLog, "lines of the kernel's log about modules"},
		{PartChecks, "what the kernel will mind in the modules that were named"},
	}
}

// Manifest is the first thing in a bundle: what it is, and what is in it.
type Manifest struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Target  string    `json:"target"` // as a person named it
	Release string    `json:"release"`
	Tree    string    `json:"tree"` // the directory of the module tree there
	Taken   time.Time `json:"taken"`
	// LeftOut are the parts that were left out because somebody said so,
	// Missing those that could not be had, and why.
	LeftOut []Part          `json:"left_out,omitempty"`
	Missing map[Part]string `json:"missing,omitempty"`
	// Config are the paths that the configuration was read from.
	Config []string `json:"config,omitempty"`
}

// Content is all that a bundle holds.
type Content struct {
	Manifest
	Info     *kernel.Info
	System   *kernel.System
	Modules  []kernel.Module
	Params   map[string]map[string]string
	Versions []ModuleVersion
	Indexes  map[string][]byte // by name, in the tree's directory
	Files    []TreeFile
	Configs  []ConfigFile
	Cmdline  string
	Log      []string
	Checks   []refusal.FileCheck
}

// ModuleVersion tells which build of a module's file there is.
type ModuleVersion struct {
	Module     string `json:"module"`
	File       string `json:"file"`
	Version    string `json:"version,omitempty"`
	Srcversion string `json:"srcversion,omitempty"`
	Vermagic   string `json:"vermagic,omitempty"`
	Intree     bool   `json:"intree,omitempty"`
	Signer     string `json:"signer,omitempty"`
	Error      string `json:"error,omitempty"` // why the file could not be read
}

// TreeFile is one file of the module tree.
type TreeFile struct {
	Path  string    `json:"path"` // relative to the tree
	Size  int64     `json:"size"` // bytes
	Mtime time.Time `json:"mtime"`
}

// ConfigFile is one file of the configuration, under the path it had.
type ConfigFile struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Item is one thing in a bundle, for a list of what is inside.
type Item struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
}
