package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// refusalCase is a module that a kernel does not take.
type refusalCase struct {
	name   string
	spoil  func(t *testing.T, module []byte) []byte // of an unsigned dummy
	params []string
	errno  string // what both kernels answer
	why    string // a regular expression for our sentence
	log    string // for the kernel's lines
	since  string // the first series that refuses it; "": all do
	of     string // the module that is spoilt; "": dummy
}

func refusalCases() []refusalCase {
	return []refusalCase{
		{name: "magic", spoil: replaced(" SMP preempt ", " SMP perhaps ", 1), errno: "ENOEXEC", why: "vermagic is not the kernel's", log: "version magic '.* SMP perhaps mod_unload modversions ' should be '.* SMP preempt mod_unload modversions '"},
		{name: "version", spoil: spoiltVersion("ether_setup"), errno: "EINVAL", why: "another version of the symbol ether_setup", log: "disagrees about version of symbol ether_setup"},
		{name: "layout", spoil: spoiltVersion("module_layout"), errno: "ENOEXEC", why: "layout of struct module differs", log: "disagrees about version of symbol module_layout"},
		{name: "unknown", spoil: replaced("ether_setup\x00", "ether_setuq\x00", -1), errno: "ENOENT", why: "nobody exports the symbol ether_setuq", log: `Unknown symbol ether_setuq \(err -2\)`},
		{name: "machine", spoil: changed(18, 0xb7), errno: "ENOEXEC", why: "another architecture", log: "Invalid architecture in ELF header: 183"},
		{name: "short", spoil: func(_ *testing.T, b []byte) []byte { return b[:len(b)/2] }, errno: "ENOEXEC", why: "damaged or no module", log: "Invalid ELF"},
		{name: "junk", spoil: func(*testing.T, []byte) []byte { return bytes.Repeat([]byte("no"), 200) }, errno: "ENOEXEC", why: "damaged or no module", log: "Invalid ELF header magic"},
		{name: "size", spoil: spoiltSize, errno: "ENOEXEC", why: "struct module has another size", log: ".gnu.linkonce.this_module section size must match", since: "6.12"},
		{name: "param", params: []string{"numdummies=many"}, errno: "EINVAL", why: `the value "many" is not one that its parameter numdummies takes`, log: "`many' invalid for parameter `numdummies'"},
		{name: "namespace", of: "pcbc", spoil: replaced("import_ns=", "import_nz=", -1), errno: "EINVAL", why: "a symbol of the namespace CRYPTO_INTERNAL without importing it.*MODULE_IMPORT_NS", log: "from namespace CRYPTO_INTERNAL, but does not import it"},
		{name: "ifb", of: "ifb", errno: "EPERM", why: "module_blacklist=ifb", log: "Module ifb is blacklisted"},
	}
}

// TestVMRefusals loads modules that are spoilt in different ways on the real
// kernels, and holds what they log and what we make of it: the texts in package
// refusal are those that kernels print. It is one of those that run when
// KMODSH_LONG is set.
func TestVMRefusals(t *testing.T) {
	onDummies(t, func(t *testing.T, series string, c *Cache, k Kernel, dummy []byte) {
		files := map[string]string{}
		for _, r := range refusalCases() {
			b := dummy
			if r.of != "" {
				b = unsigned(fileOf(t, k, r.of))
			}
			if r.spoil != nil {
				b = r.spoil(t, bytes.Clone(b))
			}
			files["kernel/"+r.name+".ko"] = string(b)
		}
		vm := withModules(t, c, k, files, "module_blacklist=ifb")
		for _, r := range refusalCases() {
			if r.since != "" && r.since != series {
				continue
			}
			_, err := vm.Load(t.Context(), kernel.LoadRequest{Name: r.name, Params: r.params})
			r.check(t, err)
		}
	})
}

// TestVMSignatures is TestVMRefusals for a kernel that takes signed modules alone.
func TestVMSignatures(t *testing.T) {
	onDummies(t, func(t *testing.T, series string, c *Cache, k Kernel, dummy []byte) {
		signed := replaced("numdummies", "numdummiez", 1)(t, fileOf(t, k, "dummy"))
		vm := withModules(t, c, k, map[string]string{"kernel/unsigned.ko": string(dummy), "kernel/foreign.ko": string(signed)}, "module.sig_enforce=1")
		for _, r := range []refusalCase{
			{name: "unsigned", errno: "EKEYREJECTED", why: "it is not signed", log: "Loading of unsigned module is rejected"},
			{name: "foreign", errno: "EKEYREJECTED", why: "signature"},
		} {
			_, err := vm.Load(t.Context(), kernel.LoadRequest{Name: r.name})
			r.check(t, err)
		}

		// A signature that is wrong is refused by a kernel that demands none, too;
		// one that is missing is not.
		vm = withModules(t, c, k, map[string]string{"kernel/unsigned.ko": string(dummy), "kernel/changed.ko": string(signed)}, "")
		_, err := vm.Load(t.Context(), kernel.LoadRequest{Name: "changed"})
		refusalCase{name: "changed", errno: "EKEYREJECTED", why: "its signature is wrong"}.check(t, err)
		if _, err := vm.Load(t.Context(), kernel.LoadRequest{Name: "unsigned"}); err != nil {
			t.Errorf("unsigned, and nothing demands a signature: %v", err)
		}
	})
}

// TestVMLockdown is TestVMRefusals for a kernel that is locked down, as Secure
// Boot does it.
func TestVMLockdown(t *testing.T) {
	onDummies(t, func(t *testing.T, series string, c *Cache, k Kernel, dummy []byte) {
		vm := withModules(t, c, k, map[string]string{"kernel/unsigned.ko": string(dummy)}, "lockdown=integrity")
		_, err := vm.Load(t.Context(), kernel.LoadRequest{Name: "unsigned"})
		refusalCase{name: "unsigned", errno: "EPERM", why: "locked down", log: "unsigned module loading is restricted"}.check(t, err)
	})
}

// check holds a refusal to what is known of it.
func (r refusalCase) check(t *testing.T, err error) {
	t.Helper()
	var e *kernel.LoadError
	if !errors.As(err, &e) {
		t.Errorf("%s: %v", r.name, err)
		return
	}
	t.Logf("%s: %s\n\t%q\n\t%s", r.name, kernel.ErrnoName(e.Errno), e.Log, e.Why)
	if kernel.ErrnoName(e.Errno) != r.errno || !regexp.MustCompile(r.why).MatchString(e.Why) || !regexp.MustCompile(r.log).MatchString(strings.Join(e.Log, "\n")) {
		t.Errorf("%s: want %s, %q and %q", r.name, r.errno, r.log, r.why)
	}
}

// TestVMXz holds which .xz files a kernel that unpacks module files itself takes,
// by the call alone: what XzHead.Refused says.
func TestVMXz(t *testing.T) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes some minutes: KMODSH_LONG=1 runs it")
	}
	c := vmCache(t, "6.12")
	k, dummy := dummyOf(t, c, "6.12")
	files := map[string]string{}
	ways := map[string][]string{
		"crc32": {"--check=crc32", "--lzma2=dict=1MiB"}, "none": {"--check=none", "--lzma2=dict=1MiB"},
		"crc64": {"--check=crc64"}, "sha256": {"--check=sha256"}, "x86": {"--check=crc32", "--x86", "--lzma2=dict=1MiB"}, "arm": {"--check=crc32", "--arm", "--lzma2=dict=1MiB"},
		"d2": {"--check=crc32", "--lzma2=dict=2MiB"}, "d8": {"--check=crc32", "--lzma2=dict=8MiB"}, "d64": {"--check=crc32", "--lzma2=dict=64MiB"},
		"d128": {"--check=crc32", "--lzma2=dict=128MiB"}, "d512": {"--check=crc32", "--lzma2=dict=512MiB"},
	}
	refused := []string{"crc64", "sha256", "arm", "d512"}
	for name, flags := range ways {
		files["kernel/"+name+".ko.xz"] = string(piped(t, dummy, "xz", flags...))
	}
	vm := withModules(t, c, k, files, "")
	for name := range ways {
		spawn(t, vm, name, "insmod", name)
		if _, err := vm.Run(t.Context(), kernel.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		o, err := vm.Outcome(t.Context(), name)
		taken := o.Ret == 0 || o.Ret == -int64(syscall.EEXIST)
		if err != nil || taken == slices.Contains(refused, name) || !taken && o.Ret != -int64(syscall.EINVAL) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	log, err := vm.Log(t.Context(), 0)
	if all := strings.Join(log, "\n"); err != nil || !strings.Contains(all, "decompression failed with status 6") || !strings.Contains(all, "decompression failed with status 3") {
		t.Errorf("the kernel does not say what the texts rely on: %v\n%s", err, all)
	}
}

// onDummies does something with the module dummy of each kernel, when KMODSH_LONG
// is set.
func onDummies(t *testing.T, do func(t *testing.T, series string, c *Cache, k Kernel, dummy []byte)) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes some minutes: KMODSH_LONG=1 runs it")
	}
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			c := vmCache(t, series)
			k, dummy := dummyOf(t, c, series)
			do(t, series, c, k, dummy)
		})
	}
}

// dummyOf is a kernel, and its module dummy without the signature.
func dummyOf(t *testing.T, c *Cache, series string) (Kernel, []byte) {
	t.Helper()
	k, err := c.Find(series)
	if err != nil {
		t.Fatal(err)
	}
	return k, unsigned(fileOf(t, k, "dummy"))
}

// fileOf reads the file of one of a kernel's modules, as it is when unpacked.
func fileOf(t *testing.T, k Kernel, module string) []byte {
	t.Helper()
	name := findFile(t, k.Modules, module+".ko*")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := kmod.OpenImage(f, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withModules boots a kernel with a tree of these files alone.
func withModules(t *testing.T, c *Cache, k Kernel, files map[string]string, cmdline string) *target {
	t.Helper()
	dir := filepath.Join(t.TempDir(), k.Release)
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	for _, name := range []string{"modules.builtin", "modules.order"} {
		b, err := os.ReadFile(filepath.Join(k.Modules, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(b))
	}
	vm, err := open(t.Context(), "", Options{Cache: c, Kernel: k.Image, Modules: dir, NoSnapshot: true, more: cmdline})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vm.Close() })
	return vm
}
