package agent

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

func TestReplaceConfig(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "modprobe.d")
	content := func() map[string]string {
		found := map[string]string{}
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found[e.Name()] = string(b)
		}
		return found
	}
	steps := []struct {
		files []wire.File
		bad   bool
		want  map[string]string
	}{
		{files: []wire.File{{Name: "a.conf", Data: []byte("1")}, {Name: "b.conf"}}, want: map[string]string{"a.conf": "1", "b.conf": ""}},
		{files: []wire.File{{Name: "c.conf", Data: []byte("2")}, {Name: "../evil.conf"}}, bad: true, want: map[string]string{"a.conf": "1", "b.conf": ""}},
		{files: []wire.File{{Name: "c.txt"}}, bad: true, want: map[string]string{"a.conf": "1", "b.conf": ""}},
		{files: []wire.File{{Name: ".conf"}}, bad: true, want: map[string]string{"a.conf": "1", "b.conf": ""}},
		{files: []wire.File{{Name: "/a.conf"}}, bad: true, want: map[string]string{"a.conf": "1", "b.conf": ""}},
		{files: make([]wire.File, configMax+1), bad: true, want: map[string]string{"a.conf": "1", "b.conf": ""}},
		{files: []wire.File{{Name: "c.conf", Data: []byte("3")}}, want: map[string]string{"c.conf": "3"}},
		{files: nil, want: map[string]string{}},
	}
	for i, s := range steps {
		err := replaceConfig(dir, s.files)
		if (err != nil) != s.bad {
			t.Errorf("step %d: error %v", i, err)
		}
		if s.bad && i < 6 && i != 5 && !errors.Is(err, kernel.ErrInvalidName) {
			t.Errorf("step %d: %v is not about a name", i, err)
		}
		if diff := cmp.Diff(s.want, content()); diff != "" {
			t.Errorf("step %d:\n%s", i, diff)
		}
		if left, _ := os.ReadDir(top); len(left) != 1 {
			t.Errorf("step %d left %v", i, left)
		}
	}
}
