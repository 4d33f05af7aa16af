package shell

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// History is the file in which lines are kept from one run to the next. Any
// number of shells may use one file. Where it cannot be used the lines are
// kept for this run only: a history is never a reason to fail.
type History struct {
	path  string
	lines []string // oldest first, none twice
}

// Bounds of a history: lines kept, length in bytes of a line, and size in
// bytes of a file, above which only its end is read.
const (
	historyLines = 1000
	historyLine  = 4096
	historyFile  = 1 << 20
)

// HistoryFile returns the path of the history: kmodsh/history in
// $XDG_STATE_HOME, which is ~/.local/state unless set (XDG base directory
// specification). It is "" where there is no home.
func HistoryFile(getenv func(string) string) string {
	dir := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home := getenv("HOME")
		if !filepath.IsAbs(home) {
			return ""
		}
		dir = filepath.Join(home, ".local/state")
	}
	return filepath.Join(dir, "kmodsh/history")
}

// OpenHistory reads the history at path; "" keeps none.
func OpenHistory(path string) *History {
	h := &History{path: path}
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		h.path = ""
		return h
	}
	unlock, ok := h.lock()
	if !ok {
		return h
	}
	defer unlock()
	raw := h.read()
	h.lines = parseHistory(raw)
	// Shorten the file when it has twice what is kept.
	if bytes.Count(raw, []byte("\n")) > 2*historyLines || len(raw) >= historyFile {
		h.rewrite()
	}
	return h
}

// Lines returns the lines, oldest first, none twice.
func (h *History) Lines() []string { return slices.Clone(h.lines) }

// Add keeps a line: as the newest, and only there. A line that begins with a
// space is not kept.
func (h *History) Add(line string) {
	if !worthKeeping(line) {
		return
	}
	h.lines = remember(h.lines, line)
	unlock, ok := h.lock()
	if !ok {
		return
	}
	defer unlock()
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	// One write, so that a reader sees all of the line or nothing. The history
	// is only a convenience: a full disk is for others to complain about.
	_, _ = f.WriteString(line + "\n")
}

// lock keeps other shells from the file. flock(2) ends with its holder.
func (h *History) lock() (unlock func(), ok bool) {
	if h.path == "" {
		return nil, false
	}
	f, err := os.OpenFile(h.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX) != nil {
		f.Close()
		return nil, false
	}
	return func() { f.Close() }, true
}

// read returns the end of the file.
func (h *History) read() []byte {
	f, err := os.Open(h.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil
	} else if st.Size() > historyFile {
		if _, err := f.Seek(st.Size()-historyFile, io.SeekStart); err != nil {
			return nil
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, historyFile))
	if err != nil {
		return nil
	}
	return b
}

// rewrite replaces the file by the lines that are kept.
func (h *History) rewrite() {
	tmp := h.path + ".new"
	text := strings.Join(h.lines, "\n") + "\n"
	if os.WriteFile(tmp, []byte(text), 0o600) != nil || os.Rename(tmp, h.path) != nil {
		os.Remove(tmp)
	}
}

// parseHistory takes a file apart; of lines that are there twice the later
// counts.
func parseHistory(b []byte) []string {
	seen := map[string]bool{}
	var lines []string
	all := strings.Split(string(b), "\n")
	for _, l := range slices.Backward(all) {
		if worthKeeping(l) && !seen[l] && len(lines) < historyLines {
			seen[l] = true
			lines = append(lines, l)
		}
	}
	slices.Reverse(lines)
	return lines
}

func remember(lines []string, line string) []string {
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == line })
	lines = append(lines, line)
	return lines[max(0, len(lines)-historyLines):]
}

// worthKeeping refuses what cannot be a line typed here, since it goes back to
// the terminal.
func worthKeeping(line string) bool {
	return strings.TrimSpace(line) != "" && line[0] != ' ' && len(line) <= historyLine &&
		strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffd }) < 0
}
