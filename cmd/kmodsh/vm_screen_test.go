//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/lab"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// needVM skips a test that needs a machine where none can run, or fails it
// where it must run: in CI, or with KMODSH_REQUIRE_VM set.
func needVM(t *testing.T, series string) {
	t.Helper()
	cannot := t.Skipf
	if os.Getenv("CI") == "true" || os.Getenv("KMODSH_REQUIRE_VM") != "" {
		cannot = t.Fatalf
	}
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		cannot("no VM test: %v", err)
	}
	cache, err := lab.OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	_, err = cache.Find(series)
	if errors.Is(err, kernel.ErrNotFound) {
		_, err = cache.Fetch(t.Context(), series, nil)
	}
	if err != nil {
		cannot("no VM test: no kernel %s: %v", series, err)
	}
}

// buildStatic builds the program as the README does: it has to be static to
// be a guest's init, which a test binary is not.
func buildStatic(t *testing.T) string {
	t.Helper()
	bin, err := builtStatic()
	if err != nil {
		t.Fatalf("building kmodsh: %v", err)
	}
	return bin
}

// builtStatic builds it once for all tests.
var builtStatic = sync.OnceValues(func() (bin string, err error) {
	bin = filepath.Join(buildDir, "kmodsh")
	cmd := exec.Command("go", "build", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return bin, nil
})

// screen is a program on a terminal of its own, and what that shows.
type screen struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	ended  chan struct{}

	mu    sync.Mutex
	vt    *vt.Emulator
	seen  map[string]bool // "ext4 coming": rows of the module table that were shown
	fresh chan struct{}   // closed when the screen changed
}

// tableRow is a row of the module table: marks, name, glyph, state.
var tableRow = regexp.MustCompile(`^[▸◆ ]{0,3} ?([a-z0-9_]+) +[^ ] (live|coming|going|absent) `)

func openScreen(t *testing.T, bin string, args ...string) *screen {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Cols: 120, Rows: 40}); err != nil {
		t.Fatal(err)
	}
	s := &screen{
		t: t, master: master, vt: vt.NewEmulator(120, 40), ended: make(chan struct{}),
		seen: map[string]bool{}, fresh: make(chan struct{}),
	}
	s.cmd = exec.Command(bin, args...)
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "CI=")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	go s.read()
	go func() { _, _ = io.Copy(master, s.vt) }() // the emulator's answers to queries
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		if w, ok := s.vt.InputPipe().(io.Closer); ok {
			_ = w.Close()
		}
		_ = master.Close()
	})
	return s
}

func (s *screen) read() {
	buf := make([]byte, 32<<10)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		_, _ = s.vt.Write(buf[:n])
		for _, line := range strings.Split(s.text(), "\n") {
			if m := tableRow.FindStringSubmatch(line); m != nil {
				s.seen[m[1]+" "+m[2]] = true
			}
		}
		close(s.fresh)
		s.fresh = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			close(s.ended)
			return
		}
	}
}

// text is what the screen shows; the caller holds mu.
func (s *screen) text() string {
	var b bytes.Buffer
	for y := range s.vt.Height() {
		for x := 0; x < s.vt.Width(); {
			c := s.vt.CellAt(x, y)
			if c == nil || c.Content == "" {
				b.WriteByte(' ')
				x++
				continue
			}
			b.WriteString(c.Content)
			x += max(1, c.Width)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// until waits until the screen satisfies ok, which what says in words.
func (s *screen) until(what string, ok func(text string) bool) {
	s.t.Helper()
	deadline := time.After(3 * time.Minute) // a machine under emulation, on a loaded host
	for {
		s.mu.Lock()
		text, fresh := s.text(), s.fresh
		s.mu.Unlock()
		if ok(text) {
			return
		}
		select {
		case <-fresh:
		case <-s.ended:
			s.t.Fatalf("the program ended before %s:\n%s", what, text)
		case <-deadline:
			s.t.Fatalf("the screen never shows %s:\n%s", what, text)
		}
	}
}

// verb types a command and waits for its last words.
func (s *screen) verb(line, last string) {
	s.t.Helper()
	s.keys(":" + line + "\r")
	s.until(line+": "+last, func(screen string) bool {
		return strings.Contains(screen, "Output: "+line) && strings.Contains(screen, last)
	})
}

func (s *screen) keys(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.master, keys); err != nil {
		s.t.Fatal(err)
	}
}

// row waits until the module table has, or has no longer, a row of the module
// in the state.
func (s *screen) row(module, state string, there bool) {
	s.t.Helper()
	s.until(module+" "+state, func(screen string) bool {
		for _, line := range strings.Split(screen, "\n") {
			if m := tableRow.FindStringSubmatch(line); m != nil && m[1] == module && (state == "" || m[2] == state) {
				return there
			}
		}
		return !there
	})
}

// TestVMScreen is the main job on both kernels, as a person does it: the
// screen on a machine, real modules with deep dependency chains loaded,
// requested by the kernel itself and unloaded, their states live in the table.
func TestVMScreen(t *testing.T) {
	t.Parallel()
	bin := buildStatic(t)
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			needVM(t, series)
			s := openScreen(t, bin, "--on", "vm:"+series)
			s.row("squashfs", "live", true)
			for _, m := range []struct{ name, module, request string }{
				{"ext4", "ext4", "fs-ext4"},
				{"xfs", "xfs", "fs-xfs"},
				{"nf_tables", "nf_tables", "nfnetlink-subsys-10"},
				{"snd-hda-intel", "snd_hda_intel", "snd-hda-intel"},
				{"btrfs", "btrfs", "fs-btrfs"},
			} {
				s.keys("/\x15" + m.module + "\r") // Ctrl-U: the filter before it goes
				s.verb("load "+m.name, m.name+": ok, the module is live")
				s.row(m.module, "live", true)
				s.verb("unload "+m.name+" --deps", "afterwards "+m.name+" is absent")
				s.row(m.module, "", false)
				s.verb("request "+m.request, "ok, the module is live")
				s.row(m.module, "live", true)
				s.verb("unload "+m.module, "afterwards "+m.module+" is absent")
				s.row(m.module, "", false)
			}
			s.mu.Lock()
			for _, want := range []string{"btrfs coming", "btrfs live", "ext4 live", "xfs live", "nf_tables live", "snd_hda_intel live"} {
				if !s.seen[want] {
					t.Errorf("the table never showed %s; it showed %v", want, s.seen)
				}
			}
			s.mu.Unlock()
			s.keys("q")
			select {
			case <-s.ended:
			case <-time.After(time.Minute):
				t.Fatal("q does not end the program")
			}
			if err := s.cmd.Wait(); err != nil {
				t.Errorf("the program ended with %v", err)
			}
		})
	}
}
