package inject

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// MissingError says what is needed to build the driver and is not here.
type MissingError struct {
	What    string // "make", "the headers of kernel 6.1.0-56-amd64"
	Package string // the Debian package that has it, "" when unknown
	Err     error
}

func (e *MissingError) Error() string {
	s := e.What + " is needed to build the test driver and is not here"
	if e.Package != "" {
		s += ": apt-get install " + e.Package
	}
	return s
}

func (e *MissingError) Unwrap() error { return e.Err }

// Compiler is the C compiler for a kernel, and what it says of itself.
type Compiler struct {
	Path    string // of the program
	Version string // the first line of --version
}

// FindCompiler returns the compiler to build with against the kernel tree dir:
// the one its configuration names (CONFIG_CC_VERSION_TEXT), else gcc. The
// error is a *MissingError.
func FindCompiler(ctx context.Context, dir string) (Compiler, error) {
	names := []string{"gcc"}
	if name := configuredCompiler(dir); name != "" {
		names = []string{name, "gcc"}
	}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return Compiler{}, fmt.Errorf("%s --version: %w", path, err)
		}
		first, _, _ := strings.Cut(string(out), "\n")
		return Compiler{path, first}, nil
	}
	return Compiler{}, &MissingError{What: names[0], Package: names[0], Err: exec.ErrNotFound}
}

var compilerName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^CONFIG_CC_VERSION_TEXT="(?:x86_64-linux-gnu-)?(gcc(?:-[0-9]+)?|clang(?:-[0-9]+)?) `)
})

// configuredCompiler reads the name of the compiler that built the kernel.
func configuredCompiler(dir string) string {
	for _, name := range []string{".config", "include/config/auto.conf"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if m := compilerName().FindStringSubmatch(lines.Text()); m != nil {
				return m[1]
			}
		}
	}
	return ""
}

// BuildOptions say what to build the driver for.
type BuildOptions struct {
	// Tree is the kernel's build directory: what /lib/modules/RELEASE/build
	// leads to, or a tree that was built in.
	Tree     string
	Release  string // of the kernel, checked against the tree's
	Compiler Compiler
	// Line hears of what the build prints, as it does; nil nobody.
	Line func(string)
}

// buildLimit bounds a build, which takes some 20 s on a slow machine.
const buildLimit = 10 * time.Minute

// Build builds the driver in the directory work, which must be empty, and
// returns the path of the module file in it. What is missing is a
// *MissingError; what the kernel build complains about is in the error.
func Build(ctx context.Context, work string, o BuildOptions) (string, error) {
	if err := build(ctx, work, o, writeSource, ModuleName); err != nil {
		return "", err
	}
	return filepath.Join(work, ModuleName+".ko"), nil
}

// BuildTests builds the test modules in the directory work, which must be
// empty: a file for each of TestModules.
func BuildTests(ctx context.Context, work string, o BuildOptions) error {
	return build(ctx, work, o, writeTests, TestModules()...)
}

// build has the kernel's build make the named modules of what write writes.
func build(ctx context.Context, work string, o BuildOptions, write func(dir string) error, names ...string) error {
	if err := checkTree(o); err != nil {
		return err
	}
	maker, err := exec.LookPath("make")
	if err != nil {
		return &MissingError{What: "make", Package: "make", Err: err}
	}
	// The kernel's makefiles know no quoting (Makefile, "source directory
	// cannot contain spaces or colons").
	for _, dir := range []string{work, o.Tree} {
		if strings.ContainsAny(dir, " :\t\n") {
			return fmt.Errorf("the kernel build cannot work in %q: a space or colon in the path", dir)
		}
	}
	if err := write(work); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	// No BTF: it would need pahole, and nobody looks at the driver's types.
	cmd := exec.CommandContext(ctx, maker, "-j2", "-C", o.Tree, "M="+work, "CC="+o.Compiler.Path,
		"CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=", "KBUILD_BUILD_TIMESTAMP=@0")
	out := &lines{hear: o.Line}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("building the test driver: %w", ctx.Err())
	}
	if err != nil {
		return buildError(err, out.all.Bytes())
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(work, name+".ko")); err != nil {
			return fmt.Errorf("building the test driver: make made no %s: %w", name, err)
		}
	}
	if w := complaint(out.all.Bytes(), "warning:"); w != "" {
		return fmt.Errorf("building the test driver: a warning, which is one too many: %s", w)
	}
	return nil
}

// checkTree says what is wrong with a kernel's build directory.
func checkTree(o BuildOptions) error {
	release, err := treeRelease(o.Tree)
	if err == nil {
		_, err = os.Stat(filepath.Join(o.Tree, "Makefile"))
	}
	if err != nil {
		return &MissingError{What: "a build tree or the headers of kernel " + o.Release, Package: "linux-headers-" + o.Release, Err: err}
	}
	if release != o.Release {
		return fmt.Errorf("%s is the build tree of kernel %.70q, not of %s", o.Tree, release, o.Release)
	}
	return nil
}

var overridden = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^override KERNELRELEASE = (\S+)$`) })

// treeRelease reads the release that modules built against a tree are for.
// Debian's headers override what the build of the kernel noted.
func treeRelease(tree string) (string, error) {
	b, err := os.ReadFile(filepath.Join(tree, ".kernelvariables"))
	if m := overridden().FindSubmatch(b); err == nil && m != nil {
		return string(m[1]), nil
	}
	b, err = os.ReadFile(filepath.Join(tree, "include/config/kernel.release"))
	return string(bytes.TrimSpace(b)), err
}

// buildError makes one sentence of what a failed build printed.
func buildError(err error, out []byte) error {
	if bytes.Contains(out, []byte("libelf.so.1: cannot open shared object")) {
		return &MissingError{What: "libelf, which the kernel's objtool uses,", Package: "libelf1", Err: err}
	}
	for _, mark := range []string{"fatal error:", "error:", "ERROR:", "not found", "***"} {
		if c := complaint(out, mark); c != "" {
			return fmt.Errorf("building the test driver: %w: %s", err, c)
		}
	}
	return fmt.Errorf("building the test driver: %w: %.300s", err, bytes.TrimSpace(out))
}

// complaint returns the first line with mark, "" when there is none.
func complaint(out []byte, mark string) string {
	for line := range bytes.SplitSeq(out, []byte("\n")) {
		if bytes.Contains(line, []byte(mark)) && !bytes.Contains(line, []byte("compiler differs")) {
			return string(line[:min(len(line), 300)])
		}
	}
	return ""
}

// lines collects output and passes whole lines on.
type lines struct {
	all  bytes.Buffer
	rest []byte
	hear func(string)
}

// maxOutput bounds what is kept of a build's output.
const maxOutput = 1 << 20

func (l *lines) Write(p []byte) (int, error) {
	if l.all.Len() < maxOutput {
		l.all.Write(p)
	}
	if l.hear != nil {
		l.rest = append(l.rest, p...)
		for {
			line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
			if !ok {
				break
			}
			l.hear(string(line))
			l.rest = rest
		}
		l.rest = l.rest[max(0, len(l.rest)-4096):]
	}
	return len(p), nil
}
