package lab

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bzImageWith makes the smallest bzImage with a payload.
func bzImageWith(payload []byte) []byte {
	b := make([]byte, 5*512)
	b[offSetupSects] = 4
	binary.LittleEndian.PutUint16(b[offBootFlag:], 0xaa55)
	copy(b[offMagic:], "HdrS")
	binary.LittleEndian.PutUint16(b[offVersion:], 0x20f)
	binary.LittleEndian.PutUint32(b[offPayloadLength:], uint32(len(payload)))
	return append(b, payload...)
}

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(b)
	w.Close()
	return buf.Bytes()
}

// TestUnpackKernel refuses what PVH cannot start, so that it boots as it is.
func TestUnpackKernel(t *testing.T) {
	for name, image := range map[string][]byte{
		"no bzImage": []byte("hello"),
		"no ELF":     bzImageWith(gzipped([]byte("this is no kernel, only some words"))),
		"cut off":    bzImageWith(gzipped(bytes.Repeat([]byte("words "), 1000)))[:5*512+30],
		"unknown":    bzImageWith([]byte("LZO? this is not known here")),
	} {
		path := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(path, image, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unpackKernel(t.Context(), path, path+".out"); !errors.Is(err, errPacked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnpackKernel(f *testing.F) {
	f.Add(bzImageWith(gzipped([]byte("\x7fELF"))))
	f.Add(bzImageWith([]byte("\x28\xb5\x2f\xfd and so on and on")))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := openPayload(bytes.NewReader(b))
		if err == nil {
			io.Copy(io.Discard, io.LimitReader(r, 1<<20))
		}
		hasPVH(bytes.NewReader(b))
		findNote(b, "Xen", notePVH)
	})
}

// TestReadConfig takes the first of two files with one name, and no more than
// a frame holds.
func TestReadConfig(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		a + "/x.conf": "first", b + "/x.conf": "second", b + "/a.conf": "a", b + "/README": "no", b + "/one": "file",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := readConfig([]string{a, b, b + "/one"})
	var got []string
	for _, f := range files {
		got = append(got, f.Name+"="+string(f.Data))
	}
	if s := strings.Join(got, " "); err != nil || s != "a.conf=a one.conf=file x.conf=first" {
		t.Errorf("%s, %v", s, err)
	}
	if err := os.Truncate(b+"/one", maxConfig+1); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{b + "/one", b + "/none", "/dev/null"} {
		if _, err := readConfig([]string{bad}); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}
