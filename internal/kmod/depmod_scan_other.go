//go:build !linux

package kmod

import "os"

// readEntries returns what is in a directory, by name.
func readEntries(dir string, _ bool) ([]dirEntry, error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	entries := make([]dirEntry, len(all))
	for i, e := range all {
		entries[i] = dirEntry{path: dir + "/" + e.Name(), name: e.Name(), mode: e.Type()}
	}
	return sortEntries(entries), nil
}
