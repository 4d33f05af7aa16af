package kmod

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLikeModprobe compares resolving and planning with kmod's modprobe, on
// the small tree under configurations that reach each rule. kmod reads this
// machine's /proc/cmdline, so it is given to both.
func TestLikeModprobe(t *testing.T) {
	modprobe, err := exec.LookPath("modprobe")
	if err != nil {
		t.Skipf("kmod's modprobe is not installed (apt-get install kmod): %v", err)
	}
	if out, err := exec.Command(modprobe, "--version").Output(); err != nil || !strings.HasPrefix(string(out), "kmod version 30") {
		t.Skipf("%s is not kmod 30, whose rules these are: %q %v", modprobe, out, err)
	}
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		t.Skipf("what modprobe takes from the command line is not known: %v", err)
	}
	root := t.TempDir()
	dir := filepath.Join(root, "lib/modules/K")
	putFiles(t, dir, smallTree(t, true))
	putFiles(t, dir, smallTree(t, false)) // softdep and modules; modprobe reads the .bin
	configs := map[string]string{
		"none": "",
		"aliases": `-- a.conf --
alias fs-* snd-seq
alias fs-ext4 never-was
alias loop ext4
alias crc[0-9a-f]6 old
options fs-* a=1
options ext4 b="x y"
blacklist snd_seq
`,
		"commands": `-- a.conf --
install crc16 echo $CMDLINE_OPTS
install s*d echo pattern
install ext4 ignored, ext4 has softdeps
install thing /bin/true
remove other /bin/true
-- b.conf --
install crc16 echo second
softdep jbd2 pre: thing other nothing post: loop-a
softdep ext4 pre: old
`,
		"softdeps": `-- z.conf --
softdep ext4 pre: new
softdep soundcore pre: snd-seq post: char-major-116-1
softdep snd* pre: ext4 fuse post: crypto-aes
softdep old  pre: new post: new
softdep new pre: old
options char-major-116-1 x=1
blacklist ext4
blacklist crc16
`,
		"command line": "-- a.conf --\noptions  ext4\ta=1 \n",
	}
	names := strings.Fields(`ext4 fs-ext4 ext3 EXT4 snd-seq snd_seq snd soundcore char-major-116-1 char-major-116-7
		devname:snd/seq symbol:crc16 symbol:nothing fuse fs-fuse loop block-major-7-0 crypto-aes aes-generic
		pci:v00008086d000010D3sv0sd0bc02sc00i00 pci:v00008086d000030D3sv0sd0bc02sc00i00 of:NfooTbarCacme,one7Cx
		plain-end plain--end stranger nothing loop-a loop-b loop-base old new crc16 jbd2 thing other broken gone
		fs-x crc96 * ? fs-[4e]xt4 a]b a[b`)
	for label, text := range configs {
		t.Run(label, func(t *testing.T) {
			conf, c := readConfigs(t, text, "")
			c.cmdline = fromCmdline(string(cmdline))
			tree, err := OpenTree(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			r := NewResolver(tree, c)
			for _, name := range names {
				for _, mode := range [][]string{{"-R"}, {"-D"}, {"-D", "-i"}, {"-D", "-b"}, {"-D", "p=1 2", "q"}} {
					args := []string{"-q", "-d", root, "-S", "K", "-C", conf, mode[0]}
					var opt PlanOptions
					rest := []string{"--", name}
					switch {
					case len(mode) == 1:
					case mode[1] == "-i":
						opt.IgnoreCommands, args = true, append(args, "-i")
					case mode[1] == "-b":
						opt.Blacklist, args = true, append(args, "-b")
					default:
						opt.Params, rest = JoinParams(mode[1:]), append(rest, mode[1:]...)
					}
					out, runErr := exec.Command(modprobe, append(args, rest...)...).Output()
					var lines []string
					if mode[0] == "-R" {
						lines, err = r.ShowNames(name)
					} else {
						lines, err = r.ShowDepends(name, "", opt)
					}
					got := strings.Join(append(lines, ""), "\n")
					if diff := cmp.Diff(string(out), got); diff != "" {
						t.Errorf("modprobe %q %s: -kmod +ours\n%s", mode, name, diff)
					}
					// A missing file of a dependency is an error for us only.
					if len(lines) == 0 && (runErr == nil) != (err == nil) {
						t.Errorf("modprobe %q %s: kmod %v, ours %v", mode, name, runErr, err)
					}
				}
			}
		})
	}
}
