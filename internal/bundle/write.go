package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The names inside a bundle.
const (
	nameManifest = "MANIFEST.json"
	nameIndexes  = "tree/" // and the name of the index
)

// jsonNames are the files of parts that are one JSON value each.
var jsonNames = map[Part]string{
	PartInfo: "info.json", PartSystem: "system.json", PartStates: "states.json", PartParams: "params.json",
	PartVersions: "versions.json", PartFiles: "files.json", PartConfig: "config.json", PartChecks: "checks.json",
	PartCmdline: "cmdline.json", PartLog: "log.json",
}

// parts gives the value of each part that is JSON; nil for one that is empty.
func (c *Content) parts() map[Part]any {
	values := map[Part]any{}
	set := func(p Part, there bool, v any) {
		if there {
			values[p] = v
		}
	}
	set(PartInfo, c.Info != nil, c.Info)
	set(PartSystem, c.System != nil, c.System)
	set(PartStates, c.Modules != nil, c.Modules)
	set(PartParams, c.Params != nil, c.Params)
	set(PartVersions, c.Versions != nil, c.Versions)
	set(PartFiles, c.Files != nil, c.Files)
	set(PartConfig, c.Configs != nil, c.Configs)
	set(PartCmdline, c.Cmdline != "", c.Cmdline)
	set(PartLog, c.Log != nil, c.Log)
	set(PartChecks, c.Checks != nil, c.Checks)
	return values
}

// Write writes a bundle: a tar archive under gzip, its manifest first. It
// returns the list of what is inside.
func Write(w io.Writer, c *Content) ([]Item, error) {
	c.Format, c.Version = Format, Version
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	var items []Item
	add := func(name string, data []byte) error {
		items = append(items, Item{name, len(data)})
		err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o644, ModTime: c.Taken})
		if err == nil {
			_, err = t.Write(data)
		}
		return err
	}
	addJSON := func(name string, v any) error {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(v); err != nil {
			return err
		}
		return add(name, b.Bytes())
	}
	if err := addJSON(nameManifest, c.Manifest); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	values := c.parts()
	for _, p := range Parts() {
		if p.Part == PartIndexes {
			var names []string
			for name := range c.Indexes {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				if err := add(nameIndexes+name, c.Indexes[name]); err != nil {
					return nil, fmt.Errorf("bundle: %s: %w", name, err)
				}
			}
			continue
		}
		if v, ok := values[p.Part]; ok {
			if err := addJSON(jsonNames[p.Part], v); err != nil {
				return nil, fmt.Errorf("bundle: %s: %w", p.Part, err)
			}
		}
	}
	if err := t.Close(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return items, nil
}

// AboutModules picks the lines of a kernel's log that are about modules: those
// of the loader itself, and those that begin with a module's name. What else a
// log tells of a machine stays there.
func AboutModules(log []string, modules []string) (out []string) {
	known := map[string]bool{}
	for _, m := range modules {
		known[m] = true
	}
	for _, line := range log {
		text := line
		if strings.HasPrefix(text, "[") {
			if _, rest, ok := strings.Cut(text, "] "); ok {
				text = rest
			}
		}
		head, _, _ := strings.Cut(text, ":")
		if strings.Contains(strings.ToLower(head), "command line") { // also "Unknown kernel command line parameters"
			continue // a part of its own, which may be left out
		}
		word, _, _ := strings.Cut(head, " ")
		lower := strings.ToLower(text)
		if known[strings.ReplaceAll(head, "-", "_")] || known[strings.ReplaceAll(word, "-", "_")] || strings.Contains(lower, "module") || strings.Contains(lower, "modprobe") || strings.Contains(text, "Unknown symbol") || strings.Contains(text, "Lockdown") || strings.Contains(text, "disagrees about version") {
			out = append(out, line)
		}
	}
	return out
}
