package kmod

import (
	"fmt"
	"strings"
)

// checkParams refuses what can't be parameters of one module.
func checkParams(params []string) error {
	for _, p := range params {
		name, _, _ := strings.Cut(p, "=")
		if name == "" || strings.ContainsAny(name, " \t\"'") || strings.ContainsFunc(p, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return fmt.Errorf("%q is no module parameter: give NAME=VALUE or NAME", clipText(p))
		}
	}
	return nil
}

// checkShell refuses parameters that a shell would not take as they are. An
// install command gets them in its text.
func checkShell(params []string) error {
	for _, p := range params {
		for _, c := range p {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_-=.,:/+@%", c) {
				continue
			}
			return fmt.Errorf("parameter %q can't be passed to an install command: a shell would read %q in its own way", clipText(p), c)
		}
	}
	return nil
}

// SplitParams takes parameters apart at blanks outside double quotes, as the
// kernel does (lib/cmdline.c, next_arg, for which line ends and tabs are blanks).
func SplitParams(s string) []string {
	var out []string
	from, quoted := 0, false
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] == '"' {
			quoted = !quoted
		}
		if i == len(s) || !quoted && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
			if i > from {
				out = append(out, s[from:i])
			}
			from = i + 1
		}
	}
	return out
}
