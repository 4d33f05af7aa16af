package ops

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// parserWords are what the parser of arguments says of values that it cannot read,
// in the words of a programmer, and of names in conditions.
type parserWords struct{ noNumber, noDuration, noneOf, belowZero, unknown *regexp.Regexp }

// spoken is made when somebody has mistyped something: not at every start.
var spoken = sync.OnceValue(func() parserWords {
	return parserWords{
		noNumber:   regexp.MustCompile(`^(\S+): expected (?:a valid 64 bit int|int value|a valid \d* ?bit u?int|uint value) but got "([^"]*)"`),
		noDuration: regexp.MustCompile(`^(\S+): expected duration but got "([^"]*)"`),
		noneOf:     regexp.MustCompile(`^(--\S+) must be one of (".*") but got "([^"]*)"`),
		belowZero:  regexp.MustCompile(`^unknown flag (-\d+)$`),
		unknown:    regexp.MustCompile(`unknown name (\w+)`),
	}
})

// plainMessage puts the parser's message into the words used everywhere else.
func plainMessage(err error) string {
	msg := err.Error()
	if rest, ok := strings.CutPrefix(msg, `expected "<`); ok {
		name, _, _ := strings.Cut(rest, ">")
		return "missing " + strings.ToUpper(name)
	}
	words := spoken()
	if m := words.noNumber.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s is a number, and %q is none that it can be", argument(m[1]), m[2])
	} else if m := words.noDuration.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s is a time with its unit, such as 500ms or 2s, and %q is none", argument(m[1]), m[2])
	} else if m := words.noneOf.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s is one of %s, not %q", m[1], strings.ReplaceAll(strings.ReplaceAll(m[2], `"`, ""), ",", ", "), m[3])
	} else if m := words.belowZero.FindStringSubmatch(msg); m != nil {
		msg = m[1] + " is below zero, and no flag"
	}
	return clean(msg, false)
}

// argument is how a usage line writes a name of the parser's: <n> is N.
func argument(name string) string {
	if rest, ok := strings.CutPrefix(name, "<"); ok {
		return strings.ToUpper(strings.TrimSuffix(rest, ">"))
	}
	return name
}

// elsewhere are words of the command line that are no verbs: what they do is not
// done to the target of a session.
var elsewhere = []string{"run", "scenario", "lab", "shell", "completion", "man", "depmod"}

// noVerb says that there is no verb of a name, and what could have been meant.
func noVerb(word string) error {
	e := &UsageError{Msg: "there is no verb " + quoteShort(word), Hint: "help lists the verbs"}
	if slices.Contains(elsewhere, word) {
		e.Hint = word + " is for the command line of your own shell: kmodsh " + word
		return e
	}
	if near := nearest(word, verbWords()); len(near) > 0 {
		e.Hint = "did you mean " + strings.Join(near, ", ") + "?"
	}
	return e
}

// slipped finds, for words that the parser or a verb refused, what is said in
// their stead where near cannot: a word behind two dashes, a thread, a name in a
// condition. The line is "" where it cannot either.
func (s *Session) slipped(ctx context.Context, v *Verb, words []string, err error) string {
	var usage *UsageError
	isUsage := errors.As(err, &usage)
	switch {
	case isUsage && strings.HasPrefix(usage.Msg, "unknown flag --"):
		return v.dashed(s, words)
	case isUsage && strings.HasPrefix(usage.Msg, "condition:") && v.Name != "promise":
		return conditionHint(usage)
	case errors.Is(err, kernel.ErrNotFound) && strings.Contains(err.Error(), "no thread "):
		return s.threadHint(ctx, words)
	case errors.Is(err, kernel.ErrNotLoaded) && len(s.near(words)) == 0:
		return "states lists the modules that are loaded"
	}
	return ""
}

// modprobesFlag is for who gives modprobe's -d, -S or -C to a verb that looks into
// another tree by a flag of its own.
func (v *Verb) modprobesFlag(msg string) string {
	if _, ok := v.New().(interface{ ownTree() bool }); !ok {
		return ""
	}
	switch msg {
	case "unknown flag -d", "unknown flag -S":
		return "the tree is named whole: " + v.Name + " --tree DIR/lib/modules/RELEASE"
	case "unknown flag -C":
		return "with another tree: " + v.Name + " --tree DIR --conf CONF; else it goes before the verb: kmodsh -C CONF " + v.Name
	}
	return ""
}

// dashed is for --stop where the word is stop, and names the way to all flags
// where a usage line does not.
func (v *Verb) dashed(s *Session, words []string) string {
	for i, word := range words[1:] {
		bare, ok := strings.CutPrefix(word, "--")
		if !ok || bare == "" {
			continue
		}
		list := strings.FieldsFunc(v.Usage, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r == '-') })
		for _, c := range v.complete(s, words[1:1+i], "") {
			list = append(list, c.Text)
		}
		list = slices.DeleteFunc(list, func(w string) bool { return strings.HasPrefix(w, "-") })
		if slices.Contains(list, bare) {
			return "did you mean " + v.Name + " " + bare + "?"
		}
		slices.Sort(list)
		if near := nearest(bare, slices.Compact(list)); len(near) > 0 {
			return "did you mean " + v.Name + " " + near[0] + "?"
		}
	}
	if strings.Contains(v.Usage, "FLAG...") {
		return "help " + v.Name + " lists its flags"
	}
	return ""
}

// conditionHint says how a condition is written.
func conditionHint(usage *UsageError) string {
	if m := spoken().unknown.FindStringSubmatch(usage.Msg); m != nil {
		var names []string
		for _, c := range conditionWords() {
			name, _, _ := strings.Cut(c.Text, "(")
			names = append(names, name)
		}
		if near := nearest(m[1], names); len(near) > 0 {
			return "did you mean " + strings.Join(near, ", ") + "?"
		}
	}
	if strings.Contains(usage.Msg, `Operator("=")`) {
		return "two are compared with ==; help conditions shows the language"
	}
	return usage.Hint + "; help conditions shows the language"
}

// threadHint names the threads that there are.
func (s *Session) threadHint(ctx context.Context, words []string) string {
	d, err := s.debugger()
	if err != nil {
		return ""
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return ""
	}
	var names []string
	for _, t := range snap.Threads {
		names = append(names, t.ID)
	}
	if len(names) == 0 {
		return "there are no threads; spawn ID VERB NAME makes one"
	}
	for _, word := range words[1:] {
		for _, name := range names {
			if strings.EqualFold(name, word) {
				return "did you mean " + name + "?"
			}
		}
		if near := nearest(word, names); len(near) > 0 {
			return "did you mean " + strings.Join(near, ", ") + "?"
		}
	}
	if len(names) == 1 {
		return "there is only " + names[0]
	}
	const shown = 12
	if len(names) > shown {
		return fmt.Sprintf("there are %s and %d more; threads lists them", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return "there are " + strings.Join(names, ", ")
}
