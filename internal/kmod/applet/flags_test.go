package applet

import (
	"slices"
	"strings"
	"testing"
)

// flagsOfKmod34 are the flags that each tool of kmod 34.2 takes (cmdopts and
// cmdopts_s of tools/*.c), of which its help does not name all: short ones as
// getopt(3) has them, then long ones, = behind those with an argument.
var flagsOfKmod34 = map[string]struct{ short, long string }{
	"modprobe": {"arw:RibfDcnC:d:S:sqvVh", "all remove remove-dependencies remove-holders wait= resolve-alias first-time ignore-install ignore-remove use-blacklist force force-modversion force-vermagic show-depends showconfig show-config show-modversions dump-modversions show-exports dry-run show config= dirname= set-version= syslog quiet verbose version help"},
	"insmod":   {"fsvVh", "force syslog verbose version help"},
	"rmmod":    {"fsvVh", "force syslog verbose version help"},
	"lsmod":    {"svVh", "syslog verbose version help"},
	"modinfo":  {"adlpn0mF:k:b:Vh", "author description license parameters filename null modname field= set-version= basedir= version help"},
	"depmod":   {"aAb:m:o:C:E:F:evnP:wVh", "all quick basedir= moduledir= outdir= config= symvers= filesyms= errsyms verbose show dry-run symbol-prefix= warn version help"},
}

// TestFlagsOfKmod34 holds our flags against kmod 34's by whole names, also where
// no kmod 34 is installed.
func TestFlagsOfKmod34(t *testing.T) {
	for _, tool := range tools {
		theirs, ok := flagsOfKmod34[tool.name]
		if !ok {
			t.Errorf("%s: kmod's flags are not in the list", tool.name)
		}
		for i, c := range theirs.short {
			if c == ':' {
				continue
			}
			arg := strings.HasPrefix(theirs.short[i+1:], ":")
			if !slices.ContainsFunc(tool.options, func(o option) bool { return rune(o.short) == c && o.arg == arg && !o.own }) {
				t.Errorf("%s -%c, with an argument %v, is none of ours", tool.name, c, arg)
			}
		}
		for name := range strings.FieldsSeq(theirs.long) {
			name, arg := strings.CutSuffix(name, "=")
			if !slices.ContainsFunc(tool.options, func(o option) bool { return o.long == name && o.arg == arg && !o.own }) {
				t.Errorf("%s --%s, with an argument %v, is none of ours", tool.name, name, arg)
			}
		}
	}
}

// TestHelpNamesFlags holds the help against the flags: scripts look there for what
// a tool can. The old name of --remove-holders is left to die.
func TestHelpNamesFlags(t *testing.T) {
	for _, tool := range tools {
		_, text, _ := strings.Cut(helpText, "== "+tool.name+"\n")
		text, _, _ = strings.Cut(text, "\n== ")
		words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
		for _, o := range tool.options {
			if !slices.Contains(words, "--"+o.long) && o.long != "remove-dependencies" {
				t.Errorf("the help of %s does not name --%s", tool.name, o.long)
			}
			if o.short != 0 && !slices.Contains(words, "-"+string(o.short)) {
				t.Errorf("the help of %s does not name -%c", tool.name, o.short)
			}
		}
	}
}
