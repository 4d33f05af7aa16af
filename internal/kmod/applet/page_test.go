package applet

import (
	"bytes"
	goflag "flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = goflag.Bool("update", false, "rewrite docs/kmod.md")

const kmodPage = "../../../docs/kmod.md"

// tools are the option tables of the applets, in the order of the page.
var tools = []struct {
	name    string
	options []option
}{
	{"modprobe", modprobeOptions}, {"insmod", insmodOptions}, {"rmmod", rmmodOptions},
	{"lsmod", lsmodOptions}, {"modinfo", modinfoOptions}, {"depmod", depmodOptions},
}

// TestKmodPage holds docs/kmod.md to the command lines that TestLikeKmod runs.
func TestKmodPage(t *testing.T) {
	page := makeKmodPage(t)
	if *update {
		if err := os.WriteFile(kmodPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(kmodPage)
	if err != nil || !bytes.Equal(have, page) {
		t.Errorf("docs/kmod.md is not what the tests say (%v): go test ./internal/kmod/applet -run KmodPage -update", err)
	}
}

// caseOf tells the tool a command line is about: the first of them in it that
// does not only prepare for another.
func caseOf(file, line string) string {
	for _, t := range tools {
		if strings.HasPrefix(file, t.name) {
			return t.name
		}
	}
	for _, t := range tools {
		if regexp.MustCompile(`\b` + t.name + `\b`).MatchString(line) {
			return t.name
		}
	}
	return "lsmod"
}

// pageRow is what the page says of one behaviour.
type pageRow struct {
	tool, what string
	lines      int
	differ     map[string]int    // by version of kmod
	why        map[string]string // reason, and of which versions
}

// readCases reads the command lines of testdata/kmod.
func readCases(t *testing.T) (rows []*pageRow, all map[string][]string) {
	t.Helper()
	files, err := filepath.Glob("testdata/kmod/*.test")
	if err != nil {
		t.Fatal(err)
	}
	all = map[string][]string{}
	byKey := map[string]*pageRow{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq("\n"+string(text), "\nrun\n") {
			input, _, ok := strings.Cut(block, "\n----")
			c, err := parseCase(input)
			if !ok || err != nil || strings.HasPrefix(strings.TrimSpace(block), "tree") {
				continue
			}
			tool := caseOf(filepath.Base(file), c.line)
			all[tool] = append(all[tool], c.line)
			key := tool + "\x00" + c.what
			r := byKey[key]
			if r == nil {
				r = &pageRow{tool: tool, what: c.what, differ: map[string]int{}, why: map[string]string{}}
				byKey[key] = r
				rows = append(rows, r)
			}
			r.lines++
			versions := c.differs
			if c.alone != "" {
				versions, c.why = []string{"30", "34"}, c.alone
			}
			for _, v := range versions {
				r.differ[v]++
			}
			if len(versions) > 0 {
				r.why[c.why] = strings.Join(versions, " and ")
			}
		}
	}
	return rows, all
}

func makeKmodPage(t *testing.T) []byte {
	rows, lines := readCases(t)
	var b bytes.Buffer
	b.WriteString(`# kmod's six tools, and ours

Generated from the command lines that the tests run (internal/kmod/applet/testdata/kmod), each by our tools and by
kmod's on the same tree, configuration and kernel of files; standard output, standard error and exit status have to be
the same. Do not edit: go test ./internal/kmod/applet -run KmodPage -update

kmod 30 is Debian 12's, 34 Debian 13's (34.2). Where upstream has changed since, ours is upstream's newest, and both
columns say so. Where a test runs without kmod's tools, our own answers are still held. To compare with further tools:
KMODSH_KMOD=DIR[:DIR...] go test ./internal/kmod/applet -run LikeKmod
Further command lines, made by chance on trees made by chance:
KMODSH_RANDOM=TREES[:SEED] go test ./internal/kmod/applet -run LikeKmodRandom

What ours does otherwise on purpose, and no line of these tables shows:
- Help texts and what ` + "`-V`" + ` prints are our own words; more than one ` + "`-v`" + ` adds nothing, where kmod tells of its own insides.
- A release with a slash in it, or of one or two dots alone (` + "`-S`" + `, ` + "`-k`" + `, ` + "`depmod RELEASE`" + `), is refused: it becomes part of a path.
- Whether a module is loaded the kernel is asked by names of letters, digits, _, - and + alone, as its build makes them; others count as not loaded.
- insmod, rmmod, lsmod and modinfo FILE read no configuration; kmod's read modules.softdep of the running kernel, and say so when a line of it is bad.
- modinfo of an alias whose module has no file in modules.dep says that it is not found; kmod calls it built in.
- Of a module that is not loaded and has a remove command, ours looks for no holders.
- rmmod of a module that is just being removed asks the kernel and tells what it says; kmod fails without a word.
- Where SIGPIPE is ignored and nobody reads standard output any more, ours ends by that signal nevertheless. Where standard error is closed, kmod takes the system log, ours says nothing.
- Where /proc is not mounted, rmmod and modprobe -r say so and do nothing; kmod makes do with /sys.
- KMOD_LOG tells of nothing inside: it only silences what is said of bad lines of the configuration.
- A file of the configuration may have 256 MiB, and a larger one is an error, since its text is kept. A million lines take about as much memory as with
  kmod. A device that does not end within 1 MiB, or a pipe that does not within 256, is told of and passed over; kmod reads on until its memory is used up.
- Of a damaged .xz file kmod 34's library says in a line before kmod's own what liblzma calls it (xz_uncompress_belch: File is corrupt, Unexpected end of
  input, ...); ours has kmod's own line alone.
- Where the path of the module directory takes 4096 bytes or more, ours says that the file name is too long, kmod that the directory is bad; the exit status is
  the same. rmmod shows a name of that length whole, kmod its first 4095 bytes.
- In a working directory that was removed, ours says that there is none; kmod that kmod_new() failed, of a file that is named from there that memory cannot be
  allocated. What is named by its whole path works with both.
- An empty release (-S '', -k '') is the running kernel's.
- depmod takes of modules of one name and the same right the first in the order of the paths, kmod the one that the file system lists first. With -A it also sees that a directory has changed, and so a module that was taken away or came with an old time. It passes over hidden files and paths that no index can hold (blanks, colons, bytes beyond ASCII), leaves out aliases that are not printable,
  and says so. It takes the last line of modules.order also without its newline, and writes a sound index where kmod leaves an empty file.
- depmod -A -o DIR also makes the indexes when there are none in DIR; kmod looks at those of the tree alone. Where an index cannot be written (no right to
  make a file), depmod fails; kmod says so of each index, and succeeds.
- depmod -E takes checksums from the tables of Linux 6.14 (__version_ext_crcs), too, and reads a .zst file that does not say its size; kmod 34 does neither.
- modinfo of a module file shows what that file says; where a built-in module has its name, kmod shows what the kernel's build says of that.

- Where the kernel answers EEXIST or EBUSY for a module that another loader is just loading or removing, ours waits until it is live or gone and asks
  again, at most 15 times: EBUSY passes (Linux 6.2, commit 0254127ab977: another load of it failed), and EEXIST does not mean ready. Without a
  sign of another loader the kernel is asked once more only. kmod takes EEXIST for success and EBUSY for failure.

What ours says beyond that, on standard error: the kernel's log lines about a refused module and what they mean, which dependency was
refused, who uses a module that cannot be removed, and where an index is damaged (file and byte; it is then not used,
and a sound text beside it read in its place; of a damaged modules.softdep the sound lines count).

` + "`modprobe --jobs N`" + ` is ours alone. It loads up to N modules at once, of all names that ` + "`-a`" + ` is given together: a module when those that
it needs are loaded, what softdep lines name in their order, an install command while nothing else is done. A module that could not be loaded then
fails those that need it and nobody else, where without the flag modprobe stops at the first failure; the message and the exit status are those of the
first failure in modprobe's own order. Without it modules are loaded one after the other, in kmod's order.

Who asks ` + "`modprobe -R`, `-D` or `-c`" + ` thousands of times takes ` + "`kmodsh-modprobe`" + ` (in the Debian package /usr/lib/kmodsh/modprobe): a
small program of the same code for these three, which becomes kmodsh for everything else. ` + "`make bench`" + ` has both beside kmod's.
`)
	for _, tool := range tools {
		fmt.Fprintf(&b, "\n## %s\n\n| flag | argument | command lines that use it |\n| --- | --- | --- |\n", tool.name)
		for _, o := range tool.options {
			var names []string
			if o.short != 0 {
				names = append(names, "-"+string(o.short))
			}
			if o.long != "" {
				names = append(names, "--"+o.long)
			}
			arg := ""
			if o.arg {
				arg = "yes"
			}
			if o.own {
				arg += ", and kmod has no such flag"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %d |\n", strings.Join(names, "`, `"), arg, uses(lines[tool.name], o))
		}
		b.WriteString("\n| behaviour | command lines | as kmod 30 | as kmod 34 | where not |\n| --- | --- | --- | --- | --- |\n")
		for _, r := range rows {
			if r.tool != tool.name {
				continue
			}
			var why []string
			for _, reason := range slices.Sorted(maps.Keys(r.why)) {
				why = append(why, r.why[reason]+": "+reason)
			}
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", strings.ReplaceAll(r.what, "|", `\|`), r.lines,
				agree(r, "30"), agree(r, "34"), strings.Join(why, "; "))
		}
	}
	return b.Bytes()
}

// agree says how many command lines give the same answer.
func agree(r *pageRow, version string) string {
	if r.differ[version] == 0 {
		return "yes"
	}
	return fmt.Sprintf("%d of %d", r.lines-r.differ[version], r.lines)
}

// commandOf finds the commands of kmod's tools in a line of the shell.
var commandOf = regexp.MustCompile(`\b(modprobe|insmod|rmmod|lsmod|modinfo|depmod) [^;|]*`)

// uses counts the command lines with a flag.
func uses(lines []string, o option) (n int) {
	var long, short *regexp.Regexp
	if o.long != "" {
		long = regexp.MustCompile(` --` + o.long + `\b`)
	}
	if o.short != 0 {
		short = regexp.MustCompile(` -[a-zA-Z0-9]*` + string(o.short))
	}
	for _, l := range lines {
		l = strings.Join(commandOf.FindAllString(l, -1), " ")
		if long != nil && long.MatchString(l) || short != nil && short.MatchString(l) {
			n++
		}
	}
	return n
}

// helpFlag finds the flags in the help of kmod's tools.
var helpFlag = regexp.MustCompile(`(?m)^\s+(?:-(\w), )?--([a-z-]+)`)

// TestEveryFlagOfKmod holds that every flag in the help of kmod's tools is one
// of ours.
func TestEveryFlagOfKmod(t *testing.T) {
	for _, p := range peers(t) {
		for _, tool := range tools {
			text, _ := exec.Command(filepath.Join(p.path, tool.name), "--help").CombinedOutput()
			found := helpFlag.FindAllStringSubmatch(string(text), -1)
			if len(found) == 0 && tool.name != "lsmod" {
				t.Errorf("kmod %s: no flags in the help of %s", p.version, tool.name)
			}
			for _, f := range found {
				if o, err := longOption(f[2], tool.options); err != nil || o.long != f[2] {
					t.Errorf("kmod %s: %s --%s is none of ours: %v", p.version, tool.name, f[2], err)
				}
				if f[1] == "" {
					continue
				}
				if _, err := shortOption(f[1][0], tool.options); err != nil {
					t.Errorf("kmod %s: %s -%s: %v", p.version, tool.name, f[1], err)
				}
			}
		}
	}
}
