package applet

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
	_ "example.org/kmodsh/internal/kmod/unpack/link"
)

// TestMain lets the test's own program be the applets: started under the name
// of one it is that.
func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	if slices.Contains(Names(), name) {
		if socket := os.Getenv("DEVLOG"); socket != "" {
			syslogSocket = socket
		}
		os.Exit(Main(name, os.Args[1:], Env{
			Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
			Kernel: func() (kernel.Kernel, error) {
				return fakeKernel{os.Getenv("FAKE")}, nil
			},
			Release: release,
			Cmdline: func() string {
				b, _ := os.ReadFile(filepath.Join(os.Getenv("FAKE"), "proc/cmdline"))
				return string(b)
			},
		}))
	}
	os.Exit(m.Run())
}

// release is the running kernel's, which kmod's tools ask for themselves.
func release() string {
	k, err := kernel.NewLinux()
	if err != nil {
		return ""
	}
	return k.Release()
}

// A peer is an installation of kmod to compare with.
type peer struct {
	version string // its major version
	path    string // the directory of its tools
}

// peers finds kmod's tools: the installed ones, and those in the directories of
// KMODSH_KMOD (separated by colons).
func peers(t *testing.T) []peer {
	t.Helper()
	var list []peer
	dirs := filepath.SplitList(os.Getenv("KMODSH_KMOD"))
	if p, err := exec.LookPath("modprobe"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	for _, dir := range dirs {
		out, err := exec.Command(filepath.Join(dir, "modprobe"), "--version").Output()
		f := strings.Fields(string(out))
		if err != nil || len(f) < 3 || f[0] != "kmod" {
			t.Logf("%s holds no tools of kmod: %v", dir, err)
			continue
		}
		version, _, _ := strings.Cut(f[2], ".")
		if version != "30" && version != "34" {
			t.Logf("%s has kmod %s; what differs is known of 30 and 34 only", dir, f[2])
			continue
		}
		list = append(list, peer{version, dir})
	}
	return list
}

// likeCase is one command line and what is known of it.
type likeCase struct {
	what    string   // the flag or behaviour it is about, for the table in docs
	differs []string // versions of kmod that answer otherwise
	why     string
	alone   string // why kmod is not asked
	line    string
}

// parseCase reads the input of a block: annotations, then the command line.
func parseCase(input string) (c likeCase, err error) {
	for line := range strings.Lines(input) {
		line = strings.TrimRight(line, "\n")
		switch rest, note := strings.CutPrefix(line, "# "); {
		case !note:
			if c.line != "" {
				c.line += "\n"
			}
			c.line += line
		case strings.HasPrefix(rest, "differs "):
			versions, why, ok := strings.Cut(strings.TrimPrefix(rest, "differs "), ": ")
			if !ok {
				return c, fmt.Errorf("%q: want # differs VERSION...: REASON", line)
			}
			c.differs, c.why = strings.Fields(versions), why
		case strings.HasPrefix(rest, "alone: "):
			c.alone = strings.TrimPrefix(rest, "alone: ")
		default:
			c.what = rest
		}
	}
	return c, nil
}

// TestLikeKmod runs the command lines of testdata/kmod by a shell in which the
// names of kmod's tools are ours, on a tree and a kernel of files, and holds
// the answers. Then the same runs with kmod's own tools have to answer the
// same, but for the differences that are noted: those too have to be there.
func TestLikeKmod(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some thousand processes")
	}
	others := peers(t)
	library := fakeLibrary(t)
	switch {
	case len(others) == 0:
		t.Log("no tools of kmod here to compare with (apt-get install kmod): only our own answers are held")
	case library == "" || !namespaces():
		t.Log("kmod's tools cannot be kept off this machine's kernel (gcc, unshare): only our own answers are held")
		others = nil
	}
	datadriven.Walk(t, "testdata/kmod", func(t *testing.T, path string) {
		if !strings.HasSuffix(path, ".test") {
			return
		}
		if text, err := os.ReadFile(strings.TrimSuffix(path, ".test") + ".txtar"); err == nil && bytes.Contains(text, []byte("-- fake/system --")) && !namespaces() {
			t.Skip("lets files of the test stand in for those of this system: needs mount namespaces (unshare -m)")
		}
		var ours, theirs *box
		var all []*box
		var wrong []string // a failure inside would end the whole file
		start := func(tree string) {
			ours = newBox(t, tree, peer{}, "")
			all = nil
			for _, p := range others {
				theirs = newBox(t, tree, p, library)
				all = append(all, theirs)
			}
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "tree" {
				start(filepath.Join(filepath.Dir(path), strings.TrimSpace(d.Input)))
				return ""
			}
			c, err := parseCase(d.Input)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			got := ours.run(c.line)
			for _, b := range all {
				if c.alone != "" {
					break
				}
				want := b.run(c.line)
				known := slices.Contains(c.differs, b.peer.version)
				switch {
				case !known && got != want:
					wrong = append(wrong, fmt.Sprintf("%s: %s\nkmod %s:\n%sours:\n%s", d.Pos, c.line, b.peer.version, want, got))
				case known && got == want:
					wrong = append(wrong, fmt.Sprintf("%s: %s\nkmod %s answers the same, though noted as different", d.Pos, c.line, b.peer.version))
				}
			}
			return got
		})
		for _, w := range wrong {
			t.Error(w)
		}
	})
}
