package kernel

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Sentinels, to be tested with errors.Is.
var (
	// ErrNotFound: a name stands for no module, or a file is not there.
	ErrNotFound = errors.New("not found")
	// ErrNotLoaded: a module that there is, or may be, is not on the kernel's list.
	// It is an ErrNotFound as well.
	ErrNotLoaded error = notLoaded{}
	// ErrInvalidName: what should be a module name or alias cannot be one.
	ErrInvalidName = errors.New("not a module name or alias")
	// ErrDamaged: an index, module or message is cut off or makes no sense.
	ErrDamaged = errors.New("damaged")
	// ErrOops: the kernel oopsed in a system call, and ended the thread that
	// made it. What that thread had locked stays locked.
	ErrOops = errors.New("the kernel oopsed and ended the thread that was at it; what it held is held for good")
	// ErrNoModules: the kernel is built without modules, so none is loaded.
	ErrNoModules = errors.New("the kernel is built without modules")
	// ErrClosed: the target was closed.
	ErrClosed = errors.New("target closed")
)

type notLoaded struct{}

func (notLoaded) Error() string        { return "not loaded" }
func (notLoaded) Is(target error) bool { return target == ErrNotFound }

// LoadError says that the kernel, or the way to it, refused one module. It
// holds all a person needs to understand why; Error is one line.
type LoadError struct {
	Op     string        // "insert", "remove", "open", "decompress", "verify"
	Module string        // kernel's name
	File   string        // module file, "" when there is none
	Errno  syscall.Errno // 0 when the kernel was not asked
	Log    []string      // what the kernel logged meanwhile
	Err    error         // cause when Errno is 0
	Why    string        // what explains the errno, such as who uses the module; "" when nothing does
}

// Error is one line: step, module, errno by name and in words, the kernel's
// last line about it.
func (e *LoadError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Op, e.Module)
	if e.File != "" {
		fmt.Fprintf(&b, " (%s)", e.File)
	}
	switch {
	case e.Errno != 0:
		fmt.Fprintf(&b, ": %s: %s", ErrnoName(e.Errno), e.Errno)
	case e.Err != nil:
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Why != "" {
		b.WriteString(": " + e.Why)
	}
	if n := len(e.Log); n > 0 {
		fmt.Fprintf(&b, "; kernel log: %s", e.Log[n-1])
	}
	return b.String()
}

// Unwrap gives the errno, or the cause when there is none.
func (e *LoadError) Unwrap() error {
	if e.Errno != 0 {
		return e.Errno
	}
	return e.Err
}

// UnsupportedError says that a target cannot do something, why, and which can.
type UnsupportedError struct {
	Target string
	Op     Op
	Why    string
	Try    []string // targets that can, such as "vm:6.12"
}

// does is the operation as something that is done.
func (o Op) does() string {
	switch o {
	case OpInfo:
		return "say what it is"
	case OpModules:
		return "list modules"
	case OpTree:
		return "resolve names"
	case OpLog:
		return "show a log"
	case OpEvents:
		return "tell events"
	}
	return string(o)
}

func (e *UnsupportedError) Error() string {
	s := fmt.Sprintf("%s cannot %s: %s", e.Target, e.Op.does(), e.Why)
	if len(e.Try) > 0 {
		s += "; try --on " + strings.Join(e.Try, " or --on ")
	}
	return s
}

// Blame tells three kinds of failure apart, which are never mixed.
type Blame string

// Who failed.
const (
	BlameKernel Blame = "kernel" // the kernel under test: panic, oops, hang
	BlameLab    Blame = "lab"    // what runs it: QEMU, disk, tools
	BlameUser   Blame = "usage"  // the person's words
)

// DeadError says that a target went down, whose fault it was, and what the
// console said last.
type DeadError struct {
	Target  string
	Blame   Blame
	What    string   // "kernel panic", "QEMU died", ...
	During  string   // what was being done, such as "position 13 (A from W5)"; "" not known
	Console []string // last lines
	Err     error    // cause, may be nil
}

func (e *DeadError) Error() string {
	var b strings.Builder
	who := "the lab failed"
	if e.Blame == BlameKernel {
		who = "the kernel failed"
	}
	fmt.Fprintf(&b, "%s: %s: %s", e.Target, who, e.What)
	if e.During != "" {
		b.WriteString(", on the way to " + e.During)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if len(e.Console) > 0 {
		b.WriteString("\nlast console lines:")
		for _, l := range e.Console {
			b.WriteString("\n  " + l)
		}
	}
	return b.String()
}

func (e *DeadError) Unwrap() error { return e.Err }
