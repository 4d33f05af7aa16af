package ops

import (
	"errors"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// Warnings returns what is to be told besides the answers of the verbs so far, and
// has not been returned before: damaged indexes in whose place another file was
// read. A front asks after each verb, and tells it where it tells errors; so a
// session tells of each file once.
func (s *Session) Warnings() []error {
	s.keepPassed(s.Target())
	var news []error
	for _, err := range s.passed.List() {
		if s.warn(kmod.PassedKey(err)) {
			news = append(news, err)
		}
	}
	return news
}

// keepPassed keeps what a target passed over, which may be closed next.
func (s *Session) keepPassed(t kernel.Target) {
	if d, ok := t.(kernel.Damaged); ok {
		for _, err := range d.Damaged() {
			s.passed.Add(err)
		}
	}
}

// warn notes that something is told; false says that it was before.
func (s *Session) warn(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warned[key] {
		return false
	}
	if s.warned == nil {
		s.warned = map[string]bool{}
	}
	s.warned[key] = true
	return true
}

// saysHealth notes that an answer has in it what is wrong with a tree.
func (s *Session) saysHealth(h kmod.Health) {
	for _, i := range h.Trouble() {
		if i.Error != "" {
			s.warn(strings.TrimSuffix(h.Dir, "/") + "/" + i.File)
		}
	}
}

// meet asks the tree for a name that a loader elsewhere is about to ask for, so
// that what is damaged on the way is told: a machine has a copy of the tree and
// nobody to tell. A simulated kernel tells of its own.
func (s *Session) meet(name string) {
	if _, own := s.Target().(simulated); own || s.Target().Can(kernel.OpTree) != nil {
		return
	}
	if r, _, err := s.resolver(); err == nil {
		_, _ = r.Resolve(name) // what comes of it, the loader says
	}
}

// WarningReport is a warning as --json writes it: on standard error, as an
// ErrorReport, and with no word error in it.
type WarningReport struct {
	Warning string `json:"warning"` // one sentence
	Kind    string `json:"kind"`    // "damaged", or "other" where a file cannot be read
	File    string `json:"file,omitempty"`
}

// ReportWarning takes a warning apart for a front.
func ReportWarning(err error) *WarningReport {
	r := &WarningReport{Warning: err.Error(), Kind: "other"}
	if errors.Is(err, kernel.ErrDamaged) {
		r.Kind = "damaged"
	}
	if p := (*kmod.PassedOver)(nil); errors.As(err, &p) {
		r.File = p.File
	}
	return r
}

// WriteText writes the warning for a person.
func (r *WarningReport) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.wrap(t.paint(yellow, "warning:")+" ", 9, r.Warning)
	return t.err
}
