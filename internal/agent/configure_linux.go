package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

const (
	// configDir is the only configuration the guest's loaders read that the
	// lab can replace.
	configDir = "/etc/modprobe.d"
	// configMax bounds the number of files.
	configMax = 256
)

// configure replaces the files of /etc/modprobe.d. Loaders see either all the
// old or all the new ones.
func (g *guest) configure(_ context.Context, args json.RawMessage) (any, error) {
	var c wire.Configure
	if err := wire.Unmarshal(args, &c); err != nil {
		return nil, err
	}
	return nil, replaceConfig(configDir, c.Files)
}

// replaceConfig makes dir hold exactly the given files.
func replaceConfig(dir string, files []wire.File) error {
	if len(files) > configMax {
		return fmt.Errorf("configuring: %d files, the limit is %d", len(files), configMax)
	}
	for _, f := range files {
		if err := checkConfigName(f.Name); err != nil {
			return fmt.Errorf("configuring: %w", err)
		}
	}
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("configuring: %w", err)
	}
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		return fmt.Errorf("configuring: %w", err)
	}
	defer os.RemoveAll(fresh) // the old files, or what there is of the new
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(fresh, f.Name), f.Data, 0o644); err != nil {
			return fmt.Errorf("configuring: %w", err)
		}
	}
	err := unix.Renameat2(unix.AT_FDCWD, fresh, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.ENOENT) { // no old ones
		err = os.Rename(fresh, dir)
	}
	if err != nil {
		return fmt.Errorf("configuring: %w", err)
	}
	return nil
}

// checkConfigName refuses what is no base name of a modprobe.d file.
func checkConfigName(name string) error {
	base, ok := strings.CutSuffix(name, ".conf")
	if !ok || len(name) > 128 || base == "" || base[0] == '.' {
		return fmt.Errorf("file %.140q: %w: needs the form NAME.conf", name, kernel.ErrInvalidName)
	}
	for i := 0; i < len(base); i++ {
		c := base[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-+", c) >= 0 {
			continue
		}
		return fmt.Errorf("file %.140q: %w (character %q)", name, kernel.ErrInvalidName, c)
	}
	return nil
}
