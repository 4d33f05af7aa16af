package explore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// saved is the file that lets a search go on: the units that were done, whole.
// A unit that was cut off begins again.
type saved struct {
	Kind        string      `json:"kind"`
	Version     int         `json:"version"`
	Fingerprint uint32      `json:"fingerprint"`
	Problem     string      `json:"problem"`
	Units       []savedUnit `json:"units"`
}

type savedUnit struct {
	Pass     Pass     `json:"pass"`
	Longest  int      `json:"longest"`
	Broken   []Broken `json:"broken"`
	Outcomes []string `json:"outcomes"`
	Reached  []string `json:"reached"`
}

const (
	savedKind = "kmodsh search"
	// maxSaved bounds what is read of such a file, in bytes.
	maxSaved = 64 << 20
)

// resume takes over the units that a search of the same problem finished.
func resume(path string, p *Problem, units []*unit) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := readSaved(f)
	if err != nil {
		return fmt.Errorf("going on with the search in %s: %w", path, err)
	}
	if now := p.Fingerprint(); s.Fingerprint != now {
		return fmt.Errorf("going on with the search in %s: %w: it is of %s with fingerprint %08x, this is %s with %08x; remove the file to begin anew",
			path, ErrStale, s.Problem, s.Fingerprint, p.Name, now)
	}
	for _, old := range s.Units {
		for _, u := range units {
			if u.name == old.Pass.Name && old.Pass.Complete {
				u.pass, u.longest, u.broken, u.outcomes, u.reached = old.Pass, old.Longest, old.Broken, old.Outcomes, old.Reached
			}
		}
	}
	return nil
}

func readSaved(r io.Reader) (saved, error) {
	var s saved
	b, err := io.ReadAll(io.LimitReader(r, maxSaved+1))
	switch {
	case err != nil:
		return s, err
	case len(b) > maxSaved:
		return s, fmt.Errorf("more than %d bytes", maxSaved)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, err
	}
	if s.Kind != savedKind || s.Version != tokenVersion {
		return s, fmt.Errorf("no search of this version of kmodsh")
	}
	return s, nil
}

// save writes the units that are done, in place of what was there, at once.
func save(path string, p *Problem, units []*unit) error {
	s := saved{Kind: savedKind, Version: tokenVersion, Fingerprint: p.Fingerprint(), Problem: p.Name, Units: []savedUnit{}}
	for _, u := range units {
		if u.pass.Complete {
			s.Units = append(s.Units, savedUnit{u.pass, u.longest, u.broken, u.outcomes, u.reached})
		}
	}
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("keeping the search: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("keeping the search: %w", err)
	}
	return nil
}
