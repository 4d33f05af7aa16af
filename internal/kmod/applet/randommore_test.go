package applet

import (
	"fmt"
	"strings"
)

// What follows has numbers of its own, so that a seed makes the tree and the
// lines that it made before it came, and these behind them.

// moreTree are further files of a tree: a second directory of configuration
// with files of the same names, links and "..", weak dependencies, commands with
// and inside of modprobe, another name of the tree itself.
func (r chance) moreTree() string {
	var b strings.Builder
	b.WriteString("-- lib/modules/1.0/extra/weak-dep.ko --\ninfo name=weak_dep\n")
	for range r.IntN(4) {
		fmt.Fprintf(&b, "info weakdep=%s\n", r.of("", r.word(), r.word()+" "+r.word(), " "+r.word()))
	}
	for _, file := range []string{"etc/m.d/c.conf", "etc/n.d/a.conf", "etc/n.d/z.conf", "etc/n.d/none.txt", "etc/one.conf"} {
		fmt.Fprintf(&b, "-- %s --\n", file)
		for range r.IntN(6) {
			if r.in(2) {
				b.WriteString(r.config())
			} else {
				b.WriteString(r.moreConfig() + "\n")
			}
		}
	}
	b.WriteString("-- etc/link.conf --\n-> n.d/../one.conf\n-- etc/linkdir --\n-> ./n.d\n-- etc/m.d/link.conf --\n-> ../one.conf\n-- etc/n.d/gone.conf --\n-> nowhere\n-- lib/modules/link --\n-> 1.0\n")
	return b.String()
}

// moreConfig is a line of modprobe.d.
func (r chance) moreConfig() string {
	inside := "modprobe -d $ROOT -S 1.0 " + r.of("-D ", "-R ", "-nv ", "-aR ", "-c | grep -c ") + r.word()
	return r.of("weakdep "+r.word()+" "+r.word()+" "+r.word(), "weakdep "+r.word(), "weakdep", "weakdep "+r.alias()+"\t"+r.word(),
		"blacklist "+r.word(), "blacklist "+r.alias(), "blacklist "+r.word()+" more",
		"install "+r.word()+" echo [$CMDLINE_OPTS] \"$CMDLINE_OPTS\" '$CMDLINE_OPTS' >&2",
		"install "+r.word()+" "+inside+" >&2", "install "+r.word()+" echo $MODPROBE_OPTIONS $MODPROBE_MODULE",
		"remove "+r.word()+" "+inside+" >&2", "remove "+r.word()+" echo $MODPROBE_OPTIONS $MODPROBE_MODULE [$CMDLINE_OPTS]",
		"options "+r.word()+` a="b c" \`+"\n"+r.of("", " ", "d=e", "\t# x"), "softdep "+r.word()+" pre: "+r.word()+" post: "+r.word(),
		"alias "+r.word()+" "+r.word(), "options "+r.word()+" "+strings.Repeat("long=value,", 40))
}

// moreLines are command lines for it. The last ones have some of the indexes
// only, neither text nor binary of the others.
func (r chance) moreLines(n int) (lines []string) {
	for i := range n {
		if i == n*2/3 {
			for range 1 + r.IntN(3) {
				lines = append(lines, fmt.Sprintf("rm -f lib/modules/1.0/modules.%[1]s lib/modules/1.0/modules.%[1]s.bin; log; cat /proc/modules",
					r.of("alias", "symbols", "softdep", "weakdep", "builtin", "builtin.[am]*", "builtin.[am]*", "dep", "devname", "order")))
			}
		}
		line := "modprobe " + r.of("-d $ROOT", "-d $ROOT/lib/..", "-d .", "--dirname=$ROOT/", "-d $ROOT//") + r.of(" -S 1.0 ", " -S 1.0 ", " -S1.0 ", " --set-version=link ", " --set 1.0 ") +
			r.of("-C etc/m.d ", "-C etc/m.d -C etc/n.d ", "-C etc/n.d -C etc/m.d ", "-C etc/linkdir ", "-Cetc/link.conf ", "--config=etc/../etc/n.d/ ", "-C etc/m.d/link.conf ", "-C /dev/null ", "-C etc/m.d -C etc/m.d ", "-C etc/n.d/none.txt ", "-C etc/n.d/gone.conf ", "-C etc ", "-C etc/one.conf -C /dev/null ") +
			r.of("-c", "-D", "-D", "-R", "-R", "-nv", "-nv", "-Db", "-aD", "-aR", "-anv", "-v", "-bv", "-av", "-rnv", "-rv", "-arv", "-r", "-i", "-vi", "-rvi")
		line = r.of("", "", "", "", "POSIXLY_CORRECT=1 ", "MODPROBE_OPTIONS='-C etc/n.d' ", "MODPROBE_OPTIONS='-b -v' ", "MODPROBE_OPTIONS='-i' ") + line
		if !strings.HasSuffix(line, "c") {
			line += " " + r.words(2) + r.of("", "", "", " x=1", ` 'y="a b"'`, " -v", " -x", " --", " ''", " -- -q")
		}
		lines = append(lines, line+r.of("", " 2>&1")+"; log; cat /proc/modules")
	}
	return lines
}
