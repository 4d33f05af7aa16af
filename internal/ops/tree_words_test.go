package ops_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestNearNamesOfTree: with --tree the names that are offered are that tree's,
// not those of the target.
func TestNearNamesOfTree(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "modules.dep"), []byte("kernel/zeppelin.ko:\nkernel/ext9.ko:\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ verb, name, want string }{
		{"why", "zepelin", "did you mean zeppelin?"},
		{"why", "ext5", "did you mean ext9?"}, // the target has ext4
	} {
		_, err := session(t).Exec(context.Background(), []string{test.verb, "--tree", dir, test.name})
		var b bytes.Buffer
		if werr := ops.Write(&b, ops.ReportError(err), false, ops.Style{Width: 80}); werr != nil {
			t.Fatal(werr)
		}
		if !strings.Contains(b.String(), test.want) {
			t.Errorf("%s %s: %s, want %s", test.verb, test.name, b.String(), test.want)
		}
	}
}

// TestOwnTree: with --tree, nothing is asked of a target that has no tree.
func TestOwnTree(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "modules.dep"), []byte("kernel/zeppelin.ko:\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := session(t)
	if _, err := s.Exec(t.Context(), []string{"target", "host"}); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"why", "zeppelin"}, {"which", "zeppelin"}, {"lint"}, {"alias", "zeppelin"}, {"alias", "--check"}} {
		words := append([]string{words[0], "--tree", dir}, words[1:]...)
		if _, err := s.Exec(t.Context(), words); err != nil && strings.Contains(err.Error(), "host cannot") {
			t.Errorf("%v: %v", words, err)
		}
	}
}
