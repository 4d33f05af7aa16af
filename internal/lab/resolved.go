package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// systemLists is where apt keeps the package lists of the system.
const systemLists = "/var/lib/apt/lists"

// resolved is the last answer to a spec: what apt said while its lists were in
// the state that Stamp describes. Asking apt anew takes it seconds, since it
// reads all lists each time where a package cache cannot be kept.
type resolved struct {
	Stamp   string `json:"stamp"`
	Package string `json:"package"`
	Version string `json:"version"`
}

// listsStamp returns the key of the state of all package lists.
func (c *Cache) listsStamp() string {
	key := newFingerprint("lists")
	for _, dir := range []string{systemLists, c.path(aptDir, "lists")} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || e.Name() == "lock" {
				continue
			}
			key.add(e.Name(), info.ModTime().String())
		}
	}
	return key.key()
}

func (c *Cache) resolvedFile(spec string) string {
	return c.path(aptDir, "resolved-"+spec+".json")
}

// recall returns the fetched kernel that spec led to, when the package lists
// are as they were then.
func (c *Cache) recall(spec string) (Kernel, bool) {
	b, err := os.ReadFile(c.resolvedFile(spec))
	if err != nil || len(b) > 4096 {
		return Kernel{}, false
	}
	var r resolved
	if json.Unmarshal(b, &r) != nil || r.Stamp != c.listsStamp() {
		return Kernel{}, false
	}
	k, ok := c.newestFetched(spec)
	return k, ok && k.Package == r.Package && k.Version == r.Version
}

// remember notes what spec led to. That it cannot is no reason to fail: the
// next Fetch asks apt again.
func (c *Cache) remember(spec string, k Kernel) {
	b, err := json.Marshal(resolved{c.listsStamp(), k.Package, k.Version})
	if err != nil {
		return
	}
	tmp, err := c.TempDir("resolved")
	if err != nil {
		return
	}
	defer tmp.Close()
	path := filepath.Join(tmp.Path, "new")
	if os.WriteFile(path, b, 0o644) == nil {
		publish(path, c.resolvedFile(spec))
	}
}
