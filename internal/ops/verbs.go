package ops

import (
	"slices"
	"strings"
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

// quoteShort quotes what a person typed for a message.
func quoteShort(s string) string {
	if len(s) > 64 {
		s = s[:64] + "..."
	}
	return `"` + clean(s, false) + `"`
}
