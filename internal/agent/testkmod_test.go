package agent

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

// fakeTestKmod makes the files of upstream's test driver, which keep what was
// written to them.
func fakeTestKmod(t *testing.T, result string) string {
	dir := t.TempDir()
	for _, name := range []string{"reset", "config_test_case", "config_test_driver", "config_test_fs", "config_num_threads", "trigger_config"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "test_result"), []byte(result), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTestKmod(t *testing.T) {
	for _, c := range []struct {
		words  []string
		result string
		want   int64
		files  map[string]string
	}{
		{[]string{"testkmod", "nope-test_module", "threads=1"}, "256\n", 256, map[string]string{
			"reset": "1", "config_test_case": "1", "config_test_driver": "nope-test_module", "config_num_threads": "1", "trigger_config": "1"}},
		{[]string{"testkmod", "xfs", "fs", "threads=62"}, "-22\n", -22, map[string]string{
			"reset": "1", "config_test_case": "2", "config_test_fs": "xfs", "config_num_threads": "62", "trigger_config": "1"}},
		{[]string{"testkmod", "", "threads=50"}, "0\n", 0, map[string]string{
			"reset": "1", "config_test_case": "1", "config_test_driver": "\x00", "config_num_threads": "50", "trigger_config": "1"}},
	} {
		task, err := kernel.ParseTask(c.words)
		if err != nil {
			t.Fatal(err)
		}
		k, err := readTestKmod(task)
		if err != nil {
			t.Fatal(err)
		}
		dir := fakeTestKmod(t, c.result)
		got, err := k.run(dir)
		if err != nil || got != c.want {
			t.Errorf("%q: %d, %v", c.words, got, err)
		}
		files := map[string]string{}
		for _, e := range []string{"reset", "config_test_case", "config_test_driver", "config_test_fs", "config_num_threads", "trigger_config"} {
			if b, _ := os.ReadFile(filepath.Join(dir, e)); len(b) > 0 {
				files[e] = string(b)
			}
		}
		if d := cmp.Diff(c.files, files); d != "" {
			t.Errorf("%q:\n%s", c.words, d)
		}
	}
}

func TestTestKmodRefuses(t *testing.T) {
	for _, words := range [][]string{{"testkmod", "x", "threads=0"}, {"testkmod", "x", "threads=1001"}, {"testkmod", "x", "y"}, {"testkmod", "a\nb"}} {
		task, err := kernel.ParseTask(words)
		if err != nil {
			t.Fatal(err)
		}
		var no *kernel.WordsError
		if _, err := readTestKmod(task); !errors.As(err, &no) {
			t.Errorf("%q: %v", words, err)
		}
	}
	var no *kernel.UnsupportedError
	if _, err := (testKmod{name: "x"}).run(filepath.Join(t.TempDir(), "none")); !errors.As(err, &no) {
		t.Errorf("without the driver: %v", err)
	}
	if _, err := (testKmod{name: "x"}).run(fakeTestKmod(t, "what")); err == nil {
		t.Error("a result that is no number")
	}
}
