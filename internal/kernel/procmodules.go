package kernel

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// Bounds of a module list. A kernel has a few hundred modules; a row is short
// except for its users, who are modules themselves.
const (
	maxModuleRows = 16384
	maxModuleRow  = 256 << 10 // bytes
	maxModuleText = 32 << 20  // bytes of all rows
)

// permanent is what the users column holds for a module that has an init but
// no exit function (kernel/module/procfs.c, print_unload_info).
const permanent = "[permanent]"

// ModulesOrNone is k.Modules, where a kernel that is built without modules has
// none: for who asks only whether a module is there.
func ModulesOrNone(k Kernel) ([]Module, error) {
	list, err := k.Modules()
	if errors.Is(err, ErrNoModules) {
		return nil, nil
	}
	return list, err
}

// ParseModules reads the text of /proc/modules (kernel/module/procfs.c, m_show):
//
//	name size refs users, state address (TAINTS)
//
// A kernel without module unloading prints "-" for refs and users; such a
// module reads as permanent with no references. Rows of the list are returned
// in the order of the kernel. A row that is none gives an error that wraps
// ErrDamaged and names its line.
func ParseModules(r io.Reader) ([]Module, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	modules := []Module{}
	for n, size := 1, 0; ; n++ {
		line, err := readRow(br)
		if err == io.EOF {
			return modules, nil
		}
		if err != nil {
			return nil, fmt.Errorf("module list, line %d: %w", n, err)
		}
		if size += len(line) + 1; size > maxModuleText {
			return nil, fmt.Errorf("module list, line %d: more than %d bytes: %w", n, maxModuleText, ErrDamaged)
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		m, err := parseModuleRow(line)
		if err != nil {
			return nil, fmt.Errorf("module list, line %d: %w", n, err)
		}
		if len(modules) == maxModuleRows {
			return nil, fmt.Errorf("module list: more than %d rows: %w", maxModuleRows, ErrDamaged)
		}
		modules = append(modules, m)
	}
}

// readRow returns one line without its end, io.EOF after the last.
func readRow(br *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if len(line)+len(part) > maxModuleRow {
			return "", fmt.Errorf("longer than %d bytes: %w", maxModuleRow, ErrDamaged)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
		return string(line[:len(line)-1]), nil
	}
}

// parseModuleRow reads one row.
func parseModuleRow(line string) (Module, error) {
	f := strings.Fields(line)
	if len(f) < 6 {
		return Module{}, fmt.Errorf("%q has %d fields, not 6: %w", clip(line), len(f), ErrDamaged)
	}
	m := Module{Name: printable(f[0]), Users: []string{}, Address: printable(f[5])}
	var err error
	if m.Size, err = strconv.ParseInt(f[1], 10, 64); err != nil || m.Size < 0 {
		return Module{}, fmt.Errorf("size %q of %s: %w", clip(f[1]), m.Name, ErrDamaged)
	}
	if f[2] == "-" {
		m.Permanent = true
	} else if m.Refs, err = strconv.ParseInt(f[2], 10, 64); err != nil {
		return Module{}, fmt.Errorf("reference count %q of %s: %w", clip(f[2]), m.Name, ErrDamaged)
	}
	if f[3] != "-" {
		for user := range strings.SplitSeq(strings.TrimSuffix(f[3], ","), ",") {
			switch user {
			case "":
			case permanent:
				m.Permanent = true
			default:
				m.Users = append(m.Users, printable(user))
			}
		}
	}
	if m.State = trace.ParseProcState(f[4]); m.State == "" {
		return Module{}, fmt.Errorf("state %q of %s: %w", clip(f[4]), m.Name, ErrDamaged)
	}
	if len(f) > 6 {
		m.Taints = taintLetters(f[6])
	}
	return m, nil
}

// taintLetters returns the letters of "(OE+)". The plus and minus that
// module_flags adds while a module is coming or going say nothing new.
func taintLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
}

// printable replaces what a terminal could take for a command. The kernel
// prints a module's name as its file gave it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}
