package kmod

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// handOver is one module file on its way into the kernel.
type handOver struct {
	kernel               kernel.Kernel
	module, file, params string
	flags                kernel.InitFlags
	open                 func() (fs.File, error)
	report               func(trace.Event)
	note                 func(string) // of what was done in another way than usual; may be nil
}

// insert makes the system call that fits the file: finit_module for what the
// kernel can read itself, else init_module with the decompressed image. op is
// what failed.
func (h handOver) insert(ctx context.Context) (op string, err error) {
	f, err := h.open()
	if errors.Is(err, errNotRegular) {
		return "read", fmt.Errorf("%w: %w", kernel.ErrDamaged, err)
	}
	if err != nil {
		return "open", err
	}
	defer func() { f.Close() }()
	kind, err := formOf(f, h.file)
	if err != nil {
		return "read", err
	}
	here := "" // why the file is decompressed here though the kernel could
	if kind == "xz" && kind == h.kernel.Compression() && h.flags == 0 {
		here = xzRefused(f)
	}
	if kind == "" || kind == h.kernel.Compression() && here == "" {
		flags := h.flags
		if kind != "" {
			flags |= kernel.CompressedFile
		}
		h.before("finit_module")
		err = h.kernel.Finit(ctx, f, h.params, flags)
		h.after(err)
		if err == nil || !decompressHere(kind, kernel.ErrnoOf(err)) {
			return "insert", err
		}
		again, err := h.open()
		if err != nil {
			return "open", err
		}
		f.Close()
		f = again
	}
	if here != "" && h.note != nil {
		h.note("decompressed here: " + here)
	}
	image, err := OpenImage(f, h.file)
	if err != nil {
		return "decompress", err
	}
	if h.flags != 0 {
		if err := stripVersions(image, h.flags); err != nil {
			return "strip", err
		}
	}
	h.before("init_module")
	err = h.kernel.Init(ctx, image, h.params)
	h.after(err)
	return "insert", err
}

// formOf tells how a module file is compressed: by its first bytes, whatever it is
// called, where those can be looked at, else by its name. A file of fewer bytes
// never comes to the kernel (libkmod-file.c, kmod_file_open).
func formOf(f fs.File, name string) (string, error) {
	file, ok := f.(*os.File)
	if !ok {
		return Compression(name), nil
	}
	var head [longestMagic]byte
	if n, err := file.ReadAt(head[:], 0); n < len(head) {
		if !errors.Is(err, io.EOF) {
			return "", err
		}
		return "", fmt.Errorf("%s: %w: it has %d bytes", name, kernel.ErrDamaged, n)
	}
	return compressionOf(head[:]), nil
}

// decompressHere says whether a refusal by finit_module may be about the file's
// form, so that init_module with the plain image is worth the attempt: what the
// kernel's own decompressor does not take, or has no memory for, is EINVAL
// (kernel/module/decompress.c; XzHead.Refused); without finit_module the answer is
// ENOSYS.
func decompressHere(kind string, errno syscall.Errno) bool {
	switch errno {
	case syscall.ENOSYS:
		return true
	case syscall.EINVAL, syscall.EOPNOTSUPP:
		return kind != ""
	}
	return false
}

// before reports that the kernel is about to be asked.
func (h handOver) before(call string) {
	h.report(trace.Event{Point: StageInsert, Module: h.module, Detail: strings.TrimSpace(call + " " + h.file + " " + h.params)})
}

// after reports the kernel's answer.
func (h handOver) after(err error) {
	e := trace.Event{Point: StageInserted, Module: h.module, Ret: trace.Int(-int64(kernel.ErrnoOf(err)))}
	if err == nil {
		e.State = trace.Live
	} else {
		e.Detail = err.Error()
	}
	h.report(e)
}

// InsertFile loads the module file at path, wherever it is, without looking
// after dependencies: insmod's work. The kernel's refusal is a
// *kernel.LoadError; so is what else is wrong, with Op saying where.
func (l *Loader) InsertFile(ctx context.Context, file string, params []string) error {
	module := moduleNameOf(file)
	mark := l.Kernel.LogMark()
	op, err := handOver{
		kernel: l.Kernel, module: module, file: path.Clean(file), params: JoinParams(params), flags: l.Flags, report: l.report,
		open: func() (fs.File, error) { return openFile(file) },
	}.insert(ctx)
	if err == nil {
		return nil
	}
	le := &kernel.LoadError{Op: op, Module: module, File: file}
	if op == "insert" {
		le.Errno = kernel.ErrnoOf(err)
	}
	if le.Errno == 0 {
		le.Err = err
	} else {
		le.Log = logOf(l.Kernel.LogSince(mark), module, false)
	}
	return le
}

// openFile opens what is not a directory: the kernel has no word of its own for one.
func openFile(file string) (fs.File, error) {
	f, err := openGiven(file)
	if err != nil {
		return nil, err
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, &fs.PathError{Op: "open", Path: file, Err: syscall.EISDIR}
	}
	return f, nil
}
