package kmod_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kmod"
)

// TestLintMistakes has the mistakes that people make in modprobe.d and on the
// kernel's command line: each is found, and what is right beside it is not.
func TestLintMistakes(t *testing.T) {
	mine := fits()
	mine.Info = append(mine.Info, "alias=fs-mine", "parmtype=path2:charp", "parm=own:set in its own way")
	soft := fits()
	soft.Info = append(soft.Info, "softdep=pre: first")
	tree := kernelTree(t, map[string][]byte{
		"extra/my-mine.ko": mine.Image(), "extra/soft.ko": soft.Image(), "modules.builtin": []byte("kernel/fs/built.ko\n"),
	}).Tree()
	for _, test := range []struct{ name, file, text, cmdline, want string }{
		{"command mistyped", "a.conf", "blackist first\n", "", `"blackist" is no command of modprobe.d(5): is blacklist meant?`},
		{"command in the singular", "a.conf", "option first x=1\n", "", "is options meant?"},
		{"capitals", "a.conf", "Blacklist first\n", "", "is blacklist meant?"},
		{"with =", "a.conf", "blacklist=first\n", "", "is blacklist meant?"},
		{"byte order mark", "a.conf", "\ufeffblacklist first\n", "", "is blacklist meant?"},
		{"a command line", "a.conf", "modprobe first\n", "", `"modprobe" is no command of modprobe.d(5)`},
		{"missing backslash", "a.conf", "options my-mine level=1\n  on=1\n", "", `a.conf:2 | ignored: "on=1"`},
		{"backslash", "a.conf", "options my-mine level=1 \\\n  on=1\n", "", ""},
		{"file name", "a.conf", "blacklist first.ko\n", "", "no module of this tree is called first.ko: write blacklist first"},
		{"path", "a.conf", "blacklist /lib/modules/x/extra/my-mine.ko.xz\n", "", "write blacklist my_mine"},
		{"alias", "a.conf", "blacklist fs-mine\n", "", "a blacklist takes neither aliases nor patterns"},
		{"pattern", "a.conf", "blacklist *mine\n", "", "a blacklist takes neither aliases nor patterns"},
		{"two modules", "a.conf", "blacklist first second\n", "", "second behind it counts for nothing: a line blacklists one module"},
		{"comment behind", "a.conf", "blacklist first # not this one\nalias it first # nor this\n", "", ""},
		{"alias of two", "a.conf", "alias it first second\n", "", "second behind it counts for nothing"},
		{"alias loop", "a.conf", "alias it that\nalias that it\n", "", "leads to that, which is no module of this tree"},
		{"Windows", "a.conf", "blacklist first\r\n", "", "save the file with line ends of Unix"},
		{"dot", "a.conf", "options my-mine.level=1\n", "", "the dot is for the kernel's command line; write options my-mine level=1"},
		{"of an alias", "a.conf", "options fs-mine level=1\n", "", "counts only where my_mine is asked for as fs_mine"},
		{"contradicting", "a.conf", "options my-mine level=1\noptions my_mine level=2\n", "", "a.conf:2 | level=2 takes the place of level=1, CONF/a.conf:1: the last one counts"},
		{"contradicting, own setter", "a.conf", "options my_mine own=1\noptions my_mine own=2\n", "", "own=2 comes after own=1, CONF/a.conf:1"},
		{"the same twice", "a.conf", "options my-mine level=1\noptions my_mine level=1 on=1\n", "", ""},
		{"contradicted at boot", "a.conf", "options my-mine level=1\n", "my-mine.level=2", "/proc/cmdline | level=2 takes the place of level=1, CONF/a.conf:1"},
		{"comment behind options", "a.conf", "options my-mine level=1 # low\n", "", "#: the module has no parameter #"},
		{"quote", "a.conf", "options my-mine path=\"a b\n", "", "a double quote is not closed"},
		{"no module", "a.conf", "options mien level=1\n", "", "no module or alias of this tree is called mien"},
		{"install of nothing", "a.conf", "install mien /bin/false\n", "", "no module or alias of this tree is called mien"},
		{"install of an alias", "a.conf", "install fs-mine /bin/false\n", "", ""},
		{"install of a pattern", "a.conf", "install sound-slot-* /bin/false\n", "", ""},
		{"install of what is built in", "a.conf", "install built /bin/false\n", "", "no effect: the module is built in"},
		{"install without end", "a.conf", "install my-mine true && /sbin/modprobe my-mine; echo done\n", "", "add --ignore-install"},
		{"install that ends", "a.conf", "install my-mine /sbin/modprobe --ignore-install my-mine $CMDLINE_OPTS && /sbin/modprobe first\n", "", ""},
		{"install and softdep", "a.conf", "install my-mine /bin/false\nsoftdep my-mine pre: first\n", "", "install lines are ignored for a module with soft dependencies, CONF/a.conf:2"},
		{"softdep without colon", "a.conf", "softdep my-mine pre first\n", "", "write pre: or post:, with the colon"},
		{"softdep with two", "a.conf", "softdep my-mine: pre: first\n", "", "write softdep my_mine"},
		{"softdep of nothing", "a.conf", "softdep my-mine pre: mien\n", "", "mien stands for nothing"},
		{"softdep after the module's own", "z.conf", "softdep soft pre: second\n", "", `modules.softdep:2; for all of them write one line, "softdep soft pre: first second", in a file of modprobe.d whose name sorts before modules.softdep`},
		{"softdep before the module's own", "a.conf", "softdep soft pre: second\n", "", `takes the place of what the module itself wants, TREE/modules.softdep:2; for all of them write one line, "softdep soft pre: second first"`},
		{"softdep after a pattern", "a.conf", "softdep my* pre: first\nsoftdep my-mine pre: second\n", "", `a.conf:2 | no effect: only the first softdep line that matches a name counts, CONF/a.conf:1; for all of them write one line, "softdep my_mine pre: first second", before CONF/a.conf:1`},
		{"install after a pattern", "a.conf", "install my* true\ninstall my-mine true\n", "", "a.conf:2 | no effect: only the first install line"},
		{"weakdep twice", "a.conf", "weakdep my-mine first\nweakdep my-mine second\n", "", "a.conf:2 | no effect: only the first weakdep line"},
		{"weakdep of nothing", "a.conf", "weakdep my-mine mien\n", "", "mien stands for nothing"},
		{"remove of nothing", "a.conf", "remove mien /bin/true\n", "", "no module or alias of this tree is called mien"},
		{"without .conf", "mine", "# mine\nblacklist first\n", "", "mine:2 | not read, nor the rest of the file: its name must end in .conf"},
		{"put aside", "a.conf.dpkg-old", "blacklist first\n", "", ""},
		{"no configuration", "README", "blacklist first\n", "", ""},
		{"prose", "notes", "options to discuss\nare in this\nfile, and\n", "", ""},
		{"dash at boot", "a.conf", "", "modprobe.blacklist=my-mine", "write underscores"},
		{"kernel's own list, dash", "a.conf", "", "quiet module_blacklist=first,my-mine", "/proc/cmdline | no effect: the kernel takes the dashes literally; write module_blacklist=my_mine"},
		{"kernel's own list, built in", "a.conf", "", "module_blacklist=built", "no effect: the module is built in"},
		{"kernel's own list, nothing", "a.conf", "", "module_blacklist=mien", "no module of this tree is called mien"},
		{"kernel's own list", "a.conf", "", "module_blacklist=my_mine", ""},
	} {
		conf := t.TempDir()
		if err := os.WriteFile(filepath.Join(conf, test.file), []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		config, err := kmod.ReadConfig([]string{conf}, test.cmdline)
		if err != nil {
			t.Fatal(err)
		}
		findings, err := kmod.NewResolver(tree, config).Lint()
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		var said strings.Builder
		for _, f := range findings {
			said.WriteString(strings.NewReplacer(conf, "CONF", tree.Dir(), "TREE").Replace(f.Where + " | " + f.What + "\n"))
		}
		if !strings.Contains(said.String(), test.want) || test.want == "" && len(findings) > 0 {
			t.Errorf("%s: %q is not said, but\n%s", test.name, test.want, said.String())
		}
	}
}

// TestWhyKernelBlacklist: the kernel compares the names of module_blacklist= with
// those of modules byte by byte.
func TestWhyKernelBlacklist(t *testing.T) {
	mine := fits()
	tree := kernelTree(t, map[string][]byte{"extra/my-mine.ko": mine.Image()}).Tree()
	for cmdline, open := range map[string]bool{"module_blacklist=my_mine": false, "module_blacklist=my-mine": true} {
		config, err := kmod.ReadConfig(nil, cmdline)
		if err != nil {
			t.Fatal(err)
		}
		w, err := kmod.NewResolver(tree, config).Explain("my-mine")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range w.Modules[0].Routes {
			if r.Open != open {
				t.Errorf("%s: %+v", cmdline, r)
			}
		}
	}
}

// TestLintBounded: the findings of a file that is all mistakes have an end, and
// links that lead to what never ends are not followed for names that do not count.
func TestLintBounded(t *testing.T) {
	tree := kernelTree(t, nil).Tree()
	conf := t.TempDir()
	if err := os.WriteFile(filepath.Join(conf, "a.conf"), []byte(strings.Repeat("blacklist first\n", 20_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"zero": "/dev/zero", "self": "self", "up": ".", "up.conf": ".", "self.conf": "self.conf"} {
		if err := os.Symlink(to, filepath.Join(conf, name)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := kmod.ReadConfig([]string{conf}, "")
	if err != nil {
		t.Fatal(err)
	}
	findings, err := kmod.NewResolver(tree, config).Lint()
	if last := findings[len(findings)-1]; err != nil || len(findings) != 10_001 || last.Where != filepath.Join(conf, "a.conf:10000") {
		t.Errorf("%d findings, the last %+v, %v", len(findings), last, err)
	}
}

// FuzzLint: whatever is in a configuration and on a command line, lint and why have
// an end and say what is bounded.
func FuzzLint(f *testing.F) {
	f.Add("blacklist first # no\nalias it first second\noptions first x=1 \"y\nsoftdep first pre: second post:\n", "module_blacklist=first,a-b modprobe.blacklist=c")
	f.Add("install first modprobe first;modprobe -i first\nweakdep first first\nremove x[ y\nblacklist /x/first.ko.xz\r\n", "first.x=\"1")
	f.Add("install * modprobe\nalias * *\noptions * *=*\nsoftdep * pre: * post: *\n", "*.*=*")
	dir := f.TempDir()
	for name, data := range map[string]string{"modules.dep": "kernel/first.ko: kernel/second.ko\nkernel/second.ko: kernel/first.ko\n", "modules.alias": "alias fs-* first\n", "modules.builtin": "kernel/built.ko\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			f.Fatal(err)
		}
	}
	tree, err := kmod.OpenTree(dir)
	if err != nil {
		f.Fatal(err)
	}
	defer tree.Close()
	conf := f.TempDir()
	f.Fuzz(func(t *testing.T, text, cmdline string) {
		for _, name := range []string{"a.conf", "unread"} {
			if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		config, err := kmod.ReadConfig([]string{conf}, cmdline)
		if err != nil {
			t.Fatal(err)
		}
		r := kmod.NewResolver(tree, config)
		findings, err := r.Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if len(f.What) > 4*(len(text)+len(cmdline))+4096 {
				t.Fatalf("%d bytes are said of %d", len(f.What), len(text))
			}
		}
		r.Explain("first")
	})
}
