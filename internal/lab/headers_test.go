package lab

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// headerTar makes the stream of a header package.
func headerTar(t *testing.T, members ...tar.Header) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range members {
		data := h.PAXRecords["data"]
		h.PAXRecords, h.Size = nil, int64(len(data))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func fileMember(name string, mode int64, data string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, PAXRecords: map[string]string{"data": data}}
}

func linkMember(name, to string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}
}

// TestExtractHeaders unpacks what Debian's packages have, and what a hostile
// one would.
func TestExtractHeaders(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	to := filepath.Join(dir, "to")
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	good := headerTar(t,
		fileMember("./usr/src/linux-headers-6.1.0-1-amd64/Makefile", 0o644, "include /usr/src/linux-headers-6.1.0-1-common/Makefile\n"),
		linkMember("./usr/src/linux-headers-6.1.0-1-amd64/scripts", "../../lib/linux-kbuild-6.1/scripts"),
		fileMember("./usr/lib/linux-kbuild-6.1/scripts/modpost", 0o755, "program"),
		linkMember("./lib/modules/6.1.0-1-amd64/build", "/usr/src/linux-headers-6.1.0-1-amd64"),
		fileMember("./usr/share/doc/x", 0o644, "no need"),
		linkMember("./usr/src/away", "../../../outside"),
		linkMember("./usr/src/absolute", outside),
		fileMember("./usr/src/../../../outside", 0o644, "hostile"),
	)
	if err := extractHeaders(t.Context(), good, root); err != nil {
		t.Fatal(err)
	}
	if err := mendHeaders(root, "6.1.0-1-amd64"); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(to, headersTree("6.1.0-1-amd64"))
	if b, err := os.ReadFile(filepath.Join(tree, "Makefile")); string(b) != "include ../linux-headers-6.1.0-1-common/Makefile\n" {
		t.Errorf("the Makefile is %q, %v", b, err)
	}
	if st, err := os.Stat(filepath.Join(tree, "scripts/modpost")); err != nil || st.Mode().Perm() != 0o755 {
		t.Errorf("the program behind the link: %v, %v", st, err)
	}
	for _, path := range []string{outside, filepath.Join(to, "usr/share"), filepath.Join(to, "lib"), filepath.Join(to, "usr/src/away"), filepath.Join(to, "usr/src/absolute")} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s was made", path)
		}
	}
	for what, bad := range map[string]*bytes.Buffer{
		"a file twice":      headerTar(t, fileMember("usr/src/a", 0o644, "1"), fileMember("usr/src/a", 0o644, "2")),
		"no tar":            bytes.NewBufferString("what is this, some text that is no archive at all, and long enough to be a header if it were one................................................................................................................................................................................................................................................................................................................................................................................................................................"),
		"through a link":    headerTar(t, linkMember("usr/src/l", "../lib"), fileMember("usr/src/l/../../../outside", 0o644, "x"), fileMember("usr/src/again", 0o644, "1"), fileMember("usr/src/again", 0o644, "2")),
		"cut off in a file": bytes.NewBuffer(headerTar(t, fileMember("usr/src/cut", 0o644, "0123456789")).Bytes()[:515]),
	} {
		if err := extractHeaders(t.Context(), bad, root); !errors.Is(err, kernel.ErrDamaged) {
			t.Errorf("%s gives %v", what, err)
		}
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a file was written outside")
	}
	if err := root.WriteFile(headersTree("6.1.0-1-amd64")+"/Makefile", []byte("all:\n\trm -rf /\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := mendHeaders(root, "6.1.0-1-amd64"); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("another Makefile gives %v", err)
	}
}
