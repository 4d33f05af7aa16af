package kmod

import (
	"strings"
)

// cmdlineFile is what ConfigLine.File says of the kernel command line.
const cmdlineFile = "/proc/cmdline"

// maxCmdline bounds how much of the kernel command line is read, in bytes
// (libkmod, KCMD_LINE_SIZE).
const maxCmdline = 4096

// parseCmdline reads the module options on a kernel command line:
// MODULE.PARAM[=VALUE] become options, modprobe.blacklist=A,B becomes
// blacklist. The rules are those of libkmod 30, kmod_config_parse_kcmdline:
// words end at white space outside quotes; quotes are allowed round the value
// or round the whole word; a second dot in the name makes it no option.
//
// bad are names with a bracket without its like, which make no options, as far as
// they were normalized.
func parseCmdline(s string) (out []ConfigLine, bad []string) {
	s, _, _ = strings.Cut(s, "\x00")
	if len(s) >= maxCmdline {
		s = s[:maxCmdline-1]
	}
	for s != "" {
		var word string
		word, s = cmdlineWord(s)
		module, param, ok := cmdlineOption(word)
		if !ok {
			continue
		}
		if list, ok := strings.CutPrefix(param, "blacklist="); ok && module == "modprobe" {
			for name := range strings.SplitSeq(list, ",") {
				out = append(out, ConfigLine{Kind: ConfigBlacklist, Name: name, File: cmdlineFile})
			}
			continue
		}
		if name, ok := normalizeAlias(module); ok {
			out = append(out, ConfigLine{Kind: ConfigOptions, Name: name, Value: strings.ReplaceAll(param, "\t", " "), File: cmdlineFile})
		} else {
			bad = append(bad, name)
		}
	}
	return out, bad
}

// cmdlineWord takes the first word off s: up to white space outside quotes.
func cmdlineWord(s string) (word, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c >= '\t' && c <= '\r'):
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// cmdlineOption takes MODULE.PARAM[=VALUE] apart.
func cmdlineOption(word string) (module, param string, ok bool) {
	if strings.Count(word, `"`)%2 != 0 {
		return "", "", false // a quote is open at the end of the line
	}
	// "MODULE.PARAM=VALUE": the quotes move to the value.
	outer := strings.HasPrefix(word, `"`)
	if outer {
		word = word[1:]
	}
	name, value, hasValue := strings.Cut(word, "=")
	if !hasValue {
		if outer {
			return "", "", false // the closing quote is in the name
		}
		value = ""
	}
	module, param, dotted := strings.Cut(name, ".")
	if !dotted || strings.ContainsAny(name, "\" \t\n\v\f\r") || strings.Contains(param, ".") {
		return "", "", false
	}
	switch {
	case !hasValue:
		return module, param, true
	case outer:
		return module, param + `="` + value, true
	}
	return module, param + "=" + value, true
}

// kernelBlacklist returns the names of module_blacklist= on a kernel command
// line: what the kernel itself refuses to load (kernel/module/main.c,
// blacklisted).
func kernelBlacklist(s string) (names []string) {
	if len(s) >= maxCmdline {
		s = s[:maxCmdline-1]
	}
	for s != "" {
		var word string
		word, s = cmdlineWord(s)
		if list, ok := strings.CutPrefix(word, "module_blacklist="); ok {
			names = strings.Split(list, ",") // of several the last counts
		}
	}
	return names
}
