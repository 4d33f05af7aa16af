package kmod

import (
	"bytes"
	"path"
	"strings"
)

// maxUnread bounds how much of a file is looked at that is not read for its name,
// in bytes.
const maxUnread = 64 << 10

// unreadFindings tells of files in configuration directories that hold lines of
// modprobe.d(5) and do not count for their names. What is hidden or put aside, as
// the name says, is passed over.
func (c *Config) unreadFindings() (out []Finding) {
	for _, file := range c.unread {
		base := path.Base(file)
		if base[0] == '.' && base != ".conf" || strings.HasPrefix(base, "README") || aside(base) {
			continue
		}
		b, err := c.readBytes(file)
		if err != nil {
			continue // a directory, or for root only
		}
		b = b[:min(len(b), maxUnread)]
		if bytes.IndexByte(b, 0) >= 0 {
			continue
		}
		f := configFile{path: file}
		if f.parse(b); len(f.lines) > f.bad { // text has a line that looks like one by chance
			first := f.lines[0].entry(file)
			out = append(out, Finding{Where: first.Where(), Text: first.text(), What: "not read, nor the rest of the file: its name must end in .conf"})
		}
	}
	return out
}

// aside says that a file's name is one that editors and package managers give to
// what is put aside.
func aside(name string) bool {
	for _, s := range [...]string{"~", ".bak", ".old", ".orig", ".save", ".swp", ".disabled", ".off", ".rpmnew", ".rpmsave", ".rpmorig", ".pacnew", ".pacsave"} {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return strings.Contains(name, ".dpkg-") || strings.Contains(name, ".ucf-")
}
