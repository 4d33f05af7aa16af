package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// testKmodDir is where upstream's test driver, lib/test_kmod.c, has its files;
// its first device is the number 0.
const testKmodDir = "/sys/devices/virtual/misc/test_kmod0"

// testKmodThreads bounds the threads of one run: the driver itself has no limit.
const testKmodThreads = 1000

// testKmod is one run of upstream's test driver, as its files take it.
type testKmod struct {
	name    string
	fs      bool // get_fs_type instead of request_module
	threads int  // 0 leaves the driver's 50
}

// readTestKmod reads a run as a person writes it: a name, then fs and
// threads=N.
func readTestKmod(t kernel.Task) (testKmod, error) {
	k := testKmod{name: t.Name}
	for _, w := range t.Params {
		value, ok := strings.CutPrefix(w, "threads=")
		switch n, err := strconv.Atoi(value); {
		case w == "fs":
			k.fs = true
		case ok && err == nil && n >= 1 && n <= testKmodThreads:
			k.threads = n
		default:
			return k, &kernel.WordsError{Msg: fmt.Sprintf("testkmod %s: %q is neither fs nor threads=N, 1 to %d", clipText(t.Name, 64), clipText(w, 32), testKmodThreads)}
		}
	}
	if strings.ContainsAny(k.name, "\n\x00") {
		return k, &kernel.WordsError{Msg: fmt.Sprintf("testkmod: no name %q", clipText(k.name, 64))}
	}
	return k, nil
}

// run does it by the driver's files in dir, and returns the driver's
// test_result: of the threads' results the last that is not 0; -EINVAL when a
// file system type was not found. Writing trigger_config returns when all
// threads have ended.
func (k testKmod) run(dir string) (int64, error) {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return 0, &kernel.UnsupportedError{Op: kernel.OpDebug, Why: "this kernel has no test_kmod (CONFIG_TEST_KMOD), or has not loaded it: there is no " + dir}
	}
	type line struct{ file, text string }
	lines := []line{{"reset", "1"}, {"config_test_case", "1"}}
	name := line{"config_test_driver", k.name}
	if k.fs {
		lines[1].text, name.file = "2", "config_test_fs"
	}
	if name.text == "" {
		name.text = "\x00" // taken as it is written, up to a NUL: the empty name
	}
	lines = append(lines, name)
	if k.threads > 0 {
		lines = append(lines, line{"config_num_threads", strconv.Itoa(k.threads)})
	}
	// The driver takes what is written as it is: no newline.
	for _, l := range append(lines, line{"trigger_config", "1"}) {
		if err := writeFile(filepath.Join(dir, l.file), l.text); err != nil {
			return 0, fmt.Errorf("test_kmod: %s: %w", l.file, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "test_result"))
	if err != nil {
		return 0, fmt.Errorf("test_kmod: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("test_kmod: test_result is %q", clipText(string(text), 32))
	}
	return n, nil
}
