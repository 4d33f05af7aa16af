package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.org/kmodsh/internal/agent/wire"
)

// Options say how to make a virtual machine. The zero value is a good one.
type Options struct {
	// Cache is where kernels and saved machines are; nil opens the default.
	Cache *Cache
	// Kernel is the path of a kernel image or build tree, and Modules that of
	// its modules (KernelFromPath): instead of a kernel found by name.
	Kernel  string
	Modules string
	// Config lists modprobe.d directories and files for the guest, in the
	// order of precedence: of files with the same name the first counts, as
	// in modprobe.d(5). None means no configuration.
	Config []string
	// Memory is the guest's in MiB, 0 means 512.
	Memory int
	// CPUs is how many the guest has, 0 means 2, and 1 where they are emulated.
	// An emulated guest of more has a clock that goes on while its host is busy.
	CPUs int
	// NoSnapshot boots, and neither resumes nor saves a machine.
	NoSnapshot bool
	// Console is the file in which everything the guest prints is kept. ""
	// keeps it only while the machine is there, and after its death.
	Console string
	// CheckpointSpace is how much disk space the checkpoints of the machine, and
	// of those forked from it, may take, in bytes; 0 means 2 GiB. They never
	// take more than a quarter of what is free.
	CheckpointSpace int64
	// Stepped says that the machine's threads will be stepped: it comes with the
	// test driver loaded, where there is one, from a machine that was saved so.
	Stepped bool
	// Progress hears of what takes long; it may be nil.
	Progress Progress

	// limits replaces defaultPatience, and more is added to the kernel's
	// command line, in tests.
	limits *patience
	more   string
}

// Bounds of what can be asked for. Debian's kernels don't start in much less
// memory; QEMU's q35 takes 255 processors, the kernels' own limit is higher.
const (
	defaultMemory = 512
	minMemory     = 192
	maxMemory     = 64 << 10
	maxCPUs       = 64
)

// validate checks the options and fills in what was left out.
func (o *Options) validate() error {
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.Memory < minMemory || o.Memory > maxMemory {
		return fmt.Errorf("memory of %d MiB: the guest can have %d to %d", o.Memory, minMemory, maxMemory)
	}
	if o.CPUs < 0 || o.CPUs > maxCPUs {
		return fmt.Errorf("%d processors: the guest can have 1 to %d", o.CPUs, maxCPUs)
	}
	if o.CheckpointSpace < 0 {
		return fmt.Errorf("%d bytes for checkpoints", o.CheckpointSpace)
	}
	if o.CheckpointSpace == 0 {
		o.CheckpointSpace = defaultBudget
	}
	if o.Modules != "" && o.Kernel == "" {
		return errors.New("a module directory without a kernel image")
	}
	if o.limits == nil {
		p := defaultPatience
		o.limits = &p
	}
	return nil
}

// maxConfig bounds the configuration sent to a guest, in bytes: encoded it has
// to fit into one frame.
const maxConfig = wire.MaxFrame / 2

// readConfig reads the modprobe.d files in the given directories, and the given
// files, sorted by name; of two with the same name the first given counts
// (modprobe.d(5)).
func readConfig(paths []string) ([]wire.File, error) {
	var files []wire.File
	left := int64(maxConfig)
	add := func(path string) error {
		name := filepath.Base(path)
		if !strings.HasSuffix(name, ".conf") {
			name += ".conf"
		}
		if slices.ContainsFunc(files, func(f wire.File) bool { return f.Name == name }) {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, left+1))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if left -= int64(len(b)); left < 0 {
			return fmt.Errorf("%s: more than %d KiB of configuration", path, maxConfig>>10)
		}
		files = append(files, wire.File{Name: name, Data: b})
		return nil
	}
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		if !st.IsDir() {
			if !st.Mode().IsRegular() {
				return nil, fmt.Errorf("configuration: %s is neither a file nor a directory", path)
			}
			if err := add(path); err != nil {
				return nil, fmt.Errorf("configuration: %w", err)
			}
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		for _, e := range entries {
			file := filepath.Join(path, e.Name())
			if !strings.HasSuffix(e.Name(), ".conf") {
				continue
			}
			if st, err := os.Stat(file); err != nil || !st.Mode().IsRegular() {
				if err == nil || errors.Is(err, fs.ErrNotExist) {
					continue // a directory, a dangling link
				}
				return nil, fmt.Errorf("configuration: %w", err)
			}
			if err := add(file); err != nil {
				return nil, fmt.Errorf("configuration: %w", err)
			}
		}
	}
	slices.SortFunc(files, func(a, b wire.File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// cache is the one that is named, or the person's own.
func (o *Options) cache() (*Cache, error) {
	if o.Cache != nil {
		return o.Cache, nil
	}
	return OpenCache("")
}
