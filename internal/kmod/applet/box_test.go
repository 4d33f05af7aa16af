package applet

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	_ "example.org/kmodsh/internal/kmod/unpack/link"
)

// box is a root directory and a kernel of files for one set of tools.
type box struct {
	t     *testing.T
	peer  peer
	dir   string // with root, fake (proc and sys) and bin
	tools string

	log     *sysLog   // where its /dev/log leads
	orders  io.Writer // to its shell
	answers *bufio.Reader
	stop    func()
}

func newBox(t *testing.T, tree string, p peer, library string) *box {
	t.Helper()
	b := &box{t: t, peer: p, dir: openDir(t)}
	ar, err := txtar.ParseFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"root", "fake/proc/real", "fake/sys/module", "bin"} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ar.Files = append([]txtar.File{{Name: "fake/proc/cmdline", Data: []byte("quiet\n")}, {Name: "fake/proc/modules"}}, ar.Files...)
	for _, f := range ar.Files {
		b.put(f.Name, f.Data)
	}
	if err := os.Symlink("real/self", filepath.Join(b.dir, "fake/proc/self")); err != nil {
		t.Fatal(err)
	}
	loaded, _ := filepath.Glob(filepath.Join(b.dir, "fake/sys/module/*/initstate"))
	for _, l := range loaded {
		if err := os.MkdirAll(filepath.Join(filepath.Dir(l), "holders"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.tools = filepath.Join(b.dir, "bin")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		to := filepath.Join(b.tools, name)
		if p.path == "" {
			err = os.Symlink(self, to)
		} else {
			text := fmt.Sprintf(peerScript, library, p.path, name, patience)
			err = os.WriteFile(to, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.log = listenSysLog(t, filepath.Join(b.dir, "fake/devlog"))
	b.start()
	return b
}

// openDir makes a temporary directory that other users may go into, too.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// peerScript starts a tool of kmod on the kernel of files. One that goes round
// for ever, or starts itself for ever by its remove commands, is ended, all of
// it, and the status is that of the signal.
const peerScript = `#!/bin/sh
[ "$BOUNDED" ] || BOUNDED=1 exec timeout -s KILL %[4]d "$0" "$@"
LD_PRELOAD=%[1]s exec %[2]s/%[3]s "$@"
`

// patience is how many seconds a tool of kmod may take: well under the minute
// after which a box has no answer.
const patience = 20

// put writes one file of the tree; its name tells what becomes of the text.
func (b *box) put(name string, data []byte) {
	b.t.Helper()
	if !strings.HasPrefix(name, "fake/") {
		name = "root/" + name
	}
	to := filepath.Join(b.dir, name)
	switch {
	case strings.HasSuffix(name, ".ko"):
		data = koText(string(data))
	case strings.HasSuffix(name, ".modinfo"):
		data = bytes.ReplaceAll(data, []byte{'\n'}, []byte{0})
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if target, ok := bytes.CutPrefix(data, []byte("-> ")); ok {
		if err := os.Symlink(strings.TrimSpace(string(target)), to); err != nil {
			b.t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// boxScript mounts the files of the fake kernel where it can, then runs the line
// in the file "line" each time it is told to. log prints what the fake kernel
// was asked, and tells of a tool that did not come to its end. Where the tree
// has a file fake/system, it also becomes the system's own: lib/modules/1.0 that
// of the running kernel, etc/modprobe.d and the others those which are read when
// nobody says which.
const boxScript = `box=$1
# over lets names below a directory be others, and leaves all else in it.
over() {
	d=$(readlink -f "$1"); shift
	mkdir -p "$box/real$d" "$box/top$d" && mount --bind "$d" "$box/real$d" && mount -t tmpfs none "$box/top$d" || exit 1
	ln -s "$box/real$d"/* "$box/top$d/"
	for n; do
		rm -f "$box/top$d/$n"
		mkdir "$box/top$d/$n"
		cp "$box/root$d/$n"/* "$box/top$d/$n/" 2>/dev/null
	done
	mount --bind "$box/top$d" "$d" || exit 1
}
if [ "$2" = ns ]; then
	if [ -e "$box/fake/system" ]; then
		over /etc modprobe.d depmod.d
		over /run modprobe.d depmod.d
		over /usr/local/lib modprobe.d depmod.d
		over /lib modprobe.d depmod.d modules
		ln -s "$box/root/lib/modules/1.0" "/lib/modules/$(uname -r)"
	fi
	over /dev
	rm -f "$box/top/dev/log" "$box/top/dev/console" && ln -s "$box/fake/devlog" "$box/top/dev/log"
	mount --rbind /proc "$box/fake/proc/real" && mount --rbind "$box/fake/proc" /proc && mount --bind "$box/fake/sys" /sys || exit 1
fi
log() { s=$?; case $s in 124|137|139) echo status $s;; esac; cat "$FAKE/log" 2>/dev/null; rm -f "$FAKE/log"; return $s; }
while read -r go; do
	line=$(cat "$box/line")
	(eval "$line") >"$box/out" 2>"$box/err" </dev/null
	echo $?
done`

// namespaces says whether this user may make mount namespaces.
func namespaces() bool { return exec.Command("unshare", "-m", "true").Run() == nil }

// start starts the shell of the box.
func (b *box) start() {
	b.t.Helper()
	cmd := exec.Command("sh", "-c", boxScript, "sh", b.dir, "")
	if namespaces() {
		cmd = exec.Command("unshare", "-m", "sh", "-c", boxScript, "sh", b.dir, "ns")
	}
	root := filepath.Join(b.dir, "root")
	cmd.Dir = root
	cmd.Env = []string{"PATH=" + b.tools + ":/usr/bin:/bin:/usr/sbin:/sbin", "ROOT=" + root, "LC_ALL=C",
		"GORACE=atexit_sleep_ms=0", // else each of ours waits a second at its end under the race detector
		"FAKE=" + filepath.Join(b.dir, "fake")}
	if !namespaces() { // then /dev/log is this machine's
		cmd.Env = append(cmd.Env, "DEVLOG="+filepath.Join(b.dir, "fake/devlog"))
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.orders, b.answers = in, bufio.NewReader(out)
	b.t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	b.stop = func() { cmd.Process.Kill() }
}

// run runs a line and returns what it printed and its status. Standard error
// comes after standard output. The path of the root is written $ROOT.
func (b *box) run(line string) string {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "line"), []byte(line), 0o644); err != nil {
		b.t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, b.stop)
	io.WriteString(b.orders, "go\n")
	answer, err := b.answers.ReadString('\n')
	if !late.Stop() || err != nil {
		b.t.Fatalf("%s: no answer: %v", line, err)
	}
	status := strings.TrimSpace(answer)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			b.t.Fatal(err)
		}
		return string(text)
	}
	out, errs, root := read("out"), read("err")+b.log.messages(b.t), filepath.Join(b.dir, "root")
	text := libkmodPlace.ReplaceAllString(out, "$1: ")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "<no newline>\n"
	}
	text += libkmodPlace.ReplaceAllString(errs, "$1: ")
	if b.peer.path != "" {
		text = strings.ReplaceAll(text, b.peer.path+"/", "")
	}
	text = strings.NewReplacer(b.tools+"/", "", "/lib/modules/"+release(), "/lib/modules/$RELEASE", "\x00", "<NUL>", root, "$ROOT").Replace(text)
	if status != "0" {
		text += "status " + status + "\n"
	}
	return text
}

// libkmodPlace is the place in its own source that libkmod puts in a message.
var libkmodPlace = regexp.MustCompile(`(?m)^((?:/dev/log: <\d+><time> )?\w+: (?:ERROR|WARNING)):? (?:\S+\.c:\d+ \w+(?:\(\))?:? |[a-z]+_\w+: )`)
