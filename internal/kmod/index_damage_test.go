package kmod

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"example.org/kmodsh/internal/kernel"
	"github.com/google/go-cmp/cmp"
)

var allIndexes = []indexKind{indexDep, indexAlias, indexSymbol, indexBuiltin, indexBuiltinAlias}

// bothForms is the small tree with its indexes as text and binary.
func bothForms(t testing.TB) fstest.MapFS {
	files := smallTree(t, true)
	for name, f := range smallTree(t, false) {
		files[name] = f
	}
	return files
}

// namesOfSmallTree leads to each of its indexes.
var namesOfSmallTree = []string{
	"ext4", "fs-ext4", "char-major-116-1", "pci:v00008086d000010D3sv1sd2bc02sc00i1", "symbol:crc16", "fuse", "aes_generic", "block-major-7-0", "crypto-aes", "loop-a", "broken", "plainXend", "no_such",
}

// answersOf asks a tree everything and returns the answers as text; who asks
// must not panic and must get no path out of the tree.
func answersOf(t testing.TB, r *Resolver) (out []string) {
	t.Helper()
	for _, name := range namesOfSmallTree {
		found, err := r.Resolve(name)
		if err != nil && !errors.Is(err, kernel.ErrDamaged) && !errors.Is(err, kernel.ErrNotFound) && !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", name, err)
		}
		line := name + ":"
		for _, f := range found {
			if f.File != "" && !fs.ValidPath(f.File) && r.tree.hasFile(f.File) {
				t.Errorf("%s leads out of the tree, to %q", name, f.File)
			}
			line += " " + f.Module + "=" + f.File
		}
		if err != nil {
			line += " " + errors.Unwrap(err).Error()
		}
		out = append(out, line)
		if err != nil {
			continue
		}
		steps, err := r.Plan(name, PlanOptions{})
		for _, s := range steps {
			out = append(out, " "+s.Module+"="+s.File)
		}
		if err != nil {
			out = append(out, " no plan")
		}
	}
	for _, list := range []func(func(string, string) bool) error{r.EachAlias, r.EachModuleAlias} {
		err := list(func(alias, module string) bool {
			out = append(out, alias+" "+module)
			return true
		})
		if err != nil {
			out = append(out, "no list")
		}
	}
	names, _ := r.Names()
	return append(out, names...)
}

// TestDamageTextInstead damages each binary index in turn. Who listens is told of
// the file and the place, once, and gets the answers of the text; who does not
// gets the damage for an answer.
func TestDamageTextInstead(t *testing.T) {
	good := answersOf(t, NewResolver(NewTree(bothForms(t), "T"), nil))
	for _, kind := range allIndexes {
		for name, damage := range map[string]func(*fstest.MapFile){
			"empty":   func(f *fstest.MapFile) { f.Data = []byte{} },
			"magic":   func(f *fstest.MapFile) { f.Data[0] ^= 1 },
			"version": func(f *fstest.MapFile) { f.Data[5] ^= 1 },
			"half":    func(f *fstest.MapFile) { f.Data = f.Data[:len(f.Data)/2] },
			"root":    func(f *fstest.MapFile) { f.Data[11] = 0xff; f.Data[10] = 0xff },
			"ffs": func(f *fstest.MapFile) {
				for i := 12; i < len(f.Data); i++ {
					f.Data[i] = 0xff
				}
			},
		} {
			if name == "empty" && kind.mayBeEmpty() {
				continue // as if it were not there
			}
			files := bothForms(t)
			file := string(kind) + ".bin"
			damage(files[file])
			tree := NewTree(files, "T")
			var told []string
			tree.OnDamage(func(err error) {
				if !errors.Is(err, kernel.ErrDamaged) {
					t.Errorf("%s %s: %v does not wrap ErrDamaged", file, name, err)
				}
				told = append(told, err.Error())
			})
			if d := cmp.Diff(good, answersOf(t, NewResolver(tree, nil))); d != "" {
				t.Errorf("%s %s: -whole +damaged:\n%s", file, name, d)
			}
			if len(told) != 1 || !strings.HasPrefix(told[0], "T/"+file+": damaged at byte ") || !strings.HasSuffix(told[0], "; "+kind.textFile()+" beside it is read in its place") {
				t.Errorf("%s %s: told %q", file, name, told)
			}
			if strict := answersOf(t, NewResolver(NewTree(files, "T"), nil)); !strings.Contains(strings.Join(strict, "\n"), "damaged") && !strings.Contains(strings.Join(strict, "\n"), "no list") {
				t.Errorf("%s %s: nobody listens, and the damage is no answer", file, name)
			}
		}
	}
}

// TestDamageBoth damages both forms of an index: the error names both files.
func TestDamageBoth(t *testing.T) {
	files := bothForms(t)
	files["modules.dep.bin"].Data[0] ^= 1
	files["modules.dep"].Data = []byte("kernel/a.ko: kernel/b")
	tree := NewTree(files, "T")
	tree.OnDamage(func(err error) { t.Errorf("told %v", err) })
	_, err := NewResolver(tree, nil).Resolve("ext4")
	if !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), "modules.dep.bin: damaged at byte 0") || !strings.Contains(err.Error(), "modules.dep:1: damaged at byte 0") {
		t.Error(err)
	}
}

// brokenDisk is a file system on which a file cannot be read from a place on.
type brokenDisk struct {
	fs.FS
	name string
	from int64
}

func (b brokenDisk) Open(name string) (fs.File, error) {
	f, err := b.FS.Open(name)
	if name != b.name || err != nil {
		return f, err
	}
	return brokenFile{f, b.from}, nil
}

type brokenFile struct {
	fs.File
	from int64
}

func (f brokenFile) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, &fs.PathError{Op: "read", Path: "x", Err: syscall.EIO}
	}
	return f.File.(io.ReaderAt).ReadAt(p, off)
}

// TestDamageDisk has a disk that fails under a binary index, at once and later:
// the text is read in its place, and the list goes on where it was, with nothing
// twice.
func TestDamageDisk(t *testing.T) {
	files := bothForms(t)
	files["modules.alias"].Data = append(files["modules.alias"].Data, manyAliases()...)
	image, err := textIndexImage(indexAlias, files["modules.alias"].Data, "")
	if err != nil {
		t.Fatal(err)
	}
	files["modules.alias.bin"].Data = image
	good := answersOf(t, NewResolver(NewTree(files, "T"), nil))
	for from := int64(0); from < int64(len(image)); from += binPageSize {
		tree := NewTree(brokenDisk{files, "modules.alias.bin", from}, "T")
		var told []string
		tree.OnDamage(func(err error) { told = append(told, err.Error()) })
		if d := cmp.Diff(good, answersOf(t, NewResolver(tree, nil))); d != "" {
			t.Errorf("from %d on: -whole +broken:\n%s", from, d)
		}
		if len(told) != 1 || !strings.Contains(told[0], "modules.alias.bin: read") || !strings.Contains(told[0], "input/output error") {
			t.Errorf("from %d on: told %q", from, told)
		}
	}
}

func manyAliases() (b []byte) {
	for _, a := range "abcdefghijklmnopqrstuvwxyz" {
		for _, z := range "abcdefghijklmnopqrstuvwxyz" {
			b = append(b, "alias many-"+string(a)+string(z)+"-and-more old\n"...)
		}
	}
	return b
}

// TestDamageLooksSound changes one name of a binary index into another: nothing
// but the text beside it tells, and lint says so.
func TestDamageLooksSound(t *testing.T) {
	files := bothForms(t)
	r := NewResolver(NewTree(files, "T"), nil)
	if found, err := r.Lint(); err != nil || len(found) > 0 {
		t.Fatalf("%v %v, want nothing for the whole tree", found, err)
	}
	for _, kind := range allIndexes {
		files := bothForms(t)
		b := files[string(kind)+".bin"].Data
		at := strings.LastIndexAny(string(b), "aeiou")
		b[at] = 'y'
		found, err := NewResolver(NewTree(files, "T"), nil).Lint()
		if err != nil || len(found) != 1 || found[0].Where != "T/"+string(kind)+".bin" || !strings.Contains(found[0].What, kind.textFile()+" beside it") {
			t.Errorf("%s: %v %v", kind, found, err)
		}
	}
}
