// Command release makes what is given to people: static programs for Linux and
// macOS, a Debian package with manual pages and completion, and checksums. The
// same commit gives the same bytes, wherever and whenever it is made.
//
// It must not know what the program does: it builds it, and asks it for its
// manual pages and completion.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
)

// platforms are those that there are programs for; Debian has packages of the
// Linux ones.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}

func main() {
	out := flag.String("o", "dist", "directory to write to")
	only := flag.String("only", "", "build for this platform alone, such as linux/amd64")
	flag.Parse()
	if err := release(".", *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release makes everything from the source in dir.
func release(dir, out, only string) error {
	v, err := versionOf(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	papers, err := papersOf(dir)
	if err != nil {
		return err
	}
	var made []string
	for _, p := range platforms {
		if only != "" && p != only {
			continue
		}
		goos, arch, _ := strings.Cut(p, "/")
		name := fmt.Sprintf("kmodsh-%s-%s-%s", v.text, goos, arch)
		fmt.Println(name)
		if err := build(dir, "kmodsh", filepath.Join(out, name), p, v.text); err != nil {
			return err
		}
		made = append(made, name)
		if goos != "linux" {
			continue
		}
		small := fmt.Sprintf("kmodsh-modprobe-%s-%s-%s", v.text, goos, arch)
		fmt.Println(small)
		if err := build(dir, "kmodsh-modprobe", filepath.Join(out, small), p, v.text); err != nil {
			return err
		}
		made = append(made, small)
		program, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		modprobe, err := os.ReadFile(filepath.Join(out, small))
		if err != nil {
			return err
		}
		deb, err := debOf(v, arch, append([]file{{"usr/bin/kmodsh", program, 0o755}, {"usr/lib/kmodsh/modprobe", modprobe, 0o755}}, papers...))
		if err != nil {
			return err
		}
		name = fmt.Sprintf("kmodsh_%s_%s.deb", v.text, arch)
		fmt.Println(name)
		if err := os.WriteFile(filepath.Join(out, name), deb, 0o644); err != nil {
			return err
		}
		made = append(made, name)
	}
	if len(made) == 0 {
		return fmt.Errorf("no platform %s: there are %s", only, strings.Join(platforms, ", "))
	}
	return sums(out, made)
}

// version is the commit that is released.
type version struct {
	text string    // "0.0~git20261126.1a2b3c4d5e", or the tag without its v
	at   time.Time // when it was made: the time of all files
}

// versionOf asks git. SOURCE_DATE_EPOCH, in seconds, stands for the time where
// there is no git, as reproducible-builds.org has it.
func versionOf(dir string) (version, error) {
	git := func(args ...string) (string, error) {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		b, err := cmd.Output()
		return strings.TrimSpace(string(b)), err
	}
	stamp, err := git("log", "-1", "--format=%ct")
	if s := os.Getenv("SOURCE_DATE_EPOCH"); s != "" || err != nil {
		stamp = s
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return version{}, fmt.Errorf("when was this made? %s is no git checkout, and SOURCE_DATE_EPOCH is %q", dir, stamp)
	}
	v := version{at: time.Unix(seconds, 0).UTC()}
	if tag, err := git("describe", "--exact-match", "--tags"); err == nil && tag != "" {
		v.text = strings.TrimPrefix(tag, "v")
		return v, nil
	}
	v.text = "0.0~git" + v.at.Format("20060102")
	if hash, err := git("rev-parse", "--short=10", "HEAD"); err == nil {
		v.text += "." + hash
	}
	return v, nil
}

// build makes one program of cmd: static, without the paths of this machine, without
// what differs from one build to the next.
func build(dir, what, to, platform, version string) error {
	goos, arch, _ := strings.Cut(platform, "/")
	to, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -X main.released="+version, "-o", to, "./cmd/"+what)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+arch, "GOFLAGS=-mod=readonly", "GOAMD64=v1", "GOARM64=v8.0")
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building for %s: %w\n%s", platform, err, bytes.TrimSpace(b))
	}
	return nil
}

// papersOf asks the program of this machine for what goes beside it.
func papersOf(dir string) ([]file, error) {
	tmp, err := os.MkdirTemp("", "kmodsh-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	program := filepath.Join(tmp, "kmodsh")
	if err := build(dir, "kmodsh", program, runtime.GOOS+"/"+runtime.GOARCH, ""); err != nil {
		return nil, err
	}
	if b, err := exec.Command(program, "man", "-o", filepath.Join(tmp, "man")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("manual pages: %w\n%s", err, b)
	}
	var list []file
	pages, err := filepath.Glob(filepath.Join(tmp, "man", "man*", "*"))
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		packed, err := gzipped(text)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(filepath.Join(tmp, "man"), page)
		if err != nil {
			return nil, err
		}
		list = append(list, file{"usr/share/man/" + filepath.ToSlash(rel) + ".gz", packed, 0o644})
	}
	for shell, at := range map[string]string{
		"bash": "usr/share/bash-completion/completions/kmodsh", "zsh": "usr/share/zsh/vendor-completions/_kmodsh",
		"fish": "usr/share/fish/vendor_completions.d/kmodsh.fish",
	} {
		text, err := exec.Command(program, "completion", shell).Output()
		if err != nil {
			return nil, fmt.Errorf("completion for %s: %w", shell, err)
		}
		list = append(list, file{at, text, 0o644})
	}
	licence, err := os.ReadFile(filepath.Join(dir, "LICENSE"))
	if err != nil {
		return nil, err
	}
	list = append(list, file{"usr/share/doc/kmodsh/copyright", licence, 0o644})
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list, nil
}

// sums writes SHA256SUMS, as sha256sum -c reads it.
func sums(out string, names []string) error {
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(b.String()), 0o644)
}
