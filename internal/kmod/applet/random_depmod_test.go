package applet

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLikeKmodRandomDepmod is TestLikeKmodRandom for depmod's flags and
// configuration: modules of one name in several directories, compressed, cut
// off, linked, of other classes and byte orders; files of symbols; orders that
// name some of the modules or none.
func TestLikeKmodRandomDepmod(t *testing.T) {
	var trees, first uint64
	if n, _ := fmt.Sscanf(os.Getenv("KMODSH_RANDOM"), "%d:%d", &trees, &first); n == 0 {
		t.Skip("compares with kmod's depmod for as long as one likes: KMODSH_RANDOM=TREES[:SEED] runs it")
	}
	others, library := peers(t), fakeLibrary(t)
	if len(others) == 0 || library == "" || !namespaces() {
		t.Fatal("no tools of kmod that can be kept off this machine's kernel (apt-get install kmod gcc libc6-dev)")
	}
	for seed := first; seed < first+trees; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDepmodChance(seed)
			tree := filepath.Join(t.TempDir(), "tree")
			if err := os.WriteFile(tree, []byte(d.tree()), 0o644); err != nil {
				t.Fatal(err)
			}
			lines := append([]string{d.prepare()}, d.lines(5)...)
			ours := newBox(t, tree, peer{}, "")
			var answers []string
			for _, l := range lines {
				answers = append(answers, ours.run(l))
			}
			for _, p := range others {
				theirs := newBox(t, tree, p, library)
				for i, l := range lines {
					if want := theirs.run(l); answers[i] != want {
						t.Errorf("%s\n-kmod %s +ours:\n%s", l, p.version, cmp.Diff(strings.Split(want, "\n"), strings.Split(answers[i], "\n")))
					}
				}
			}
		})
	}
}

// depmodChance makes a tree for depmod.
type depmodChance struct {
	chance
	files []string // of modules, below the tree
}

func newDepmodChance(seed uint64) *depmodChance {
	return &depmodChance{chance: chance{rand.New(rand.NewPCG(seed, 1))}}
}

// depmodDirs are where modules are: of one name there is one in each at most,
// and the search orders name them all, so that the order of the file system
// decides nothing.
var depmodDirs = []string{"kernel", "updates", "more/dkms", "extra", "weak-updates/a", "updates2"}

func (d *depmodChance) tree() string {
	var b strings.Builder
	names := []string{"alpha", "be-ta", "be_ta2", "x.y", "UP", "1,2", "a+b", "snd-pcm", "d-e_f", "m9"}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	ordered := d.in(2) // modules.order names all of them
	var order []string
	for i, name := range names[:3+d.IntN(len(names)-2)] {
		dirs := append([]string(nil), depmodDirs...)
		d.Shuffle(len(dirs), func(i, j int) { dirs[i], dirs[j] = dirs[j], dirs[i] })
		for _, dir := range dirs[:1+d.IntN(3)] {
			file := dir + "/" + name + ".ko"
			d.files = append(d.files, file)
			if ordered || d.in(3) {
				order = append(order, file)
			}
			fmt.Fprintf(&b, "-- lib/modules/1.0/%s --\n", file)
			d.module(&b, i)
		}
	}
	d.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if ordered || d.in(2) {
		fmt.Fprintf(&b, "-- lib/modules/1.0/modules.order --\n%s\n", strings.Join(append(order, "kernel/gone.ko"), "\n"))
	}
	for _, f := range []string{"kernel/core.ko\nkernel/a/bu-ilt.ko\n", "kernel/core.ko\nnot/a/module\n/\n\n"} {
		if d.in(2) {
			fmt.Fprintf(&b, "-- lib/modules/1.0/modules.builtin --\n%s", f)
			break
		}
	}
	if d.in(2) {
		fmt.Fprintf(&b, "-- lib/modules/1.0/modules.builtin.modinfo --\ncore.alias=%s\ncore.alias=%s\nx.license=GPL\n", d.alias(), d.alias())
	}
	d.configuration(&b)
	d.symbolFiles(&b)
	return b.String()
}

// module describes one. Symbols are wanted of modules before it, so that there
// is no cycle, and each is one module's alone.
func (d *depmodChance) module(b *strings.Builder, i int) {
	for range d.IntN(4) {
		b.WriteString(d.info() + "\n")
	}
	if d.in(5) {
		fmt.Fprintf(b, "info alias=devname:node%d\n", i)
		if d.in(2) {
			fmt.Fprintf(b, "info alias=%s-major-%d-%d\n", d.of("char", "block"), i, d.IntN(300))
		}
	}
	if d.in(8) {
		b.WriteString(d.of("big", "32", "nocrc", "sign", "big\n32") + "\n")
	}
	for j := range d.IntN(3) {
		fmt.Fprintf(b, "export s%d_%d\n", i, j)
	}
	if d.in(6) {
		fmt.Fprintf(b, "export %s%d\n", d.of("_under", ".dot", "__two", "SYM"), i)
	}
	wanted := map[string]bool{} // no linker asks twice
	for range d.IntN(6) {
		symbol := d.of("printk", "kmalloc", "unknown_one", ".printk", "_printk", "__this_module", "_GLOBAL_OFFSET_TABLE_")
		if i > 0 && d.in(2) {
			symbol = fmt.Sprintf("s%d_%d", d.IntN(i), d.IntN(2))
		}
		if !wanted[symbol] {
			wanted[symbol] = true
			fmt.Fprintf(b, "%s %s\n", d.of("import", "import", "weak", "version"), symbol)
		}
	}
}

// configuration writes depmod.d in two files.
func (d *depmodChance) configuration(b *strings.Builder) {
	search := []string{"more/dkms", "updates", "extra", "weak-updates", "updates2", "built-in"}
	d.Shuffle(len(search), func(i, j int) { search[i], search[j] = search[j], search[i] })
	b.WriteString("-- etc/depmod.d/10-search.conf --\n")
	fmt.Fprintf(b, "search %s\nsearch %s\n", strings.Join(search[:2], d.of(" ", "\t", "   ")), strings.Join(search[2:], " "))
	b.WriteString("-- etc/depmod.d/20-more.conf --\n")
	for range d.IntN(5) {
		name := d.of("alpha", "be-ta", "be_ta", "x.y", "x", "UP", "snd-pcm", "*")
		b.WriteString(d.of(
			"override "+name+" "+d.of("*", "1.0", "1\\..*", "[", "2.0", "1", "^1")+" "+d.of("extra", "kernel", "updates", "more/dkms", "extra/"),
			"exclude "+d.of("extra", "dkms", "alpha.ko", "kernel", "a weak-updates", "UP*"),
			"external * "+d.of("/nowhere", "relative"), "make_map_files "+d.of("yes", "no", ""),
			"# comment", "#x \\", "bogus", "search", "override "+name, "include x", " ", "external *",
			"exclude \\\n extra", "\toverride "+name+"\t*\textra more") + "\n")
	}
}

// symbolFiles writes what -F and -E read.
func (d *depmodChance) symbolFiles(b *strings.Builder) {
	b.WriteString("-- System.map --\n")
	for range 1 + d.IntN(4) {
		name := d.of("printk", "kmalloc", "_printk", "other")
		b.WriteString(d.of("ffffffff81000000 T "+name, "ffffffff81000000 r __ksymtab_"+name, "ffffffff81000000 r ___ksymtab_"+name,
			"ffffffff81000000 r __ksymtab_"+name, "0 A __crc_"+name, "short", "x y") + "\n")
	}
	b.WriteString("-- Module.symvers --\n")
	for range 1 + d.IntN(5) {
		name := d.of("printk", "kmalloc", "_printk", "s0_0", "s1_0")
		crc := fmt.Sprintf("0x%08x", koCRC(name))
		if d.in(3) {
			crc = d.of("0x1", "12ab", "0x00000000")
		}
		fmt.Fprintf(b, "%s\t%s\t%s\tEXPORT_SYMBOL\n", crc, name, d.of("vmlinux", "vmlinux", "drivers/x"))
	}
}

// prepare is a line that changes some files.
func (d *depmodChance) prepare() string {
	line := "cd lib/modules/1.0"
	for _, f := range d.files {
		switch d.IntN(12) {
		case 0, 1:
			line += "; xz --check=" + d.of("crc32", "crc64", "none") + " " + f
		case 2, 3:
			line += "; zstd -q --rm " + f
		case 4:
			line += fmt.Sprintf("; head -c %d %s >cut; mv cut %s", 64+d.IntN(1500), f, f)
		case 5:
			line += "; mv " + f + " away; ln -s $ROOT/lib/modules/1.0/away " + f
			return line
		}
	}
	return line + d.of("", "; ln -s nowhere kernel/dangling.ko", "; mkdir build source; ln -s $ROOT/etc build/x; cp kernel/*.ko build/")
}

// lines are command lines.
func (d *depmodChance) lines(n int) (lines []string) {
	show := " | grep -v '^weakdep\\|^# Weak'"
	for range n {
		flags := d.of("", "", "-a", "-w", "-e -F System.map", "-e -E Module.symvers", "-e -P _ -F System.map", "-e -P _ -E Module.symvers", "-v", "-e", "-we -E Module.symvers -F System.map")
		config := d.of("-C etc/depmod.d", "-C etc/depmod.d/10-search.conf")
		if d.in(3) {
			lines = append(lines, "depmod -n "+flags+" "+config+" -b $ROOT 1.0 2>err"+show+"; grep -v 'libkmod:\\|only the name\\|dangling' err | sort >&2")
			continue
		}
		const sums = "; md5sum modules.dep modules.alias modules.symbols modules.softdep modules.devname"
		lines = append(lines, "rm -f lib/modules/1.0/modules.*.bin lib/modules/1.0/modules.dep; depmod "+flags+" "+config+" -b $ROOT 1.0 2>err | sort; grep -v 'libkmod:\\|only the name\\|dangling' err | sort >&2; cd lib/modules/1.0; cat modules.dep modules.alias modules.symbols modules.softdep modules.devname"+show+sums+
			"; for n in be-ta s0_0 al-x symbol:s0_0 core; do modprobe -d $ROOT -S 1.0 -C /nowhere -D $n 2>/dev/null; done")
	}
	return lines
}
