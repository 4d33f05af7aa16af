package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// A kept machine is one moment of a debugged machine for another day. It lies in
// a directory of its name, with links to the files that its QEMU needs, so that
// these stay when the cache is tidied up.
const (
	keptDir = "kept"
	// keptMost is how many stay, each some 95 MB: those kept last.
	keptMost = 8
	keptInfo = "kept.json"
	// keptMachine is the stream that QEMU reads, with a seal.
	keptMachine = "machine"
	keptImage   = "image"
	keptInitrd  = "initrd"
	keptDisk    = "disk"
	// maxKeptInfo bounds what is read of the description, in bytes.
	maxKeptInfo = 256 << 20
)

// kept describes a kept machine.
type kept struct {
	Target string    `json:"target"` // vm:KERNEL@NAME
	At     time.Time `json:"at"`
	QEMU   string    `json:"qemu"` // which: another may not read it
	Boot   Boot      `json:"boot"`
	Accel  Accel     `json:"accel"`
	Memory int       `json:"memory"`
	CPUs   int       `json:"cpus"`
	More   string    `json:"more,omitempty"`
	// Theirs is the number that the guest gave the last event that had come.
	Theirs uint64        `json:"theirs"`
	Events []trace.Event `json:"events"`
	// Faults and Serial go on where they were.
	Faults int `json:"faults"`
	Serial int `json:"serial"`
}

var _ kernel.Keeper = (*target)(nil)

// keptName is what a name of a kept machine looks like.
var keptName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,199}$`) })

// keptPath is the directory of a machine that was kept of the target vm:SPEC.
func (c *Cache) keptPath(spec, name string) string {
	spec = strings.Map(func(r rune) rune {
		if r == '/' || r == '@' || r < ' ' {
			return '_'
		}
		return r
	}, spec)
	return filepath.Join(c.VMs(), keptDir, spec+"@"+name)
}

// ofKept takes the name of a target apart: "vm:6.12@NAME", or "vm:6.12".
func ofKept(target string) (spec, name string) {
	spec, name, _ = strings.Cut(strings.TrimPrefix(target, "vm:"), "@")
	return spec, name
}

// Keep implements kernel.Keeper: the present moment, in place of what was kept
// under the name before. OpenKept begins there.
func (t *target) Keep(ctx context.Context, name string) (string, error) {
	if !keptName().MatchString(name) {
		return "", &kernel.WordsError{Msg: fmt.Sprintf("%q is no name to keep a machine under: letters, digits and dashes", name)}
	}
	ended, err := t.begin(ctx)
	if err != nil {
		return "", err
	}
	defer ended()
	ctx, done, err := t.take(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	c := t.made.cache
	if err := needSpace(c.VMs(), savedSpace); err != nil {
		return "", err
	}
	dir, err := c.TempDir(keptDir)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	if err := os.Chmod(dir.Path, 0o700); err != nil { // it is the guest's memory
		return "", err
	}
	spec, _ := ofKept(t.name)
	as := "vm:" + spec + "@" + name
	if err := t.writeKept(ctx, dir.Path, as); err != nil {
		return "", fmt.Errorf("keeping %s as %s: %w", t.name, name, cacheError(c.dir, err))
	}
	to := c.keptPath(spec, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", cacheError(c.dir, err)
	}
	whole := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+"-"+filepath.Base(dir.Path))
	if err = os.Rename(dir.Path, whole); err == nil {
		if err = os.RemoveAll(to); err == nil {
			err = os.Rename(whole, to)
		}
	}
	if err != nil {
		os.RemoveAll(whole)
		return "", cacheError(c.dir, err)
	}
	c.pruneKept()
	return as, nil
}

// writeKept writes all of it into dir.
func (t *target) writeKept(ctx context.Context, dir, as string) error {
	path := filepath.Join(dir, keptMachine)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	v, m := t.running(), t.made.machine
	k := kept{
		Target: as, At: time.Now().UTC(), QEMU: t.made.qemu.id, Boot: t.boot, Accel: Accel{Name: m.accel}, Memory: m.memory, CPUs: m.cpus, More: m.more,
		Faults: t.debug.faults, Serial: t.debug.serial,
	}
	var last uint64
	err = v.write(ctx, f, func() { k.Theirs, last = v.client.mark() })
	if err != nil {
		if dead := v.Err(); dead != nil {
			return dead
		}
		return err
	}
	if err := seal(path); err != nil {
		return err
	}
	k.Events, _ = t.events.After(0, 0)
	k.Events = slices.DeleteFunc(k.Events, func(e trace.Event) bool { return e.Seq > last })
	for to, from := range map[string]string{keptImage: m.image, keptInitrd: m.initrd, keptDisk: m.disk} {
		if from == "" {
			continue
		}
		if err := linkOrCopy(from, filepath.Join(dir, to)); err != nil {
			return err
		}
	}
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, keptInfo), b, 0o600)
}

// linkOrCopy makes a second name for a file, or a second file.
func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	return copyFile(from, to)
}

// KeptMachine is a kept machine in a list.
type KeptMachine struct {
	Target string    `json:"target"` // vm:KERNEL@NAME, which opens it
	At     time.Time `json:"at"`
	Bytes  int64     `json:"bytes"` // that its removal gives back
	dir    string
}

// Kept lists the kept machines, the last first.
func (c *Cache) Kept() []KeptMachine {
	entries, _ := os.ReadDir(filepath.Join(c.VMs(), keptDir))
	list := []KeptMachine{}
	for _, e := range entries {
		dir := filepath.Join(c.VMs(), keptDir, e.Name())
		k, err := readKept(dir)
		if err != nil {
			continue // somebody's who is just keeping or removing one
		}
		one := KeptMachine{Target: k.Target, At: k.At, dir: dir}
		for _, name := range []string{keptMachine, keptInfo} {
			if st, err := os.Stat(filepath.Join(dir, name)); err == nil {
				one.Bytes += st.Size()
			}
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b KeptMachine) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Target, b.Target)) })
	return list
}

// pruneKept removes all but those kept last.
func (c *Cache) pruneKept() {
	for i, k := range c.Kept() {
		if i >= keptMost {
			os.RemoveAll(k.dir)
		}
	}
}

// findKept reads the description of the machine that was kept of vm:SPEC.
func (c *Cache) findKept(spec, name string) (*kept, error) {
	var k *kept
	err := os.ErrNotExist
	if keptName().MatchString(name) {
		k, err = readKept(c.keptPath(spec, name))
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: no machine was kept as %s of vm:%s; kmodsh lab list shows those that are there", kernel.ErrNotFound, name, spec)
	}
	return k, err
}

func readKept(dir string) (*kept, error) {
	path := filepath.Join(dir, keptInfo)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var k kept
	if err := json.NewDecoder(io.LimitReader(f, maxKeptInfo)).Decode(&k); err != nil {
		return nil, &damagedError{path, err}
	}
	return &k, nil
}
