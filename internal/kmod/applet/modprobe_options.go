package applet

import (
	"math"
	"time"

	"example.org/kmodsh/internal/kmod"
)

// splitOptions takes the arguments out of MODPROBE_OPTIONS, whose format kmod
// leaves undocumented: they are separated by single spaces, so that two in a
// row have an empty one between. A quote at the start of an argument ends it
// where it is closed; inside one, quotes go and what they hold stays. One that
// is not closed is an ordinary character. (Found out with kmod 30 and 34.)
func splitOptions(s string) []string {
	var out []string
	var word []byte
	begun := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ':
			out = append(out, string(word))
			word, begun = nil, false
			continue
		case '"', '\'':
			end := i + 1
			for end < len(s) && s[end] != c {
				end++
			}
			if end == len(s) {
				return append(out, string(word)+s[i:])
			}
			word = append(word, s[i+1:end]...)
			i = end
			if !begun {
				out = append(out, string(word))
				word = nil
				continue
			}
		default:
			word = append(word, c)
		}
		begun = true
	}
	if begun {
		out = append(out, string(word))
	}
	return out
}

// query says which of the queries that were asked for counts: kmod's order,
// whatever the order of the flags. Nothing is asked of what is removed, but where
// it is loaded.
func query(asked map[string]bool, remove bool) string {
	for _, id := range []string{"showconfig", "show-modversions", "show-exports"} {
		if asked[id] {
			return id
		}
	}
	for _, id := range []string{"resolve-alias", "show-depends"} {
		if asked[id] && !remove {
			return id
		}
	}
	return ""
}

// waitValue reads the milliseconds of -w.
func waitValue(s string) (time.Duration, bool) {
	ms, ok := kmod.CNumber(s)
	if ms > math.MaxInt64/uint64(time.Millisecond) {
		return math.MaxInt64, ok
	}
	return time.Duration(ms) * time.Millisecond, ok
}

// OnlyIndexes says whether a run of an applet reads indexes and configuration
// alone: no module file, no kernel.
func OnlyIndexes(name string, args []string, env func(string) (string, bool)) bool {
	if name != "modprobe" {
		return false
	}
	given, _ := env("MODPROBE_OPTIONS")
	_, strict := env("POSIXLY_CORRECT")
	flags, _, err := getopt(append(splitOptions(given), args...), modprobeOptions, strict)
	if err != nil {
		return false
	}
	asked, remove := map[string]bool{}, false
	for _, f := range flags {
		asked[f.id] = true
		remove = remove || f.id == "remove"
	}
	switch query(asked, remove) {
	case "resolve-alias", "show-depends", "showconfig":
		return true
	}
	return false
}
