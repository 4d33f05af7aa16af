package tui

import "strings"

// Mode says how many colours the screen may use.
type Mode int

// The modes. Auto asks the environment; Never draws no attribute at all, so
// that cursor and focus are shown by characters alone.
const (
	Auto Mode = iota
	Never
	Color16
	Color256
	TrueColor
)

// modeOf chooses a mode from environment variables in the form of os.Environ:
// NO_COLOR set and not empty (no-color.org), CLICOLOR=0 and TERM=dumb mean
// none; COLORTERM and TERM say how many.
func modeOf(environ []string) Mode {
	env := envMap(environ)
	term := env["TERM"]
	switch {
	case env["NO_COLOR"] != "", env["CLICOLOR"] == "0", term == "dumb", term == "":
		return Never
	case env["COLORTERM"] == "truecolor", env["COLORTERM"] == "24bit":
		return TrueColor
	case strings.Contains(term, "256color"), term == "xterm-kitty", term == "alacritty":
		return Color256
	}
	return Color16
}

// asciiOf says whether the locale named by the environment has no more than
// ASCII: LC_ALL, LC_CTYPE and LANG, the first one set, name no UTF-8. The
// console of a kernel before its fonts (TERM=linux) counts as ASCII too.
func asciiOf(environ []string) bool {
	env := envMap(environ)
	if env["TERM"] == "linux" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env[name]); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}

// lightOf says whether the environment tells of a light background: COLORFGBG, which
// rxvt, Konsole and others set, ends with the number of the background's colour,
// of which 7 and 15 are the light ones.
func lightOf(environ []string) bool {
	list := strings.Split(envMap(environ)["COLORFGBG"], ";")
	back := list[len(list)-1]
	return len(list) > 1 && (back == "7" || back == "15")
}

func envMap(environ []string) map[string]string {
	m := make(map[string]string, len(environ))
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			m[k] = v
		}
	}
	return m
}
