package applet

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLikeKmodRandom makes small trees, configurations and command lines by
// chance, and holds our answers to those of the installed kmod: the files that
// depmod writes byte for byte, then some command lines on them. KMODSH_RANDOM is
// how many trees; the first one's seed follows behind a colon.
func TestLikeKmodRandom(t *testing.T) {
	var trees, first uint64
	if n, _ := fmt.Sscanf(os.Getenv("KMODSH_RANDOM"), "%d:%d", &trees, &first); n == 0 {
		t.Skip("compares with kmod's tools for as long as one likes: KMODSH_RANDOM=TREES[:SEED] runs it")
	}
	others, library := peers(t), fakeLibrary(t)
	if len(others) == 0 || library == "" || !namespaces() {
		t.Fatal("no tools of kmod that can be kept off this machine's kernel (apt-get install kmod gcc libc6-dev)")
	}
	for seed := first; seed < first+trees; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := chance{rand.New(rand.NewPCG(seed, 0))}
			tree := filepath.Join(t.TempDir(), "tree")
			if err := os.WriteFile(tree, []byte(r.tree()), 0o644); err != nil {
				t.Fatal(err)
			}
			lines := append([]string{randomIndexes}, r.lines(30)...)
			ours := newBox(t, tree, peer{}, "")
			var answers []string
			for _, l := range lines {
				answers = append(answers, paramBlanks.ReplaceAllString(ours.run(l), "]"))
				if strings.Contains(answers[0], "Cycle detected") {
					break // so there is no index: what ours does then, tables of its own hold
				}
			}
			for _, p := range others {
				theirs := newBox(t, tree, p, library)
				for i, l := range lines[:len(answers)] {
					want := paramBlanks.ReplaceAllString(theirs.run(l), "]")
					if answers[i] == want || strings.HasSuffix(want, "status 124\n") { // kmod can go round for ever
						continue
					}
					t.Errorf("%s\n-kmod %s +ours:\n%s", l, p.version, cmp.Diff(strings.Split(want, "\n"), strings.Split(answers[i], "\n")))
					if strings.HasSuffix(l, "log; cat /proc/modules") {
						break // from here on the two kernels differ
					}
				}
			}
		})
	}
}

// paramBlanks are blanks behind the parameters, which kmod hands over, and the
// kernel passes over.
var paramBlanks = regexp.MustCompile(` +\]`)

// randomIndexes runs depmod and shows what it wrote, but for modules.weakdep,
// which kmod has since 33.
const randomIndexes = `timeout 5 depmod -b $ROOT -C etc/depmod.d 1.0; cd lib/modules/1.0; cat modules.dep modules.alias modules.symbols modules.softdep modules.devname; md5sum modules.*.bin`

// chance makes things out of random numbers.
type chance struct{ *rand.Rand }

// of takes one of some words.
func (r chance) of(words ...string) string { return words[r.IntN(len(words))] }

// in is true once in n times.
func (r chance) in(n int) bool { return r.IntN(n) == 0 }

// word is one of the names in use, spelled in one of the ways.
func (r chance) word() string {
	if r.in(12) {
		return r.of("nothing", "al-x", "al_y-z", "pci:v1d2", "pci:v1d*", "symbol:sym_1", "symbol:sym_2_0", "core", "core-alias", "a b", "fs-ext", "char-major-5-1", "al[x]", "x.y")
	}
	w := r.of(moduleNames...)
	switch r.IntN(6) {
	case 0:
		w = strings.ReplaceAll(w, "_", "-")
	case 1:
		w = strings.ReplaceAll(w, "-", "_")
	}
	return w
}

var moduleNames = []string{"alpha", "be-ta", "gam_ma", "d-e_f", "al-x", "snd", "snd-pcm", "m1", "m2"}

// alias is a pattern.
func (r chance) alias() string {
	return r.of("al-x", "al_y-z", "al-*", "al?x", "pci:v*d*", "pci:v1d2*", "pci:v1d[2-4]*", "char-major-5-*", "char-major-5-1", "fs-ext", "fs-*", "a[!b]-z", "al[x", "devname:snd/x", "symbol:sym_1", "alpha", "be_ta", "core", "x.y", "*", "v[a-c]*]", `a\*b`, "")
}

// tree is a tree with a configuration, as txtar.
func (r chance) tree() string {
	var b strings.Builder
	names := moduleNames[:3+r.IntN(len(moduleNames)-2)]
	var order []string
	for i, n := range names {
		path := r.of("kernel/", "kernel/drivers/", "updates/", "extra/", "kernel/a/b/") + n + ".ko"
		order = append(order, path)
		fmt.Fprintf(&b, "-- lib/modules/1.0/%s --\n", path)
		for range r.IntN(7) {
			b.WriteString(r.info() + "\n")
		}
		if r.in(15) {
			b.WriteString(r.of("big", "32", "nocrc", "sign", "sign 00", "big\n32") + "\n")
		}
		for j := range r.IntN(3) {
			fmt.Fprintf(&b, "export sym_%d_%d\n", i, j)
		}
		if r.in(3) {
			fmt.Fprintf(&b, "export %s\n", r.of("sym_1", "sym.x", "_sym", ".dot", "SYM"))
		}
		for range r.IntN(3) {
			from := i + 1
			if r.in(9) {
				from = len(names) // a cycle may come of it
			}
			fmt.Fprintf(&b, "%s sym_%d_%d\n", r.of("import", "import", "weak"), r.IntN(from), r.IntN(2))
		}
		if r.in(6) {
			fmt.Fprintf(&b, "import %s\n", r.of("sym_1", "_sym", ".dot", "unknown", "printk"))
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	fmt.Fprintf(&b, "-- lib/modules/1.0/modules.order --\n%s\n", strings.Join(order, "\n"))
	b.WriteString("-- lib/modules/1.0/modules.builtin --\nkernel/core.ko\nkernel/net/bu-ilt.ko\n")
	fmt.Fprintf(&b, "-- lib/modules/1.0/modules.builtin.modinfo --\ncore.license=GPL\ncore.alias=core-alias\ncore.alias=%s\nbu_ilt.parm=x:y\nbu_ilt.%s\n", r.alias(), strings.TrimPrefix(r.info(), "info "))
	fmt.Fprintf(&b, "-- fake/proc/cmdline --\n%s\n", r.cmdline())
	for _, file := range []string{"etc/m.d/a.conf", "etc/m.d/b.conf"} {
		fmt.Fprintf(&b, "-- %s --\n", file)
		for range r.IntN(8) {
			b.WriteString(r.config())
		}
	}
	b.WriteString("-- etc/depmod.d/a.conf --\n")
	for range r.IntN(4) {
		fmt.Fprintln(&b, r.of("search updates built-in extra", "search extra updates", "search built-in", "override "+r.word()+" "+r.of("1.0", "*", "2.0")+" "+r.of("updates", "extra", "kernel"),
			"exclude kernel", "exclude a", "make_map_files no", "external * "+r.of("/nowhere", "/lib/modules/1.0/extra"), "# comment", "search", "bogus line", "override x"))
	}
	b.WriteString("-- fake/answers --\n")
	if r.in(3) {
		fmt.Fprintf(&b, "load %s %d\n", strings.ReplaceAll(r.of(names...), "-", "_"), []int{2, 8, 16, 22, 1, 129}[r.IntN(6)])
	}
	return b.String()
}

// info is a line about .modinfo.
func (r chance) info() string {
	switch r.IntN(8) {
	case 0, 1, 2:
		return "info alias=" + r.alias()
	case 3:
		return "info softdep=" + r.softdep()
	case 4:
		return "info parm=" + r.of("x:an x", "x", "x:", ":x", "debug:on (int)", "x:a:b", "y: y", `x:two\nlines`)
	case 5:
		return "info parmtype=" + r.of("x:int", "x", "y:bool", "debug:charp", "z:array of int", ":int")
	case 6:
		return "info " + r.of("license=GPL", "description=two words", "author=A", "author=B", "name=other", "depends=be-ta,al", "version=1", "firmware=a/b.bin", "vermagic=1.0 SMP ", "import_ns=NS", "retpoline=Y", "intree=Y")
	}
	return "info " + r.of("", "=", "novalue", "=noname", "empty=", "a=b=c", "alias", "description=tab\there", "filename=x", "parm=", "author=\xff\x01")
}

func (r chance) softdep() string {
	var f []string
	for range r.IntN(5) {
		f = append(f, r.of("pre:", "post:", r.word(), r.word(), r.word(), "platform:x"))
	}
	return strings.Join(f, r.of(" ", "  ", "\t"))
}

// config is a line of modprobe.d.
func (r chance) config() string {
	blank := r.of(" ", " ", " ", "\t", "  ")
	var f []string
	switch r.IntN(9) {
	case 0, 1:
		f = []string{"alias", r.of(r.alias(), r.word()), r.word()}
	case 2:
		f = []string{"options", r.of(r.word(), r.alias()), r.of("x=1", "x", `x="a b"`, "x=1 y=2", "x='q' ", `x=a\b`, "")}
	case 3:
		f = []string{"blacklist", r.of(r.word(), r.alias())}
	case 4:
		f = []string{"install", r.of(r.word(), r.alias()), r.of("true", "false", "echo in $CMDLINE_OPTS >&2", "exit 3", "echo $CMDLINE_OPTS$CMDLINE_OPTS $MODPROBE_MODULE >&2", "")}
	case 5:
		f = []string{"remove", r.word(), r.of("true", "false", "echo rm $CMDLINE_OPTS >&2")}
	case 6:
		f = []string{"softdep", r.word(), r.softdep()}
	case 7:
		f = []string{r.of("# comment", "#", "", "alias", "alias x", "bogus", "bogus line here", "options", "softdep", "include other", "config x", "install", "blacklist", "ALIAS a b", "softdep x pre:")}
	case 8:
		f = []string{"alias", r.alias(), r.word(), r.of("more", "#x")}
	}
	line := strings.Join(f, blank)
	switch r.IntN(12) {
	case 0:
		line = blank + line
	case 1:
		line += blank
	case 2:
		if i := strings.IndexByte(line, ' '); i > 0 {
			line = line[:i] + " \\\n" + line[i:]
		}
	}
	return line + "\n"
}

func (r chance) cmdline() string {
	var f []string
	for range r.IntN(5) {
		f = append(f, r.of("quiet", "ro", r.word()+".x=1", r.word()+`.y="a b"`, `"`+r.word()+`.z=c d"`, "modprobe.blacklist="+r.word()+","+r.word(), "modprobe.blacklist=", "a.b.c=1", ".x=1", "x.=1", r.word()+".flag", "root=/dev/x.y=1", "--", r.word()+".q='a b'", `"quoted" `, "modprobe.x=1", "x.y"))
	}
	return strings.Join(f, r.of(" ", "  "))
}

// lines are command lines.
func (r chance) lines(n int) (lines []string) {
	for range n {
		switch r.IntN(10) {
		case 0:
			lines = append(lines, r.modinfo())
		case 1, 2, 3:
			lines = append(lines, r.modprobe(r.of("-R", "-D", "-D", "-nv", "-nvi", "-nvb", "-Db", "-Di", "-Rb", "-qR", "-aR", "-aD", "-anv", "-n -v --first-time", "-Dq", "-rnv", "-rnv --first-time", "-arnv", "-rnvi")))
		case 4, 5, 6:
			lines = append(lines, r.modprobe(r.of("", "", "-v", "-b", "-bv", "-i", "-a", "-av", "-q", "--first-time", "-f", "-vi", "--force-vermagic", "-q --first-time", "-ab"))+"; log; cat /proc/modules")
		case 7:
			lines = append(lines, "rmmod "+r.of("", "-v ", "-f ")+r.words(1)+"; log; cat /proc/modules")
		case 8:
			lines = append(lines, "insmod lib/modules/1.0/kernel/"+r.of(moduleNames...)+".ko"+r.of("", " x=1", " x y=2")+"; log; cat /proc/modules")
		case 9:
			lines = append(lines, r.of("lsmod", "modprobe -d $ROOT -S 1.0 -C etc/m.d -c", "modprobe -d $ROOT -S 1.0 -C etc/m.d/b.conf -c", "modprobe -d $ROOT -S 1.0 -C etc/m.d -C etc/m.d/b.conf -D "+quoted(r.word())))
		}
	}
	return lines
}

func (r chance) modprobe(flags string) string {
	line := "modprobe -d $ROOT -S 1.0 -C etc/m.d " + flags
	if strings.Contains(flags, "a") || strings.Contains(flags, "r") {
		return line + " " + r.words(3)
	}
	line += " " + quoted(r.word())
	for range r.IntN(3) {
		line += " " + r.of("x=1", "x", "'w=a b'", `'q="a b"'`, "--", "y=")
	}
	return line
}

func (r chance) words(most int) string {
	var f []string
	for range 1 + r.IntN(most) {
		f = append(f, quoted(r.word()))
	}
	return strings.Join(f, " ")
}

func quoted(word string) string { return "'" + word + "'" }

func (r chance) modinfo() string {
	line := "modinfo -b $ROOT -k 1.0 " + r.of("", "", "-0 ", "-p ", "-a ", "-d ", "-l ", "-n ", "-F alias ", "-F parm ", "-F nothing ", "-F filename ", "-0 -F author ", "-m ", "-0p ", "-F name ", "-F softdep ", "-F '' ")
	if r.in(3) {
		return line + "lib/modules/1.0/kernel/" + r.of(moduleNames...) + ".ko"
	}
	return line + r.words(2)
}
