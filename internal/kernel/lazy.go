package kernel

import (
	"regexp"
	"sync"
)

// lazyRegexp is a regular expression that is compiled when it is first used:
// this package is part of every modprobe, and a kernel waits for it.
type lazyRegexp struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func lazily(text string) *lazyRegexp { return &lazyRegexp{text: text} }

func (l *lazyRegexp) get() *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(l.text) })
	return l.re
}

// The methods of regexp.Regexp that are of use here.

func (l *lazyRegexp) MatchString(s string) bool            { return l.get().MatchString(s) }
func (l *lazyRegexp) FindStringSubmatch(s string) []string { return l.get().FindStringSubmatch(s) }
func (l *lazyRegexp) SubexpIndex(name string) int          { return l.get().SubexpIndex(name) }
func (l *lazyRegexp) ReplaceAllString(s, to string) string { return l.get().ReplaceAllString(s, to) }
