package shell

import "strings"

// ASCIILocale says whether the locale has no more than ASCII: LC_ALL, LC_CTYPE
// and LANG, the first one set, name no UTF-8 (locale(7)). The console of a
// kernel before its fonts (TERM=linux) counts as ASCII too.
func ASCIILocale(getenv func(string) string) bool {
	if getenv("TERM") == "linux" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}
