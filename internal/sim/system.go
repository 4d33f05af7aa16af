package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kmod"
)

// imageMark begins the content of every simulated module file.
const imageMark = "kmodsh simulated module "

// System is what is installed on the simulated machine: module files, their
// indexes, configuration, built-ins. It is immutable, and any number of worlds
// may boot from it.
type System struct {
	release  string
	fs       fs.FS
	mem      *memFS           // the tree of one that was made by Install
	images   map[string]*File // its module files, by module
	tree     *realTree        // the tree of one that was made by InstallTree
	builtins []string
	dirs     []string
	resolver *kmod.Resolver
	config   *kmod.Config // what the resolver was made of
	damage   kmod.Passed  // indexes of a real tree
}

// Installed is one module of a simulated system.
type Installed struct {
	Dir     string // below kernel/, such as "fs/ext4"
	Spec    Spec
	Needs   []string // modules whose symbols it uses
	Aliases []string
	Pre     []string // softdep pre
	Post    []string // softdep post
}

// Setup is what a system is made of.
type Setup struct {
	Release  string
	Modules  []Installed
	Builtins []string // names in modules.builtin
	Dirs     []string // directories under /sys/module of code that is no module
	Config   []string // modprobe.d files or directories of this machine; none: empty
}

// Install makes a system: the files, and the text indexes depmod would make.
func Install(s Setup) (*System, error) {
	sys := &System{
		release: s.Release, mem: &memFS{files: map[string]*memFile{}}, images: map[string]*File{},
		builtins: s.Builtins, dirs: s.Dirs,
	}
	sys.fs = sys.mem
	byName := map[string]*Installed{}
	for i := range s.Modules {
		m := &s.Modules[i]
		if byName[m.Spec.Name] != nil {
			return nil, fmt.Errorf("simulated system: module %s is installed twice", m.Spec.Name)
		}
		byName[m.Spec.Name] = m
	}
	var dep, alias, symbols, softdep strings.Builder
	for i := range s.Modules {
		m := &s.Modules[i]
		spec := m.Spec
		for _, n := range m.Needs {
			if byName[n] == nil {
				return nil, fmt.Errorf("simulated system: %s needs %s, which is not installed", m.Spec.Name, n)
			}
			spec.Uses = append(slices.Clip(spec.Uses), SymbolSpec{Name: n + "_ops"})
		}
		spec.Exports = append(slices.Clip(spec.Exports), spec.Name+"_ops")
		sys.add(m.path(), &File{Path: m.path(), Inode: uint64(i + 1), Spec: &spec})
		fmt.Fprintf(&dep, "%s:", m.path())
		for _, d := range order(byName, m, nil) {
			fmt.Fprintf(&dep, " %s", byName[d].path())
		}
		dep.WriteByte('\n')
		for _, a := range m.Aliases {
			fmt.Fprintf(&alias, "alias %s %s\n", a, spec.Name)
		}
		for _, e := range spec.Exports {
			fmt.Fprintf(&symbols, "alias symbol:%s %s\n", e, spec.Name)
		}
		if len(m.Pre)+len(m.Post) > 0 {
			fmt.Fprintf(&softdep, "softdep %s%s%s\n", spec.Name, list(" pre: ", m.Pre), list(" post: ", m.Post))
		}
	}
	var builtin strings.Builder
	for _, b := range s.Builtins {
		fmt.Fprintf(&builtin, "kernel/builtin/%s.ko\n", b)
	}
	for name, text := range map[string]string{
		"modules.dep": dep.String(), "modules.alias": alias.String(), "modules.symbols": symbols.String(),
		"modules.softdep": softdep.String(), "modules.builtin": builtin.String(),
		"modules.builtin.modinfo": "", // its built-in modules have no aliases
	} {
		sys.mem.files[name] = &memFile{name: name, data: []byte(text)}
	}
	config, err := kmod.ReadConfig(s.Config, "")
	if err != nil {
		return nil, err
	}
	sys.config = config
	sys.resolver = kmod.NewResolver(kmod.NewTree(sys.fs, "/lib/modules/"+s.Release), config)
	return sys, nil
}

func (s *System) add(path string, f *File) {
	s.images[f.Spec.Name] = f
	s.mem.files[path] = &memFile{name: path, data: []byte(imageMark + f.Spec.Name + "\n"), module: f}
}

func (m *Installed) path() string { return "kernel/" + m.Dir + "/" + m.Spec.Name + ".ko" }

func list(head string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return head + strings.Join(names, " ")
}

// order returns what m needs, directly or not, in the order of modules.dep:
// each before what it needs itself.
func order(byName map[string]*Installed, m *Installed, seen []string) []string {
	for _, n := range m.Needs {
		seen = slices.DeleteFunc(seen, func(s string) bool { return s == n })
		seen = append(seen, n)
		seen = order(byName, byName[n], seen)
	}
	return seen
}

// Resolver resolves names in the system's tree.
func (s *System) Resolver() *kmod.Resolver { return s.resolver }

// Release is the simulated kernel's release string.
func (s *System) Release() string { return s.release }

// File returns the module file of the given module, nil when there is none.
func (s *System) File(module string) *File {
	if s.tree != nil {
		return s.tree.moduleFile(module)
	}
	return s.images[module]
}

// Boot makes a world of the given profile on this system, with the loader
// core as /sbin/modprobe.
func (s *System) Boot(p Profile) *World {
	return New(s.options(p))
}

// options is what a world of this system is made of.
func (s *System) options(p Profile) Options {
	return Options{
		Profile: p, Programs: map[string]Exec{modprobePath: {Run: s.modprobe}},
		builtins: setOf(s.builtins), dirs: setOf(s.dirs), files: s.File, vermagic: s.release + " SMP preempt mod_unload modversions ",
	}
}

// Fingerprint is a hash of all that is installed: systems with the same
// fingerprint behave the same.
func (s *System) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%q\n%q\n", s.release, s.builtins, s.dirs)
	if s.tree != nil {
		s.tree.hash(h)
		return hex.EncodeToString(h.Sum(nil)[:8])
	}
	for _, name := range slices.Sorted(maps.Keys(s.mem.files)) {
		f := s.mem.files[name]
		fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256(f.data))
		if f.module != nil {
			fmt.Fprintf(h, "%d %v\n", f.module.Inode, f.module.Compressed)
			// JSON, since it follows pointers. A Spec is plain data, so that it
			// has no error; a hash that fails does not exist.
			_ = json.NewEncoder(h).Encode(f.module.Spec)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
