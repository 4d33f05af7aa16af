package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCPIOBytes(t *testing.T) {
	var b bytes.Buffer
	w := newCPIO(&b)
	w.File("/a/b", 0o644, 5, strings.NewReader("hello"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	head := func(ino, mode, links, size, name int) string {
		return fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			ino, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name, 0)
	}
	// A header has 110 bytes, so name and data are padded to 4 from there.
	want := head(1, 0o40755, 2, 0, 2) + "a\x00" +
		head(2, 0o100644, 1, 5, 4) + "a/b\x00" + "\x00\x00" + "hello" + "\x00\x00\x00" +
		head(0, 0, 1, 0, 11) + "TRAILER!!!\x00" + "\x00\x00\x00"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

func TestCPIOErrors(t *testing.T) {
	var b bytes.Buffer
	w := newCPIO(&b)
	w.File("x", 0o644, 10, strings.NewReader("short"))
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "x: it became shorter") {
		t.Errorf("short file: %v", err)
	}
	w = newCPIO(&b)
	w.Symlink("x", "y")
	w.Symlink("x", "z")
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("same name twice: %v", err)
	}
	w = newCPIO(&b)
	w.File("x", 0o644, 1<<32, strings.NewReader(""))
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "do not fit") {
		t.Errorf("file of 4 GiB: %v", err)
	}
}

// TestCPIOTool lets cpio(1) read an archive of ours.
func TestCPIOTool(t *testing.T) {
	cpio, err := exec.LookPath("cpio")
	if err != nil {
		t.Skip("no cpio here to compare with")
	}
	var b bytes.Buffer
	w := newCPIO(&b)
	w.Char("/dev/console", 0o600, 5, 1)
	w.Dir("/proc")
	w.File("/init", 0o755, 3, strings.NewReader("abc"))
	w.Symlink("/sbin/modprobe", "/init")
	w.File("/lib/modules/6.1/empty", 0o644, 0, strings.NewReader(""))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	list := exec.Command(cpio, "-itv", "--numeric-uid-gid")
	list.Stdin = bytes.NewReader(b.Bytes())
	list.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := `drwxr-xr-x 2 0 0 0 Jan 1 1970 dev
crw------- 1 0 0 5, 1 Jan 1 1970 dev/console
drwxr-xr-x 2 0 0 0 Jan 1 1970 proc
-rwxr-xr-x 1 0 0 3 Jan 1 1970 init
drwxr-xr-x 2 0 0 0 Jan 1 1970 sbin
lrwxrwxrwx 1 0 0 5 Jan 1 1970 sbin/modprobe -> /init
drwxr-xr-x 2 0 0 0 Jan 1 1970 lib
drwxr-xr-x 2 0 0 0 Jan 1 1970 lib/modules
drwxr-xr-x 2 0 0 0 Jan 1 1970 lib/modules/6.1
-rw-r--r-- 1 0 0 0 Jan 1 1970 lib/modules/6.1/empty
`
	var got strings.Builder
	for line := range strings.Lines(string(out)) {
		got.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	if got.String() != want {
		t.Errorf("cpio -itv:\n%swant:\n%s", got.String(), want)
	}

	dir := t.TempDir()
	unpack := exec.Command(cpio, "-id", "--quiet", "init", "sbin/*")
	unpack.Stdin, unpack.Dir = bytes.NewReader(b.Bytes()), dir
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "init")); err != nil || string(got) != "abc" {
		t.Errorf("init: %q, %v", got, err)
	}
	if got, err := os.Readlink(filepath.Join(dir, "sbin/modprobe")); err != nil || got != "/init" {
		t.Errorf("modprobe: %q, %v", got, err)
	}
}
