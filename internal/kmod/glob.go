package kmod

// Patterns of aliases, as fnmatch(3) with no flags in the C locale matches
// them: that is what libkmod calls (kmod_lookup_alias_from_config,
// index_searchwild). A slash and a leading dot are ordinary characters.

// globMatch reports whether s matches pattern. Only the last star is ever
// retried, and a long bracket read once for each character, so that its time is
// bounded by the length of the pattern and the square of that of s.
func globMatch[P string | []byte](pattern P, s string) bool {
	ok, _ := globCount(pattern, s)
	return ok
}

// globCount is globMatch and how many comparisons that took.
func globCount[P string | []byte](pattern P, s string) (ok bool, steps int) {
	p, i := 0, 0
	star, mark := -1, 0
	var long globLong
	for i < len(s) {
		steps++
		if p < len(pattern) {
			switch c := pattern[p]; c {
			case '*':
				star, mark = p, i
				p++
				continue
			case '?':
				p++
				i++
				continue
			case '[', '\\':
				n, ok, known := long.get(p, s[i])
				if !known {
					n, ok = globOne(string(pattern[p:]), s[i])
					long.keep(p, s[i], n, ok)
				}
				if ok {
					p += n
					i++
					continue
				}
			case s[i]:
				p++
				i++
				continue
			}
		}
		if star < 0 {
			return false, steps
		}
		mark++
		p, i = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern), steps
}

// globLong is what is known of the long elements of a pattern, by where they begin
// and the character.
type globLong map[globAt]globIs

type globAt struct {
	p int
	c byte
}

type globIs struct {
	n  int
	ok bool
}

func (g globLong) get(p int, c byte) (n int, ok, known bool) {
	if g == nil {
		return 0, false, false
	}
	is, known := g[globAt{p, c}]
	return is.n, is.ok, known
}

// keep notes an element that is worth it: no sound bracket has hundreds of
// characters.
func (g *globLong) keep(p int, c byte, n int, ok bool) {
	if n < 256 {
		return
	}
	if *g == nil {
		*g = globLong{}
	}
	(*g)[globAt{p, c}] = globIs{n, ok}
}

// globBegins reports whether a pattern that begins with begin may match s: false
// is certain; and how many comparisons that took. What holds a bracket or a backslash may end within an element, and
// is not looked at.
func globBegins(begin []byte, s string) (may bool, steps int) {
	p, i := 0, 0
	star, mark := -1, 0
	for p < len(begin) {
		steps++
		switch c := begin[p]; {
		case c == '[' || c == '\\':
			return true, steps
		case c == '*':
			star, mark = p, i
			p++
		case i < len(s) && (c == '?' || c == s[i]):
			p++
			i++
		case star < 0 || mark >= len(s):
			return false, steps
		default:
			mark++
			p, i = star+1, mark
		}
	}
	return true, steps
}

// globOne matches the first element of pattern, which begins with a bracket or a
// backslash, with one character; n is the length of that element.
func globOne(pattern string, c byte) (n int, ok bool) {
	if pattern[0] == '[' {
		if n, ok, set := globSet(pattern, c); set {
			return n, ok
		}
		return 1, c == '[' // no closing bracket: an ordinary character
	}
	if len(pattern) == 1 {
		return 1, false // glibc: a trailing backslash matches nothing
	}
	return 2, pattern[1] == c
}

// globSet matches a bracket expression; set is false when it has no end.
func globSet(p string, c byte) (n int, ok, set bool) {
	i := 1
	negate := i < len(p) && (p[i] == '!' || p[i] == '^')
	if negate {
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return 0, false, false
		}
		if p[i] == ']' && !first {
			return i + 1, ok != negate, true
		}
		if name, l := globClass(p[i:]); l > 0 {
			in, known := globInClass(name, c)
			if !known {
				return i + l, false, true // glibc: no match
			}
			ok = ok || in
			i += l
			continue
		}
		lo, l, good := globSetChar(p[i:])
		if !good {
			return 0, false, false
		}
		i += l
		hi := lo
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			h, l, good := globSetChar(p[i+1:])
			if !good {
				return 0, false, false
			}
			hi = h
			i += 1 + l
		}
		if lo <= c && c <= hi {
			ok = true
		}
	}
}

// globSetChar reads one, perhaps escaped, character inside brackets.
func globSetChar(p string) (c byte, n int, ok bool) {
	if p[0] != '\\' {
		return p[0], 1, true
	}
	if len(p) < 2 {
		return 0, 0, false
	}
	return p[1], 2, true
}

// globClass reads "[:name:]" at the start of p.
func globClass(p string) (name string, n int) {
	if len(p) < 4 || p[0] != '[' || p[1] != ':' {
		return "", 0
	}
	for i := 2; i+1 < len(p); i++ {
		if p[i] == ':' && p[i+1] == ']' {
			return p[2:i], i + 2
		}
		if p[i] < 'a' || p[i] > 'z' {
			return "", 0
		}
	}
	return "", 0
}

// globInClass says whether c is in a character class of the C locale.
func globInClass(name string, c byte) (in, known bool) {
	lower := c >= 'a' && c <= 'z'
	upper := c >= 'A' && c <= 'Z'
	digit := c >= '0' && c <= '9'
	graph := c > ' ' && c < 0x7f
	switch name {
	case "alpha":
		return lower || upper, true
	case "digit":
		return digit, true
	case "alnum":
		return lower || upper || digit, true
	case "lower":
		return lower, true
	case "upper":
		return upper, true
	case "xdigit":
		return digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F', true
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r', true
	case "blank":
		return c == ' ' || c == '\t', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "graph":
		return graph, true
	case "print":
		return graph || c == ' ', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	}
	return false, false
}
