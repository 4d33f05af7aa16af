package kernel

import (
	"fmt"
	"strings"
)

// MaxModuleName is the longest module name in bytes: MODULE_NAME_LEN less the
// final NUL (include/linux/module.h: 64 - sizeof(unsigned long), 64 bit).
const MaxModuleName = 55

// MaxAlias bounds the length of a name or alias taken from outside. Modaliases
// of devices reach a few hundred bytes; uevent lines are at most 2048
// (include/linux/kobject.h, UEVENT_BUFFER_SIZE).
const MaxAlias = 2048

// Normalize turns a module name into the kernel's form, dashes to underscores.
func Normalize(name string) string { return strings.ReplaceAll(name, "-", "_") }

// CheckModuleName refuses what cannot be the name of a module in the kernel,
// so that a name from outside never becomes part of a path. The kernel's build
// (scripts/Makefile.lib, modname) makes names of letters, digits, dash and
// underscore; others are accepted by the kernel but made by nobody, except
// that out-of-tree builds keep dots and commas out too.
func CheckModuleName(name string) error {
	if name == "" || len(name) > MaxModuleName {
		return fmt.Errorf("%q: %w (1 to %d characters)", clip(name), ErrInvalidName, MaxModuleName)
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '+' {
			continue
		}
		return fmt.Errorf("%q: %w (character %q)", clip(name), ErrInvalidName, c)
	}
	return nil
}

// CheckAlias refuses what cannot be a name or alias to resolve: it must be
// printable ASCII without white space, not start with a dash (a flag), and
// have no slash at the start (a path).
func CheckAlias(alias string) error {
	if alias == "" || len(alias) > MaxAlias {
		return fmt.Errorf("%q: %w (1 to %d characters)", clip(alias), ErrInvalidName, MaxAlias)
	}
	if alias[0] == '-' || alias[0] == '/' || alias[0] == '.' {
		return fmt.Errorf("%q: %w (starts with %q)", clip(alias), ErrInvalidName, alias[0])
	}
	for i := 0; i < len(alias); i++ {
		if c := alias[i]; c <= ' ' || c >= 0x7f {
			return fmt.Errorf("%q: %w (character %q)", clip(alias), ErrInvalidName, c)
		}
	}
	return nil
}

// clip shortens hostile names for messages.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}
