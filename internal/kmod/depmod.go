package kmod

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// DepmodOptions say what Depmod works on. Dir is needed, the rest has useful
// zero values.
type DepmodOptions struct {
	// Dir is the directory that plays /lib/modules/RELEASE: the modules, and
	// modules.order, modules.builtin and modules.builtin.modinfo of the build.
	Dir string
	// Out is where the indexes go; it is made when missing. "" is Dir.
	Out string
	// Show, when set, gets the indexes in place of Out, in the order in which they
	// would be written there: nothing is (depmod -n).
	Show func(name string, data []byte) error
	// Release is matched against the version patterns of the configuration.
	// "" is the last part of Dir.
	Release string
	// Config are depmod.d files or directories, in falling priority.
	Config []string
	// Workers is how many modules are read at once, 0 for GOMAXPROCS.
	Workers int
	// Progress, when set, is called after each module was read, by one
	// goroutine.
	Progress func(done, total int)
	// Files are module files to read in place of those below Dir; their paths
	// are absolute.
	Files []string
	// Cache is a directory in which facts of module files are kept for the next
	// run, which reads only those that changed since; "": none are. Now is the
	// time at which the run begins, in nanoseconds since the epoch: facts of
	// files that changed just before are not kept, and index files that are right
	// already get this time in place of being written; 0: all are written.
	Cache string
	Now   int64
	// Kernel, when set, are the kernel's symbols. Symbols that neither it nor a
	// module has are warned about (depmod -e -F), and where their checksums are
	// known those that are another than the one the module was built with
	// (depmod -e -E).
	Kernel *KernelSymbols
	// SymbolPrefix is a character that architectures may put before symbols, to
	// be passed over; 0 for none (depmod -P).
	SymbolPrefix byte
	// Duplicates asks for a warning about every alias that a module has twice
	// (depmod -w).
	Duplicates bool
	// Needs, when set, is told of every module that another needs, by the paths
	// of their files, and of a symbol that it needs there (depmod -v).
	Needs func(module, symbol, provider string)
	// Warn, when set, gets one line for each thing that was passed over or is
	// wrong. It starts with WARNING: or ERROR:, and what kmod's depmod says too
	// is in its words.
	Warn func(string)
}

// DepmodStats says what Depmod did.
type DepmodStats struct {
	Modules int `json:"modules"` // in the indexes
	Aliases int `json:"aliases"` // of these modules
	Symbols int `json:"symbols"` // they export
	Skipped int `json:"skipped"` // of these modules, those that could not be read: only their names are known
	Cached  int `json:"cached"`  // of these modules, those that were not read since they had not changed
}

func (opt *DepmodOptions) validate() error {
	if opt.Dir == "" {
		return errors.New("depmod: no module directory given")
	}
	if opt.Out == "" {
		opt.Out = opt.Dir
	}
	if opt.Release == "" {
		dir := opt.Dir
		if !path.IsAbs(dir) {
			wd, err := os.Getwd()
			if err != nil {
				return fmt.Errorf("depmod: %w", err)
			}
			dir = path.Join(wd, dir)
		}
		opt.Release = path.Base(dir)
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.Warn == nil {
		opt.Warn = func(string) {}
	}
	return nil
}

// OutError says that the directory for the indexes cannot be made.
type OutError struct {
	Dir string
	Err error
}

func (e *OutError) Error() string { return fmt.Sprintf("depmod: %v", e.Err) }

func (e *OutError) Unwrap() error { return e.Err }

// Depmod reads the modules below a directory and writes the indexes that
// modprobe resolves names with (depmod(8), modules.dep(5)). A module that
// cannot be read is warned about and counted; as with kmod only its name gets
// into modules.dep, so that loading it tells what is wrong with the file. The
// indexes replace the old ones together at the end, so that after an error
// these are still whole; modules that need each other give a *CycleError.
func Depmod(ctx context.Context, opt DepmodOptions) (DepmodStats, error) {
	var stats DepmodStats
	if err := opt.validate(); err != nil {
		return stats, err
	}
	cfg := loadDepmodConfig(configSource{}, opt.Config, opt.Release, opt.Warn)
	opened := opt.openCache() // beside the search
	var mods []*depmodModule
	var err error
	if opt.Files != nil {
		mods, err = namedModules(opt.Dir, opt.Files)
	} else {
		mods, err = findModules(opt.Dir, cfg, opt.Warn, opt.cached())
	}
	if err != nil {
		return stats, fmt.Errorf("depmod %s: %w", opt.Dir, err)
	}
	warned := false
	warn := opt.Warn
	opt.Warn = func(s string) { warned = true; warn(s) }
	cache := opened()
	defer cache.writing.Wait()
	err = opt.readAll(ctx, mods, cache)
	if err != nil {
		return stats, fmt.Errorf("depmod %s: %w", opt.Dir, err)
	}
	if stats, ok := cache.unchanged(&opt, mods); ok {
		return stats, nil
	}
	if err := opt.unpackAll(ctx, mods, cache); err != nil {
		return stats, fmt.Errorf("depmod %s: %w", opt.Dir, err)
	}
	stats.Cached = cache.used
	sortModules(opt.Dir, mods, opt.Warn)
	stats.Skipped = countUnreadable(mods, opt.Warn)
	for _, m := range mods {
		stats.Aliases += len(m.facts.aliases)
	}
	w := newDepmodWriter(&opt, mods)
	w.begin(&cache.writing)
	symbols := ownSymbols(cache.symbols, mods, opt.SymbolPrefix)
	symbols.resolve(mods)
	opt.checkSymbols(mods, symbols)
	if unsorted := sortTopologically(mods); len(unsorted) > 0 {
		w.making.Wait()
		return stats, fmt.Errorf("depmod %s: %w", opt.Dir, findCycles(unsorted))
	}
	stats.Modules, stats.Symbols = len(mods), len(symbols.exported)
	w.end(symbols)
	if err := opt.put(w); err != nil {
		return stats, err
	}
	if opt.Show == nil && !warned { // what is warned about has to be said every time
		cache.remember(&opt, depmodFileNames[:], stats)
	}
	return stats, nil
}

// cached says that facts are kept: not for who wants none, nor for who wants
// checksums, which are not in the cache.
func (opt *DepmodOptions) cached() bool { return opt.Cache != "" && !opt.wantCRCs() }

// openCache begins to read the cache, and returns what waits for it.
func (opt *DepmodOptions) openCache() func() *depmodCache {
	if !opt.cached() {
		return func() *depmodCache { return &depmodCache{} }
	}
	c := make(chan *depmodCache, 1)
	go func() { c <- openCache(opt.Cache, opt.Dir, opt.SymbolPrefix) }()
	return func() *depmodCache { return <-c }
}

// wantCRCs says that checksums of symbols are to be compared.
func (opt *DepmodOptions) wantCRCs() bool { return opt.Kernel != nil && opt.Kernel.crcs }

// readAll reads the modules, except those whose facts the cache has, and begins to
// keep what is new.
func (opt *DepmodOptions) readAll(ctx context.Context, mods []*depmodModule, c *depmodCache) error {
	if c.file == "" {
		err := readModules(ctx, mods, *opt)
		c.symbols = oneNumbering(nil, mods)
		return err
	}
	var fresh []*depmodModule
	for _, m := range mods {
		if m.key == (fileKey{}) { // it was given by name
			m.key, _ = keyOf(m.path)
		}
		known := false
		if m.key != (fileKey{}) {
			m.facts, known = c.get(m.path, m.key)
		}
		if !known {
			fresh = append(fresh, m)
		}
	}
	if err := readModules(ctx, fresh, *opt); err != nil {
		return err
	}
	c.symbols = oneNumbering(c.symbols, mods)
	c.compare(mods)
	c.keep(mods, opt.Now)
	return nil
}

// unpackAll makes all facts of those that the cache has. What makes no sense, for
// all its checksum, is read from the modules.
func (opt *DepmodOptions) unpackAll(ctx context.Context, mods []*depmodModule, c *depmodCache) error {
	var again []*depmodModule
	var unpacking sync.WaitGroup
	bad := make([]bool, len(mods))
	for part := range opt.Workers {
		unpacking.Go(func() {
			for i := part; i < len(mods); i += opt.Workers {
				bad[i] = mods[i].facts.packed != nil && mods[i].facts.unpack() != nil
			}
		})
	}
	unpacking.Wait()
	for i, m := range mods {
		if bad[i] {
			again = append(again, m)
		}
	}
	if again == nil {
		return nil
	}
	c.used -= len(again)
	c.writing.Wait() // it reads what is read anew now
	os.Remove(c.file)
	err := readModules(ctx, again, *opt)
	c.symbols = oneNumbering(c.symbols, mods)
	return err
}

// countUnreadable warns about the modules that could not be read.
func countUnreadable(mods []*depmodModule, warn func(string)) (n int) {
	for _, m := range mods {
		if m.facts.err != nil {
			reason := "Invalid argument"
			if other := (*NotELFError)(nil); errors.As(m.facts.err, &other) {
				reason = "Exec format error"
			} else if kernel.ErrnoOf(m.facts.err) != 0 {
				reason = reasonOf(m.facts.err)
			}
			warn(fmt.Sprintf("ERROR: failed to load symbols from %s: %s", m.path, reason))
			warn(fmt.Sprintf("WARNING: only the name of %s is in the indexes: %v", m.path, m.facts.err))
			n++
		}
		if m.facts.noExports {
			warn(fmt.Sprintf("ERROR: failed to load symbols from %s: Invalid argument", m.path))
		}
	}
	return n
}
