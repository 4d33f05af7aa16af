package export

import (
	"fmt"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
)

// reportGiven is how many of the facts about what a target was given a report has.
const reportGiven = 20

// given says what a target was opened with, short where that is long.
func given(g *recording.Given) []kernel.Fact {
	facts := g.Facts()
	if n := len(facts) - reportGiven; n > 0 {
		facts = append(facts[:reportGiven:reportGiven], kernel.Fact{Name: "given", Value: fmt.Sprintf("and %d lines more, which kmodsh open shows", n)})
	}
	return facts
}

// repeats is a command of kmodsh with the options that its target takes.
func repeats(in Input, verb string) string {
	return strings.Join(strings.Fields("kmodsh "+optionsOf(in)+" "+verb), " ")
}

// fileOf is the name of the trace for whoever was sent it.
func fileOf(in Input) string {
	if base := filepath.Base(in.File); shellName(base) {
		return base
	}
	return "FILE"
}

// replayCommand is the command that does the run again, "" where there is none.
func replayCommand(in Input) string {
	switch {
	case in.Token != "":
		return repeats(in, "replay "+in.Token)
	case in.Again > 0 && in.Recording.Given != nil && in.Recording.Given.Kernel != "":
		return repeats(in, "replay --on vm "+fileOf(in))
	case in.Again > 0:
		return repeats(in, "replay "+fileOf(in))
	}
	return ""
}

// confWord says what CONF is, where it is asked for.
func confWord(b *strings.Builder, in Input) {
	if in.Recording.Given.HasConfig() {
		b.WriteString(wrapped("", "CONF is a file with the lines that were given by -C, as above.") + "\n")
	}
}

// repeatToken says how a schedule is repeated, which fits into a word.
func repeatToken(b *strings.Builder, in Input) {
	para := func(s string) { b.WriteString(wrapped("", printable(s))) }
	para("The whole run is in this word, on one line:")
	b.WriteString("\n    " + replayCommand(in) + "\n\n")
	confWord(b, in)
	file := fileOf(in)
	para("With the trace file:")
	fmt.Fprintf(b, "\n    %s\n    kmodsh open %s\n    kmodsh export %s --format sh\n\n", repeats(in, "replay "+file), file, file)
	para("open looks at it, at every step; the script that export makes needs no kmodsh, only the test driver and the modules.")
}

// repeatMachine says how a session on a machine is repeated.
func repeatMachine(b *strings.Builder, in Input) {
	r := in.Recording
	para := func(s string) { b.WriteString(wrapped("", printable(s))) }
	version, file := shellWord(r.Kernel), fileOf(in)
	conf := ""
	if r.Given.HasConfig() {
		conf = "-C CONF "
	}
	para(fmt.Sprintf("With the trace file, whose %d steps are done again on a kernel of the same series, and compared:", in.Again))
	b.WriteString("\n")
	if r.Given != nil && r.Given.Kernel != "" {
		fmt.Fprintf(b, "    kmodsh --kernel PATH --modules DIR lab driver build\n")
	} else {
		fmt.Fprintf(b, "    kmodsh lab fetch %s\n    kmodsh lab driver build %s\n", version, version)
	}
	fmt.Fprintf(b, "    %s\n\n", replayCommand(in))
	confWord(b, in)
	para("On another kernel, on the simulated one, which needs no machine, or only to look at it:")
	fmt.Fprintf(b, "\n    kmodsh %sreplay --on vm:6.1 %s\n    kmodsh %sreplay --on sim %s\n    kmodsh open %s\n    kmodsh export %s --format sh\n\n", conf, file, conf, file, file, file)
	para("The script that export makes needs no kmodsh, only the test driver and the modules. What was typed:")
	b.WriteString("\n")
	typed(b, in)
}

// shellWord is a word of a file that may stand in a command, or else a word for
// it.
func shellWord(s string) string {
	if !shellName(s) {
		return "KERNEL"
	}
	return s
}

// typed writes the verbs of a session.
func typed(b *strings.Builder, in Input) {
	for _, v := range in.Recording.Verbs {
		b.WriteString("    " + clipTo(printable(v.Line), 200) + "\n")
	}
}
