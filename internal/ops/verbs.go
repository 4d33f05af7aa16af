package ops

import (
	"slices"
	"strings"

	"github.com/sahilm/fuzzy"
)

// Verbs returns the table of verbs in the order help shows them. The rows are
// fresh: a caller may keep them.
func Verbs() []*Verb {
	return []*Verb{
		loadVerb(), unloadVerb(), requestVerb(),
		resolveVerb(), aliasVerb(), whyVerb(), whichVerb(), lintVerb(), builtinVerb(), depsVerb(),
		statesVerb(), infoVerb(),
		eventsVerb(), logVerb(), permitsVerb(), beliefVerb(), ledgerVerb(),
		spawnVerb(), threadsVerb(), lanesVerb(), stepVerb(), nextVerb(), continueVerb(), waitVerb(), untilVerb(), breakVerb(),
		backVerb(), gotoVerb(), markVerb(), forkVerb(), diffVerb(),
		holdVerb(), releaseVerb(), delayVerb(), failVerb(), lieVerb(), floodVerb(), faultsVerb(), sweepVerb(),
		policyVerb(), setVerb(), killVerb(),
		expectVerb(), promiseVerb(), outcomeVerb(), exploreVerb(), replayVerb(), conformVerb(), setupVerb(),
		recordVerb(), transcriptVerb(), snapshotVerb(), openVerb(), exportVerb(),
		tourVerb(),
		targetVerb(), restartVerb(), sourceVerb(), watchVerb(), helpVerb(), quitVerb(),
	}
}

// The headings of help.
const (
	groupModules = "modules"
	groupNames   = "names"
	groupLook    = "look"
	groupShare   = "recordings"
	groupLearn   = "lessons"
	groupSession = "session"
)

// Lookup finds a verb by its name, an alias, or the beginning of a name when
// only one verb begins so. Otherwise it returns a *UsageError with the nearest
// names.
func Lookup(word string) (*Verb, error) {
	var begin []*Verb
	for _, v := range Verbs() {
		if v.Name == word || slices.Contains(v.Aliases, word) {
			return v, nil
		}
		if word != "" && strings.HasPrefix(v.Name, word) {
			begin = append(begin, v)
		}
	}
	switch len(begin) {
	case 1:
		return begin[0], nil
	case 0:
		return nil, noVerb(word)
	}
	var names []string
	for _, v := range begin {
		names = append(names, v.Name)
	}
	return nil, &UsageError{Msg: word + " could be " + strings.Join(names, " or ")}
}

// verbWords are the names and aliases of all verbs.
func verbWords() []string {
	var words []string
	for _, v := range Verbs() {
		words = append(words, v.Name)
		words = append(words, v.Aliases...)
	}
	return words
}

// nearest returns up to three of words that look like a mistyped word: those
// it is an abbreviation of, and those one slip away.
func nearest(word string, words []string) []string {
	if len(word) < 2 || len(word) > 64 {
		return nil
	}
	var near []string
	for _, w := range words {
		if oneSlip(word, w) {
			near = append(near, w)
		}
	}
	for _, m := range fuzzy.Find(word, words) {
		if !slices.Contains(near, m.Str) {
			near = append(near, m.Str)
		}
	}
	return near[:min(3, len(near))]
}

// oneSlip says whether one letter left out, added or wrong, or two letters
// that changed places, make b of a.
func oneSlip(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch len(a) - len(b) {
	case 0:
		return len(a) > 0 && a[1:] == b[1:] ||
			len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
	case 1:
		return a[1:] == b
	case -1:
		return a == b[1:]
	}
	return false
}

// quoteShort quotes what a person typed for a message.
func quoteShort(s string) string {
	if len(s) > 64 {
		s = s[:64] + "..."
	}
	return `"` + clean(s, false) + `"`
}
