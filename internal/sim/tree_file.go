package sim

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	_ "example.org/kmodsh/internal/kmod/unpack/link" // module files are opened here
)

// simFile is an open file that knows which module it stands for.
type simFile interface {
	simFile() (*File, error)
}

func (f *openFile) simFile() (*File, error) { return f.module, nil }

// treeFile is an open file of a real tree.
type treeFile struct {
	fs.File
	tree *realTree
	name string
}

func (f treeFile) simFile() (*File, error) { return f.tree.file(f.name) }

// Open implements fs.FS.
func (t *realTree) Open(name string) (fs.File, error) {
	f, err := t.fsys.Open(name)
	if err != nil || !strings.Contains(path.Base(name), ".ko") {
		return f, err
	}
	return treeFile{f, t, name}, nil
}

// file returns the module file at a path of the tree. A file that is no sound
// module is one that the kernel refuses.
func (t *realTree) file(name string) (*File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.files[name]; f != nil {
		return f, nil
	}
	open, err := t.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer open.Close()
	base, _, _ := strings.Cut(path.Base(name), ".")
	spec := &Spec{Name: kernel.Normalize(base), Defects: Defects{BadELF: true}}
	image, err := kmod.OpenImage(open, name)
	if err == nil {
		if facts, factsErr := kmod.ReadModule(image); factsErr == nil {
			spec = t.spec(spec.Name, facts, int64(len(image)))
		}
	}
	f := &File{Path: name, Inode: inodeOf(name), Spec: spec, Compressed: kmod.Compression(name) != ""}
	t.files[name] = f
	return f, nil
}

// inodeOf is the inode number of a file that has none here: it must be the
// same on every machine, and not that of a copy.
func inodeOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64() | 1<<63
}

// spec is what the model needs of a module, by its ELF facts. size is that of
// its image in bytes and stands for the memory it takes.
func (t *realTree) spec(name string, facts *kmod.ModuleFacts, size int64) *Spec {
	if n, ok := facts.Field("name"); ok && kernel.CheckModuleName(n) == nil {
		name = kernel.Normalize(n)
	}
	s := &Spec{Name: name, CoreSize: (size + pageSize - 1) &^ (pageSize - 1), Params: paramsOf(facts)}
	_, s.Version = facts.Field("version")
	_, s.SrcVersion = facts.Field("srcversion")
	for _, f := range facts.Info {
		if fs, ok := strings.CutPrefix(f.Value, "fs-"); ok && f.Key == "alias" {
			s.Body.Provides = append(s.Body.Provides, "fs:"+fs) // MODULE_ALIAS_FS
		}
	}
	for _, e := range facts.Exports {
		s.Exports = append(s.Exports, e.Name)
	}
	for _, u := range facts.Imports {
		if t.ofModule(u.Name) {
			s.Uses = append(s.Uses, SymbolSpec{Name: u.Name, Weak: u.Weak})
		}
	}
	s.License, _ = facts.Field("license")
	if s.License == "" {
		s.License = "unspecified"
	}
	taint := func(letter string, on bool) {
		if on {
			s.Taint += letter
		}
	}
	_, intree := facts.Field("intree")
	_, staging := facts.Field("staging")
	taint("P", !slices.Contains(gplLicenses, s.License))
	taint("C", staging)
	taint("O", !intree)
	taint("E", facts.Signature == nil)
	s.Vermagic, _ = facts.Field("vermagic")
	release, _, _ := strings.Cut(s.Vermagic, " ")
	s.Defects = Defects{BadVermagic: release != t.release, BadELF: facts.ThisModule < 0}
	return s
}

// gplLicenses are those that do not taint (include/linux/license.h).
var gplLicenses = []string{"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}

// ofModule says whether a module of the tree exports the symbol, by the symbol
// index.
func (t *realTree) ofModule(symbol string) bool {
	found, err := t.resolver.Resolve("symbol:" + symbol)
	return err == nil && len(found) > 0
}

// paramsOf returns a module's parameters, by its parmtype fields (NAME:TYPE).
func paramsOf(facts *kmod.ModuleFacts) (params []ParamSpec) {
	kinds := map[string]ParamKind{
		"int": ParamInt, "uint": ParamUint, "hexint": ParamUint, "bool": ParamBool, "invbool": ParamInvbool, "charp": ParamCharp,
		"short": ParamShort, "ushort": ParamUshort, "byte": ParamByte, "long": ParamLong, "ulong": ParamUlong,
	}
	for _, f := range facts.Info {
		if f.Key != "parmtype" {
			continue
		}
		name, kind, _ := strings.Cut(f.Value, ":")
		k, ok := kinds[kind]
		if !ok {
			k = ParamOther
		}
		params = append(params, ParamSpec{Name: strings.ReplaceAll(name, "-", "_"), Kind: k})
	}
	return params
}

// moduleFile returns the file of a module by its name, nil when there is none.
func (t *realTree) moduleFile(module string) *File {
	found, err := t.resolver.Resolve(module)
	if err != nil {
		return nil
	}
	for _, f := range found {
		if f.Module == module && f.File != "" {
			if file, err := t.file(f.File); err == nil {
				return file
			}
		}
	}
	return nil
}

// fromImage returns the file that an image handed to init_module is a copy of:
// one of its own, for the image may come from anywhere.
func (t *realTree) fromImage(image []byte) (*File, error) {
	facts, err := kmod.ReadModule(image)
	if err != nil {
		return nil, err
	}
	name, ok := facts.Field("name")
	if !ok {
		return nil, fmt.Errorf("module image without a name: %w", kernel.ErrDamaged)
	}
	if f := t.moduleFile(kernel.Normalize(name)); f != nil {
		return f, nil
	}
	return &File{Path: name, Inode: inodeOf("image " + name), Spec: t.spec(name, facts, int64(len(image)))}, nil
}
