package applet

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

// OnlyIndexes says whether a run of an applet reads indexes and configuration
// alone: no module file, no kernel.
func OnlyIndexes(name string, args []string, getenv func(string) string) bool {
	if name != "modprobe" {
		return false
	}
	flags, _, err := getopt(append(splitOptions(getenv("MODPROBE_OPTIONS")), args...), modprobeOptions)
	if err != nil {
		return false
	}
	only := false
	for _, f := range flags {
		switch f.id {
		case "resolve-alias", "show-depends", "showconfig":
			only = true
		case "show-modversions", "show-exports":
			return false
		}
	}
	return only
}
