package applet

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

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
		own := strings.ReplaceAll(n, "-", "_") // how the kernel calls one that comes by memory
		if r.in(20) {
			own = "other"
		}
		fmt.Fprintf(&b, "-- lib/modules/1.0/%s --\ninfo license=GPL\ninfo name=%s\n", path, own)
		for range r.IntN(7) {
			b.WriteString(r.info() + "\n")
		}
		if r.in(15) {
			b.WriteString(r.of("big", "32", "nocrc", "sign", "sign 00", "big\n32") + "\n")
		}
		for j := range r.IntN(3) {
			fmt.Fprintf(&b, "export sym_%d_%d\n", i, j)
		}
		special := ""
		if r.in(3) {
			special = r.of("sym_1", "sym.x", "_sym", ".dot", "SYM")
			fmt.Fprintf(&b, "export %s\n", special)
		}
		for range r.IntN(4) {
			other := r.IntN(i + 1)
			if r.in(9) {
				other = r.IntN(len(names)) // a cycle may come of it
			}
			if other != i { // no linker leaves a module that needs itself
				fmt.Fprintf(&b, "%s sym_%d_%d\n", r.of("import", "import", "weak"), other, r.IntN(2))
			}
		}
		if need := r.of("sym_1", "_sym", ".dot", "unknown", "printk"); r.in(6) && need != strings.TrimPrefix(special, ".") && "."+need != special && need != special {
			fmt.Fprintf(&b, "import %s\n", need)
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
	if r.in(2) {
		b.WriteString("-- fake/system --\n")
		for _, dir := range []string{"etc", "run", "usr/local/lib", "usr/lib"} {
			fmt.Fprintf(&b, "-- %s/modprobe.d/%s.conf --\n", dir, r.of("a", "b", "x y", ".hidden"))
			for range r.IntN(4) {
				b.WriteString(r.config())
			}
		}
	}
	r.loaded(&b, names)
	b.WriteString("-- fake/answers --\n")
	if r.in(3) {
		fmt.Fprintf(&b, "load %s %d\n", strings.ReplaceAll(r.of(names...), "-", "_"), []int{2, 8, 16, 22, 1, 129}[r.IntN(6)])
	}
	return b.String()
}

// loaded has some modules loaded: a chain of which each uses the next.
func (r chance) loaded(b *strings.Builder, names []string) {
	var list []string
	for _, n := range append([]string{"foreign"}, names...) {
		if r.in(3) {
			list = append(list, strings.ReplaceAll(n, "-", "_"))
		}
	}
	var lines strings.Builder
	for i, n := range list {
		refs, users := r.of("0", "0", "0", "2"), "-"
		if i > 0 && r.in(2) {
			refs, users = "1", list[i-1]+","
			fmt.Fprintf(b, "-- fake/sys/module/%s/holders/%s --\n-> ../../%s\n", n, list[i-1], list[i-1])
		}
		fmt.Fprintf(&lines, "%s %d %s %s %s 0x0000000000000000\n", n, 4096*(1+r.IntN(99)), refs, users, "Live")
		fmt.Fprintf(b, "-- fake/sys/module/%s/initstate --\nlive\n-- fake/sys/module/%s/refcnt --\n%s\n", n, n, refs)
	}
	fmt.Fprintf(b, "-- fake/proc/modules --\n%s", lines.String())
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
