package sim

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// elfModule lays out a module file with just the parts the loader looks at:
// its .modinfo strings, the symbols it asks for, and those it exports.
func elfModule(info, imports, exports []string) []byte {
	type section struct {
		name string
		kind elf.SectionType
		data []byte
		link uint32
		size uint64
	}
	le := binary.LittleEndian
	strtab, symtab := []byte{0}, make([]byte, 24)
	for _, name := range imports {
		symtab = le.AppendUint32(symtab, uint32(len(strtab)))
		symtab = append(symtab, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE), 0, 0, 0)
		symtab = append(symtab, make([]byte, 16)...)
		strtab = append(append(strtab, name...), 0)
	}
	text := func(parts []string) []byte { return []byte(strings.Join(parts, "\x00") + "\x00") }
	sections := []section{
		{},
		{name: ".modinfo", kind: elf.SHT_PROGBITS, data: text(info)},
		{name: ".gnu.linkonce.this_module", kind: elf.SHT_PROGBITS, data: make([]byte, 64)},
		{name: "__ksymtab_strings", kind: elf.SHT_PROGBITS, data: text(exports)},
		{name: ".symtab", kind: elf.SHT_SYMTAB, data: symtab, link: 5, size: 24},
		{name: ".strtab", kind: elf.SHT_STRTAB, data: strtab},
		{name: ".shstrtab", kind: elf.SHT_STRTAB},
	}
	names := []byte{0}
	at := make([]uint32, len(sections))
	for i, s := range sections {
		if s.name != "" {
			at[i] = uint32(len(names))
			names = append(append(names, s.name...), 0)
		}
	}
	sections[6].data = names
	body := make([]byte, 64)
	var headers []elf.Section64
	for i, s := range sections {
		headers = append(headers, elf.Section64{
			Name: at[i], Type: uint32(s.kind), Off: uint64(len(body)), Size: uint64(len(s.data)), Link: s.link, Info: 1, Addralign: 1, Entsize: s.size,
		})
		body = append(body, s.data...)
	}
	head := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1,
		Shoff: uint64(len(body)), Ehsize: 64, Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 6,
	}
	var b bytes.Buffer
	binary.Write(&b, le, head)
	copy(body, b.Bytes())
	out := bytes.NewBuffer(body)
	binary.Write(out, le, headers)
	return out.Bytes()
}

const treeRelease = "6.12.0-test"

func treeOnDisk(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), treeRelease)
	magic := "vermagic=" + treeRelease + " SMP preempt mod_unload modversions "
	for file, data := range map[string][]byte{
		"kernel/base.ko":    elfModule([]string{"name=base", "license=GPL", "intree=Y", magic}, nil, []string{"base_do"}),
		"kernel/top.ko":     elfModule([]string{"name=top", "license=GPL v2", "alias=fs-topfs", "parmtype=n:int", "parmtype=s:charp", "version=1", magic}, []string{"base_do", "printk"}, nil),
		"kernel/closed.ko":  elfModule([]string{"name=closed", "license=Proprietary", magic}, nil, nil),
		"kernel/other.ko":   elfModule([]string{"name=other", "license=GPL", "intree=Y", "vermagic=5.10.0 SMP "}, nil, nil),
		"kernel/damaged.ko": []byte("\x7fELF and nothing more"),
		"modules.builtin":   []byte("kernel/drivers/tty/vt/core_thing.ko\n"),
		"modules.order":     nil, "modules.builtin.modinfo": []byte("core_thing.parmtype=n:int\x00core_thing.license=GPL\x00"),
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kmod.Depmod(context.Background(), kmod.DepmodOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestInstallTree loads modules of a tree that depmod indexed: with what they
// need, their parameters, their taints and the checks of the kernel.
func TestInstallTree(t *testing.T) {
	sys, err := InstallTree(treeOnDisk(t))
	if err != nil {
		t.Fatal(err)
	}
	if sys.Release() != treeRelease || sys.Fingerprint() == "" {
		t.Errorf("release %q, fingerprint %q", sys.Release(), sys.Fingerprint())
	}
	run := NewRun(sys, testProfile(t, "v6.12"))
	defer run.Close()
	result := func(task ...string) int64 {
		k, err := kernel.ParseTask(task)
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Do(Action{Kind: DoSpawn, Thread: strings.Join(task, " "), Task: &k}); err != nil {
			t.Fatal(err)
		}
		if err := run.Finish(strings.Join(task, " ")); err != nil {
			t.Fatal(err)
		}
		return run.Outcome(strings.Join(task, " ")).Ret
	}
	for _, tt := range []struct {
		task string
		want int64
	}{
		{"load top n=x", -22}, {"insmod other", -8}, {"insmod damaged", -8}, {"request damaged", 256}, {"load nosuch", -1},
		{"getfs topfs", 0}, {"request core-thing", 0}, {"load closed", 0},
	} {
		if got := result(strings.Fields(tt.task)...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.task, got, tt.want)
		}
	}
	w := run.World()
	for module, want := range map[string]trace.State{"top": trace.Live, "base": trace.Live, "core_thing": trace.Builtin, "other": trace.Absent} {
		if got := w.StateOf(module); got != want {
			t.Errorf("%s is %s, want %s", module, got, want)
		}
	}
	top := w.find("top")
	want := []string{"coresize", "holders", "initsize", "initstate", "notes", "parameters", "refcnt", "sections", "taint", "uevent", "version"}
	if d := cmp.Diff(want, top.Sysfs.List()); d != "" {
		t.Errorf("the directory of top (-want +got):\n%s", d)
	}
	if top.Taints != "OE" || w.find("closed").Taints != "POE" || w.find("base").Taints != "E" {
		t.Errorf("taints %q, %q, %q", top.Taints, w.find("closed").Taints, w.find("base").Taints)
	}
	if base := w.find("base"); base.Refs != 2 {
		t.Errorf("base has %d references", base.Refs)
	}
	if is := w.Initstate("core_thing"); !is.Dir || is.State != "" {
		t.Errorf("core_thing: %+v", is)
	}
}

// TestInstallTreeRefuses says what is wrong with a directory that is no tree.
func TestInstallTreeRefuses(t *testing.T) {
	for dir, want := range map[string]string{filepath.Join(t.TempDir(), "none"): "no such directory", t.TempDir(): "kmodsh depmod"} {
		if _, err := InstallTree(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("InstallTree: %v, want %q", err, want)
		}
	}
}

// FuzzTreeFile: whatever a module file holds, loading it ends with an errno.
func FuzzTreeFile(f *testing.F) {
	f.Add([]byte("\x7fELF"))
	f.Add(elfModule([]string{"name=../x", "parmtype=:int", "parmtype=n", "vermagic="}, []string{"a", ""}, []string{""}))
	f.Add(elfModule([]string{"name=top", "vermagic=" + treeRelease + " x"}, []string{"base_do"}, []string{"base_do"}))
	f.Fuzz(func(t *testing.T, image []byte) {
		dir := filepath.Join(t.TempDir(), treeRelease)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{"fuzzed.ko": image, "modules.dep": []byte("fuzzed.ko:\n")} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		sys, err := InstallTree(dir)
		if err != nil {
			t.Fatal(err)
		}
		run := NewRun(sys, Profiles()[3])
		defer run.Close()
		k := Task{Verb: "insmod", Name: "fuzzed"}
		if err := run.Do(Action{Kind: DoSpawn, Thread: "A", Task: &k}); err != nil {
			t.Fatal(err)
		}
		if err := run.Finish("A"); err != nil {
			t.Fatal(err)
		}
		if ret := run.Outcome("A").Ret; ret > 0 {
			t.Fatalf("returned %d", ret)
		}
	})
}
