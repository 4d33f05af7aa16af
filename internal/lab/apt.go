package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// apt runs apt-get(8) and apt-cache(8) with the system's package lists, or
// with lists of our own, which need no root and leave the system as it is.
type apt struct {
	args []string // before every command
	own  bool     // lists of our own
}

// errStale says that the package lists name a file the archive no longer has.
var errStale = errors.New("the package lists are out of date")

// haveApt says whether kernels can be fetched on this machine at all.
func haveApt() error {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not here: kernels are fetched as Debian packages, through apt; on another system name a kernel by --kernel IMAGE --modules DIR: %w", tool, err)
		}
	}
	return nil
}

func systemApt() apt { return apt{args: asRoot()} }

// asRoot lets a root apt work in directories that its sandbox user may not
// enter, such as a cache in root's home.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"-o", "APT::Sandbox::User=root"}
	}
	return nil
}

// ownAptConfig is read after the system's configuration (apt.conf(5), -c). It
// keeps the sources and keys of the system, moves everything that is written,
// and drops hooks, which would act on the system, and lists nobody needs here.
const ownAptConfig = `Dir::State "%[1]s/state";
Dir::State::lists "%[1]s/lists";
Dir::State::status "%[1]s/state/status";
Dir::Cache "%[1]s/cache";
APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures { "amd64"; };
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
`

// ownApt makes the directories of an apt with its own lists.
func (c *Cache) ownApt() (apt, error) {
	dir := c.path(aptDir)
	if strings.ContainsAny(dir, "\"\n\\") {
		return apt{}, fmt.Errorf("cache %q: apt cannot work in a directory with such a name; set %s", dir, CacheEnv)
	}
	for _, sub := range []string{"lists/partial", "cache/archives/partial", "state"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return apt{}, cacheError(c.dir, err)
		}
	}
	conf := filepath.Join(dir, "apt.conf")
	for path, text := range map[string]string{conf: fmt.Sprintf(ownAptConfig, dir), filepath.Join(dir, "state/status"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return apt{}, cacheError(c.dir, err)
		}
	}
	return apt{args: append([]string{"-c", conf}, asRoot()...), own: true}, nil
}

// packages returns the names of the kernel packages in the lists.
func (a apt) packages(ctx context.Context) ([]string, error) {
	out, err := a.output(ctx, "apt-cache", "pkgnames", "linux-image-")
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(out)), nil
}

// record is what the lists say of a package.
type record struct {
	Version   string
	Size      int64 // of the .deb, bytes
	Installed int64 // bytes
	Depends   string
}

// show reads a package's record.
func (a apt) show(ctx context.Context, name string) (record, error) {
	out, err := a.output(ctx, "apt-cache", "show", "--no-all-versions", name)
	if err != nil {
		return record{}, err
	}
	var r record
	for line := range strings.SplitSeq(string(out), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "Version":
			r.Version = value
		case "Size":
			r.Size, _ = strconv.ParseInt(value, 10, 64)
		case "Installed-Size": // KiB: deb-control(5)
			n, _ := strconv.ParseInt(value, 10, 64)
			r.Installed = n << 10
		case "Depends":
			r.Depends = value
		}
		if line == "" && r.Version != "" {
			break
		}
	}
	if r.Version == "" || strings.ContainsAny(r.Version, "/ ") || r.Size < 0 || r.Installed < 0 {
		return record{}, fmt.Errorf("apt-cache show %s: no usable record", name)
	}
	return r, nil
}

// update gets new package lists.
func (a apt) update(ctx context.Context, p Progress) error {
	p.step("update", 0, 0, "package lists")
	return a.run(ctx, "", func(percent float64, _ string) { p.step("update", int64(percent), 100, "package lists") },
		"update", "-o", "APT::Update::Error-Mode=any")
}

// download gets a package into dir and returns the file's path. apt checks it
// against the signed lists.
func (a apt) download(ctx context.Context, pkg kernelPackage, size int64, dir string, p Progress) (string, error) {
	p.step("download", 0, size, pkg.Name)
	err := a.run(ctx, dir, func(percent float64, _ string) {
		p.step("download", int64(percent/100*float64(size)), size, pkg.Name)
	}, "download", pkg.Name)
	if err != nil {
		return "", fmt.Errorf("fetching %s: %w", pkg.Name, err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("fetching %s: apt-get said it was done but left %d packages", pkg.Name, len(found))
	}
	p.step("download", size, size, pkg.Name)
	return found[0], nil
}

func (a apt) output(ctx context.Context, tool string, args ...string) ([]byte, error) {
	cmd := command(ctx, tool, append(append([]string{}, a.args...), args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, aptError(tool, args[0], err, stderr.Bytes())
	}
	return out, nil
}

// run runs apt-get in dir and passes on the percentages of its status lines
// (README.progress-reporting of apt: "dlstatus:NUMBER:PERCENT:TEXT" while it
// loads, "pmstatus:..." while it installs).
func (a apt) run(ctx context.Context, dir string, hear func(float64, string), args ...string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	all := append(append([]string{}, a.args...), "-q", "-o", "APT::Status-Fd=3")
	cmd := command(ctx, "apt-get", append(all, args...)...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = dir, &out, &out, []*os.File{w}
	if err := cmd.Start(); err != nil {
		w.Close()
		return fmt.Errorf("apt-get %s: %w", args[0], err)
	}
	w.Close()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		readStatus(r, hear)
	}()
	err = cmd.Wait()
	// A grandchild may still hold the pipe; what it says no longer counts.
	r.SetReadDeadline(time.Now())
	<-heard
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return aptError("apt-get", args[0], err, out.Bytes())
	}
	return nil
}

// readStatus reads status lines until the end.
func readStatus(r io.Reader, hear func(float64, string)) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), ":", 4)
		if len(parts) != 4 || parts[0] != "dlstatus" && parts[0] != "pmstatus" {
			continue
		}
		if percent, err := strconv.ParseFloat(parts[2], 64); err == nil && percent >= 0 && percent <= 100 {
			hear(percent, parts[3])
		}
	}
	io.Copy(io.Discard, r) // a line too long: apt must not wait for us
}

// aptError turns apt's words into one sentence with what to do.
func aptError(tool, verb string, err error, output []byte) error {
	s := string(output)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(s, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("No space left", "don't have enough free space"):
		return fmt.Errorf("%s %s: %w (%w)", tool, verb, errNoSpace, syscall.ENOSPC)
	case has("404  Not Found", "Hash Sum mismatch", "Unable to locate package", "has no installation candidate"):
		return fmt.Errorf("%s %s: %w", tool, verb, errStale)
	case has("Could not resolve", "Temporary failure", "Could not connect", "Unable to connect", "Network is unreachable", "Connection timed out", "Connection failed"):
		return fmt.Errorf("%s %s: the package server cannot be reached; check the network, and http_proxy if there is a proxy: %s", tool, verb, aptLine(s))
	case has("Permission denied", "are you root"):
		return fmt.Errorf("%s %s: no permission: %s", tool, verb, aptLine(s))
	}
	return fmt.Errorf("%s %s: %w: %s", tool, verb, err, aptLine(s))
}

// aptLine returns apt's first error, or its first warning, or its last line.
func aptLine(output string) string {
	for _, mark := range []string{"E: ", "W: ", "Err:"} {
		for line := range strings.SplitSeq(output, "\n") {
			if strings.HasPrefix(line, mark) {
				return lastLine([]byte(line))
			}
		}
	}
	return lastLine([]byte(output))
}
