package lab

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// member is one member of a tar stream; without Typeflag a regular file.
type member struct {
	name, data string
	typ        byte
	link       string
}

func makeTar(members ...member) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(m.data)), ModTime: time.Unix(1e9, 0)}
		if m.typ != 0 {
			h.Typeflag, h.Size, h.Linkname = m.typ, 0, m.link
		}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if m.typ == 0 {
			if _, err := w.Write([]byte(m.data)); err != nil {
				panic(err)
			}
		}
	}
	w.Close()
	return b.Bytes()
}

// tree lists the files below a root, directories left out.
func treeFiles(t *testing.T, fsys fs.FS) string {
	t.Helper()
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestExtractKernel(t *testing.T) {
	image := member{name: "./boot/vmlinuz-6.1.0-1-amd64", data: "image"}
	module := member{name: "./lib/modules/6.1.0-1-amd64/kernel/a.ko", data: "module"}
	const both = "boot/vmlinuz-6.1.0-1-amd64 lib/modules/6.1.0-1-amd64/kernel/a.ko"
	tests := []struct {
		name    string
		members []member
		files   string
		err     string
	}{
		{"plain", []member{{name: "./", typ: tar.TypeDir}, image, module}, both, ""},
		{"usr", []member{image, {name: "./usr/lib/modules/6.1.0-1-amd64/kernel/a.ko", data: "module"}}, both, ""},
		{"what is not needed", []member{image, module,
			{name: "./usr/share/doc/x", data: "x"}, {name: "./boot/System.map-6.1.0-1-amd64", data: "x"},
			{name: "./lib/modules/6.1.0-1-amd64/build", typ: tar.TypeSymlink, link: "/usr/src"},
			{name: "./lib/modules/6.1.0-1-amd64/kernel/l.ko", typ: tar.TypeSymlink, link: "/etc/passwd"},
			{name: "./lib/modules/6.1.0-1-amd64/kernel/dev", typ: tar.TypeChar}}, both, ""},
		{"names that lead out", []member{image, module,
			{name: "../../evil", data: "x"}, {name: "/etc/evil", data: "x"},
			{name: "./boot/../../vmlinuz-evil", data: "x"},
			{name: "./lib/modules/../../../evil", data: "x"}}, both, ""},
		{"a link and a file through it", []member{image, module,
			{name: "./lib/modules/6.1.0-1-amd64/out", typ: tar.TypeSymlink, link: "/tmp"},
			{name: "./lib/modules/6.1.0-1-amd64/out/x", data: "x"}}, both + " lib/modules/6.1.0-1-amd64/out/x", ""},
		{"two kernels", []member{image, module, {name: "./lib/modules/6.2/a.ko", data: "x"}}, "", "two kernels"},
		{"no kernel's name", []member{image, {name: "./lib/modules/evil/a.ko", data: "x"}}, "", "no kernel release"},
		{"hard link", []member{image, module, {name: "./lib/modules/6.1.0-1-amd64/h.ko", typ: tar.TypeLink, link: "/etc/passwd"}}, "", "hard link"},
		{"twice", []member{image, module, module}, "", "twice"},
		{"no image", []member{module}, "", "no kernel image"},
		{"no modules", []member{image}, "", "no modules"},
		{"empty", nil, "", "no modules"},
	}
	for _, tt := range tests {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		release, err := extractKernel(context.Background(), bytes.NewReader(makeTar(tt.members...)), root, 0, nil)
		if tt.err != "" {
			if !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: err = %v, want %q", tt.name, err, tt.err)
			}
		} else if err != nil || release != "6.1.0-1-amd64" || treeFiles(t, root.FS()) != tt.files {
			t.Errorf("%s: %q, %v, files %s", tt.name, release, err, treeFiles(t, root.FS()))
		}
		root.Close()
	}

	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	whole := makeTar(image, module)
	if _, err := extractKernel(context.Background(), bytes.NewReader(whole[:1540]), root, 0, nil); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("cut off: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := extractKernel(ctx, bytes.NewReader(whole), root, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzExtractKernel(f *testing.F) {
	f.Add(makeTar(member{name: "./boot/vmlinuz-6.1", data: "x"}, member{name: "./lib/modules/6.1/a.ko", data: "x"}))
	f.Add(makeTar(member{name: "../x", data: "x"}, member{name: "lib/modules/6.1/l", typ: tar.TypeSymlink, link: "/etc"}))
	f.Add([]byte("no tar"))
	f.Fuzz(func(t *testing.T, b []byte) {
		outer := t.TempDir()
		if err := os.Mkdir(outer+"/in", 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(outer + "/in")
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		extractKernel(context.Background(), bytes.NewReader(b), root, 0, nil)
		if got := ls(t, outer); len(got) != 1 {
			t.Errorf("something got out: %q", got)
		}
		for _, name := range ls(t, outer+"/in") {
			if name != "boot" && name != "lib" {
				t.Errorf("%q was unpacked", name)
			}
		}
	})
}
