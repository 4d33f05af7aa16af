package kernel

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"example.org/kmodsh/internal/trace"
)

// MaxDelay bounds a delay, on the target's clock.
const MaxDelay = 24 * time.Hour

// ParseFault reads a fault as a person writes it: hold, delay or fail, a point,
// for a delay how long and for a failure the errno, then whom it strikes
// (module=NAME, thread=ID, hit=N). The point must be one where that may be
// done. The error is a *WordsError.
func ParseFault(words []string) (Fault, error) {
	wrong := func(format string, args ...any) (Fault, error) {
		return Fault{}, &WordsError{fmt.Sprintf(format, args...)}
	}
	if len(words) < 2 {
		return wrong("a fault is hold POINT, delay POINT DURATION or fail POINT ERRNO")
	}
	if !slices.Contains([]string{"hold", "delay", "fail"}, words[0]) {
		return wrong("%s is no fault: there are hold, delay and fail", quote(words[0]))
	}
	p, ok := trace.LookupPoint(words[1])
	if !ok {
		return wrong("%s is no point", quote(words[1]))
	}
	f := Fault{Point: p.ID}
	rest := words[2:]
	switch words[0] {
	case "hold":
		f.Hold = true
	case "delay", "fail":
		if len(rest) == 0 {
			return wrong("%s %s: %s is missing", words[0], p.ID, map[string]string{"delay": "how long", "fail": "the errno"}[words[0]])
		}
		if words[0] == "delay" {
			d, err := time.ParseDuration(rest[0])
			if err != nil || d <= 0 || d > MaxDelay {
				return wrong("%s is no time above 0 and at most %v", quote(rest[0]), MaxDelay)
			}
			f.Delay = d
		} else {
			name := strings.TrimPrefix(strings.ToUpper(rest[0]), "-")
			switch errno := ErrnoByName(name); {
			case len(p.Fail) == 0:
				return wrong("the step at %s %s cannot be made to fail", p.ID, p.Name)
			case errno == 0 || !slices.Contains(p.Fail, name):
				return wrong("the step at %s can fail with %s, not with %s", p.ID, strings.Join(p.Fail, ", "), quote(rest[0]))
			default:
				f.Fail = int(errno)
			}
		}
		rest = rest[1:]
	}
	if f.Fail == 0 && !p.Hold {
		return wrong("no thread may be held at %s %s: %s", p.ID, p.Name, p.Why)
	}
	return f, f.Strike(rest)
}

// Strike fills in whom the fault strikes: module=NAME, thread=ID, hit=N. The
// error is a *WordsError.
func (f *Fault) Strike(words []string) error {
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		switch {
		case ok && value == "" && (name == "thread" || name == "module" || name == "hit"):
			return &WordsError{w + " has no value"}
		case !ok || value == "":
			return &WordsError{quote(w) + " is none of thread=ID, module=NAME, hit=N"}
		case name == "thread":
			f.Thread = value
		case name == "module":
			f.Module = Normalize(value)
		case name == "hit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return &WordsError{"hit=" + clip(value) + ": want a number from 1"}
			}
			f.Hit = n
		default:
			return &WordsError{quote(w) + " is none of thread=ID, module=NAME, hit=N"}
		}
	}
	return nil
}

func quote(s string) string { return strconv.Quote(clip(s)) }

// Watches says that the fault does nothing but to make a function a point, at
// which threads stop while they are stepped: a breakpoint there.
func (f Fault) Watches() bool { return !f.Hold && f.Delay <= 0 && f.Fail == 0 }

// String is the fault as ParseFault reads it.
func (f Fault) String() string {
	s := "hold " + f.Point
	switch {
	case f.Delay > 0:
		s = "delay " + f.Point + " " + f.Delay.String()
	case f.Fail != 0:
		s = "fail " + f.Point + " " + ErrnoName(syscall.Errno(f.Fail))
	case f.Watches():
		s = "break " + f.Point
	}
	if f.Module != "" {
		s += " module=" + f.Module
	}
	if f.Thread != "" {
		s += " thread=" + f.Thread
	}
	if f.Hit > 0 {
		s += fmt.Sprintf(" hit=%d", f.Hit)
	}
	return s
}

// FaultPlan is a list of faults that can be named, kept in a file and put in
// force again.
type FaultPlan struct {
	Name   string // one line for people, "" none
	Faults []Fault
	Helper string // what the helper does, as the verb lie says it; "" the real one
}

// Bounds of a plan's file, and its first line.
const (
	planMark  = "# kmodsh fault plan 1"
	planBytes = 64 << 10
	planLine  = 512 // bytes
	planLines = 1000
)

// ParseFaultPlan reads a plan:
//
//	# kmodsh fault plan 1
//	# name: the window of the built-in race
//	hold W4 module=minix
//	delay R8 20ms thread=B
//	fail L13 EINVAL hit=2
//	lie exit:3
//
// The first line is as above; other lines that begin with # are for people, but
// for the name; lie comes once at most. Whatever else is there is an error,
// which says in which line; it is a *WordsError.
func ParseFaultPlan(in io.Reader) (FaultPlan, error) {
	var p FaultPlan
	wrong := func(line int, msg string) (FaultPlan, error) {
		return FaultPlan{}, &WordsError{fmt.Sprintf("fault plan, line %d: %s", line, msg)}
	}
	lines := bufio.NewScanner(io.LimitReader(in, planBytes+1))
	lines.Buffer(make([]byte, 0, planLine), planBytes+2)
	n, size := 0, 0
	for lines.Scan() {
		n++
		text := lines.Text()
		size += len(text) + 1
		switch {
		case n > planLines || size > planBytes || len(text) > planLine:
			return wrong(n, fmt.Sprintf("more than %d lines, %d bytes, or %d bytes in a line", planLines, planBytes, planLine))
		case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return wrong(n, "a control character, or not UTF-8")
		case n == 1 && text != planMark:
			return wrong(n, "no fault plan of this version: it would begin with "+planMark)
		}
		words := strings.Fields(text)
		switch {
		case len(words) == 0:
		case strings.HasPrefix(words[0], "#"):
			if name, ok := strings.CutPrefix(text, "# name: "); ok && p.Name == "" {
				p.Name = strings.TrimSpace(name)
			}
		case words[0] == "lie":
			if len(words) != 2 || p.Helper != "" {
				return wrong(n, "lie FORM, once")
			}
			p.Helper = words[1]
		default:
			f, err := ParseFault(words)
			if err != nil {
				return wrong(n, err.Error())
			}
			p.Faults = append(p.Faults, f)
		}
	}
	if err := lines.Err(); err != nil {
		return wrong(n+1, err.Error())
	}
	if n == 0 {
		return wrong(1, "the file is empty")
	}
	return p, nil
}

// Lines are the plan's faults as verbs that put them in force.
func (p FaultPlan) Lines() []string {
	var list []string
	for _, f := range p.Faults {
		list = append(list, f.String())
	}
	if p.Helper != "" {
		list = append(list, "lie "+p.Helper)
	}
	return list
}

// Write writes the plan as ParseFaultPlan reads it.
func (p FaultPlan) Write(out io.Writer) error {
	text := planMark + "\n"
	if p.Name != "" {
		text += "# name: " + p.Name + "\n"
	}
	for _, l := range p.Lines() {
		text += l + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}
