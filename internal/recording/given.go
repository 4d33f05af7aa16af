package recording

import (
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"

	"example.org/kmodsh/internal/kernel"
)

// Given is what a person gave a target besides its name, without which the same
// name is another target.
type Given struct {
	// Config is the configuration of modprobe (-C), an entry of modprobe.d each,
	// the first maxGivenConfig of them; Entries is how many there were.
	Config  []string `json:"config,omitempty"`
	Entries int      `json:"entries,omitempty"`
	// Sum is a hash of all entries, also of those that are not kept; "" where there
	// are none, or the file is older than the field.
	Sum string `json:"sum,omitempty"`
	// Tree is the module tree given to a simulated kernel (--tree), or the
	// release of a kernel of the person's own (--kernel); both on the machine
	// where it was recorded.
	Tree   string `json:"tree,omitempty"`
	Kernel string `json:"kernel,omitempty"`
}

// maxGivenConfig bounds how many entries of a configuration a file keeps.
const maxGivenConfig = 1000

// NewGiven returns what was given, nil for nothing.
func NewGiven(config []string, tree, kernel string) *Given {
	if len(config) == 0 && tree == "" && kernel == "" {
		return nil
	}
	return &Given{Config: config[:min(len(config), maxGivenConfig)], Entries: len(config), Sum: sumOf(config), Tree: tree, Kernel: kernel}
}

// HasConfig says whether a configuration of modprobe was given (-C).
func (g *Given) HasConfig() bool { return g != nil && g.Entries > 0 }

// sumOf is a hash of the entries of a configuration, "" of none.
func sumOf(config []string) string {
	if len(config) == 0 {
		return ""
	}
	h := fnv.New32a()
	for _, line := range config {
		// A hash takes all that is written.
		_, _ = io.WriteString(h, line+"\n")
	}
	return fmt.Sprintf("%08x", h.Sum32())
}

// ConfigSum tells configurations of modprobe apart in eight characters, for where
// there is no room for one: it is "" for none.
func (g *Given) ConfigSum() string {
	switch {
	case g == nil:
		return ""
	case g.Sum == "":
		return sumOf(g.Config)
	}
	return g.Sum
}

// sameConfig says whether both were given the same configuration.
func (g *Given) sameConfig(here *Given) bool {
	return g.Entries == here.Entries && slices.Equal(g.Config, here.Config) && (g.Sum == "" || here.Sum == "" || g.Sum == here.Sum)
}

// ConfigDiffers says in words, for a person who wants the same again, how the
// configuration that is given here differs from one of which only ConfigSum is
// known; "" when it is the same.
func (g *Given) ConfigDiffers(sum string) (what, do string) {
	switch here := g.ConfigSum(); {
	case here == sum:
		return "", ""
	case sum == "":
		return "it was made without a configuration of modprobe, and here one is given: " + g.config(), "leave -C out"
	case here == "":
		return "it was made with a configuration of modprobe (-C), which it does not hold and which is not given here", "give the same: kmodsh -C CONF; the trace file that was made with it has its entries"
	}
	return "it was made with another configuration of modprobe (-C) than is here: " + g.config(), "give the one it was made with: the trace file that was made with it has its entries"
}

// Differs says in words, for a person who wants the same again, what of g is not
// given here, and what is given here only; "" when it is the same. Where a tree
// lies is a matter of each machine: that there is one counts; and neither tree nor
// kernel does when another target was asked for on purpose, which same says.
func (g *Given) Differs(here *Given, same bool) (what, do string) {
	if g == nil {
		g = &Given{}
	}
	if here == nil {
		here = &Given{}
	}
	switch {
	case g.HasConfig() && !g.sameConfig(here):
		what = fmt.Sprintf("it was recorded with a configuration of modprobe (-C) that is not here: %s", g.config())
		if here.HasConfig() {
			what = fmt.Sprintf("it was recorded with another configuration of modprobe (-C) than is here: %s, and not %s", g.config(), here.config())
		}
		return what, "open shows its entries: write them to a file CONF and give it, kmodsh -C CONF"
	case !g.HasConfig() && here.HasConfig():
		return "it was recorded without a configuration of modprobe, and here one is given: " + here.config(), "leave -C out"
	case !same:
	case g.Tree != "" && here.Tree == "":
		return "it was recorded with the module tree " + g.Tree + " (--tree), which is not given here", "give it, or a copy of it: kmodsh --tree DIR"
	case g.Tree == "" && here.Tree != "":
		return "it was recorded without --tree, and here the tree " + here.Tree + " is given", "leave --tree out"
	case g.Kernel != "" && g.Kernel != here.Kernel:
		return "it was recorded on a kernel of somebody's own (--kernel), release " + g.Kernel, "give it: kmodsh --kernel PATH --modules DIR"
	}
	return "", ""
}

// config is the configuration, short.
func (g *Given) config() string {
	if g.Entries == 1 && len(g.Config) == 1 {
		return strconv.Quote(g.Config[0])
	}
	if len(g.Config) == 0 {
		return fmt.Sprintf("%d entries", g.Entries)
	}
	return fmt.Sprintf("%d entries, the first of them %q", g.Entries, g.Config[0])
}

// Facts says what was given, an entry of the configuration on each line.
func (g *Given) Facts() []kernel.Fact {
	if g == nil {
		return nil
	}
	var facts []kernel.Fact
	add := func(name, value string) { facts = append(facts, kernel.Fact{Name: name, Value: value}) }
	if g.Kernel != "" {
		add("own kernel", g.Kernel+", given with --kernel")
	}
	if g.Tree != "" {
		add("own tree", g.Tree+", given with --tree")
	}
	for _, line := range g.Config {
		add("given by -C", line)
	}
	if n := g.Entries - len(g.Config); n > 0 {
		add("given by -C", fmt.Sprintf("and %d entries more, which the file does not keep", n))
	}
	return facts
}
