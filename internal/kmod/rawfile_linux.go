package kmod

import (
	"io"
	"io/fs"
	"syscall"
)

// rawFile is a file that is read by system calls alone. An *os.File costs a
// process its poller and half a dozen calls for each file; a query of modprobe
// opens ten and ends.
type rawFile struct {
	fd   int
	name string
}

func openRaw(name string) (f rawFile, size int64, err error) {
	f = rawFile{-1, name}
	for {
		f.fd, err = syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			return f, 0, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	var st syscall.Stat_t
	if err = syscall.Fstat(f.fd, &st); err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return f, 0, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return f, st.Size, nil
}

func (f rawFile) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		n, err := syscall.Pread(f.fd, p[done:], off+int64(done))
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return done, &fs.PathError{Op: "read", Path: f.name, Err: err}
		case n == 0:
			return done, io.EOF
		}
		done += max(n, 0)
	}
	return done, nil
}

func (f rawFile) Close() error { return syscall.Close(f.fd) }

// readRaw reads a file of at most limit bytes; one more byte says that it is
// longer.
func readRaw(name string, limit int) ([]byte, error) {
	f, size, err := openRaw(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, min(int(size), limit)+1)
	if size > int64(limit) {
		return b, nil // what is in it nobody will look at
	}
	n, err := f.ReadAt(b, 0)
	switch {
	case err == nil && len(b) <= limit: // it grew meanwhile
		return readRaw(name, limit)
	case err != nil && err != io.EOF:
		return nil, err
	}
	return b[:n], nil
}
