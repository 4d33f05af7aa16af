package export

import (
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
)

// Input is what an export is made of.
type Input struct {
	Recording *recording.Recording
	// File is the name of the trace file, as a person would type it.
	File string
	// Token is the whole run as one word that replay takes, "" when there is
	// none.
	Token string
	// Again is how many things were done to a machine that replay does again, 0
	// where the trace holds none.
	Again int
	// Promise is the one that was broken, Says how; "" when none was.
	Promise, Says string
	// Tasks says what each thread was spawned to do, and Tasks' order.
	Tasks []SpawnedTask
	// Policy is the one that the helpers worked by, "" when it is not known.
	Policy string
	// Dark asks for light text on a dark ground, where a format has one ground.
	Dark bool
}

// SpawnedTask is what one thread was to do.
type SpawnedTask struct {
	ID   string
	Task kernel.Task
}

// format is a row of the table of formats.
type format struct {
	name, suffix, says string
	write              func(io.Writer, Input) error
}

func formats() []format {
	return []format{
		{"perfetto", ".pftrace", "for ui.perfetto.dev: threads, waits, module states, counters, flows", perfetto},
		{"html", ".html", "one page, complete in itself: a chart to zoom and step through", page},
		{"svg", ".svg", "the chart as a picture, for slides", picture},
		{"cast", ".cast", "a terminal recording, asciicast version 2, for asciinema", cast},
		{"md", ".md", "a report in plain text of 72 columns, for a mailing list", report},
		{"sh", ".sh", "a script that reproduces it on a real kernel; it needs the test driver and the modules", reproducer},
	}
}

// Formats returns the names of the formats, what ends the names of their files,
// and what each is.
func Formats() (names, suffixes, says []string) {
	for _, f := range formats() {
		names, suffixes, says = append(names, f.name), append(suffixes, f.suffix), append(says, f.says)
	}
	return names, suffixes, says
}

// Write writes a recording in a format. The error of a recording that cannot
// be shown so says why.
func Write(w io.Writer, name string, in Input) error {
	for _, f := range formats() {
		if f.name == name {
			return f.write(w, in)
		}
	}
	names, _, _ := Formats()
	return fmt.Errorf("no format %q: %s", name, strings.Join(names, ", "))
}

// titleOf is what a trace is called.
func titleOf(in Input) string {
	if in.Recording.Scenario != "" {
		return in.Recording.Scenario
	}
	return "kmodsh on " + in.Recording.Target
}

// subtitleOf says on one line where a trace was recorded, and what it shows.
func subtitleOf(in Input) string {
	parts := []string{in.Recording.Target}
	if r := in.Recording.Info; r != nil && r.Release != "" {
		parts = append(parts, "kernel "+r.Release)
	} else if in.Recording.Kernel != "" {
		parts = append(parts, "kernel "+in.Recording.Kernel)
	}
	if options := optionsOf(in); options != "" {
		parts = append(parts, "given "+options)
	}
	if in.Policy != "" {
		parts = append(parts, policyWords(in.Policy))
	}
	if in.Promise != "" {
		parts = append(parts, "breaks "+in.Promise)
	}
	return strings.Join(parts, " · ")
}

// policyWords says in few words by which rule helpers worked.
func policyWords(policy string) string {
	if policy == "verified" {
		return "kmodsh's own modprobe"
	}
	return "modprobe by the rule of " + strings.Replace(policy, "kmod", "kmod ", 1)
}

// optionsOf are the options of kmodsh with which its target is what it was when the
// trace was recorded, with words for what lies on the machine where it was, and a
// blank between them; "" when its name is enough.
func optionsOf(in Input) string {
	g := in.Recording.Given
	if g == nil {
		return ""
	}
	var list []string
	if g.HasConfig() {
		list = append(list, "-C CONF")
	}
	if g.Tree != "" {
		list = append(list, "--tree DIR")
	}
	if g.Kernel != "" {
		list = append(list, "--kernel PATH --modules DIR")
	}
	return strings.Join(list, " ")
}
