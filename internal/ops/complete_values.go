package ops

import (
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/recording/export"
	"example.org/kmodsh/internal/scenario"
)

// flagValues returns what the value of a flag could be, by the flag's name:
// flags of the same name mean the same in every verb.
func (s *Session) flagValues(name, word string) []Candidate {
	switch name {
	case "state":
		return match(word, stateCandidates())
	case "policy":
		return match(word, policyCandidates())
	case "promise":
		return match(word, promiseCandidates())
	case "on", "sim", "vm":
		if s.Targets == nil {
			return nil
		}
		return match(word, s.Targets())
	case "strategy":
		var list []Candidate
		for _, st := range explore.Strategies() {
			list = append(list, Candidate{Text: string(st), Note: "strategy"})
		}
		return match(word, list)
	case "format":
		names, _, says := export.Formats()
		var list []Candidate
		for i, n := range names {
			list = append(list, Candidate{Text: n, Note: says[i]})
		}
		return match(word, list)
	case "output", "resume":
		return completeFiles(word, "")
	}
	return nil
}

func policyCandidates() []Candidate {
	var list []Candidate
	for _, p := range kmod.PolicyNames() {
		list = append(list, Candidate{Text: p, Note: "policy"})
	}
	return list
}

func promiseCandidates() []Candidate {
	var list []Candidate
	for _, p := range condition.Promises() {
		list = append(list, Candidate{Text: p.Name, Note: p.Says})
	}
	return list
}

// completeFilters completes thread=, module= and hit= behind a point.
func (s *Session) completeFilters(word string) []Candidate {
	name, value, has := strings.Cut(word, "=")
	if !has {
		return match(word, []Candidate{
			{Text: "module=", Note: "only this module"}, {Text: "thread=", Note: "only this thread"}, {Text: "hit=", Note: "only the n-th time"},
		})
	}
	var list []Candidate
	switch name {
	case "module":
		list = s.completeModules(value)
	case "thread":
		list = s.completeThreads(value)
	}
	for i := range list {
		list[i].Text = name + "=" + list[i].Text
	}
	return list
}

// completeScenarios completes scenarios of the library, and files of one, where
// none is there yet.
func completeScenarios(operands []string, word string) []Candidate {
	if len(operands) > 0 {
		return nil
	}
	var list []Candidate
	for _, n := range scenario.Names() {
		list = append(list, Candidate{Text: n, Note: "scenario"})
	}
	return append(match(word, list), completeFiles(word, scenario.Suffix)...)
}

// completeCondition completes the last part of a condition being typed: a name,
// or, in quotes, a thread or a module. It returns the byte offset in text where
// that part begins.
func (s *Session) completeCondition(text string) (start int, list []Candidate) {
	if strings.Count(text, `"`)%2 == 1 {
		start = strings.LastIndexByte(text, '"') + 1
		for _, c := range append(s.completeThreads(text[start:]), s.completeModules(text[start:])...) {
			list = append(list, Candidate{Text: c.Text + `")`, Note: c.Note})
		}
		return start, list
	}
	start = strings.LastIndexAny(text, " (!=<>+-") + 1
	return start, match(text[start:], conditionWords())
}

// conditionWords are what conditions are made of most often.
func conditionWords() []Candidate {
	return []Candidate{
		{Text: `state("`, Note: "a module's true state"}, {Text: `at("`, Note: "the point a thread stands at"},
		{Text: `done("`, Note: "a thread has ended"}, {Text: `result("`, Note: "what a thread returned"},
		{Text: `verdict("`, Note: "what the verifier says of a thread"}, {Text: `believed("`, Note: "what a loader took a module for"},
		{Text: `refs("`, Note: "a module's references"}, {Text: `initstate("`, Note: "what /sys/module shows"},
		{Text: `sysfs("`, Note: "a module's directory is there"}, {Text: `saw("`, Note: "how often a thread came to a point"},
		{Text: "permits.used", Note: "permits in use"}, {Text: "finished", Note: "every thread has ended"}, {Text: "deadlock", Note: "nobody can move"},
		{Text: "now", Note: "seconds on the target's clock"}, {Text: "log", Note: "the kernel's log: log contains \"...\""},
	}
}
