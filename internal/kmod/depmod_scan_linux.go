package kmod

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"syscall"
	"unsafe"
)

// readEntries returns what is in a directory, by name. It is read by system calls
// alone: for an os.File the poller is asked, by five more.
func readEntries(dir string, keys bool) ([]dirEntry, error) {
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	for err == syscall.EINTR {
		fd, err = syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer syscall.Close(fd)
	var entries []dirEntry
	buf := make([]byte, 8<<10)
	for {
		n, err := syscall.ReadDirent(fd, buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "readdirent", Path: dir, Err: err}
		}
		if n <= 0 {
			break
		}
		entries = appendEntries(entries, dir, buf[:n])
	}
	for i := range entries {
		e := &entries[i]
		if keys && !e.mode.IsDir() && moduleSuffix(e.name) != "" {
			e.key, _ = keyOf(e.path)
		}
	}
	return sortEntries(entries), nil
}

// appendEntries reads entries as the kernel gives them (getdents(2)).
func appendEntries(entries []dirEntry, dir string, b []byte) []dirEntry {
	const (
		lengthAt = unsafe.Offsetof(syscall.Dirent{}.Reclen)
		typeAt   = unsafe.Offsetof(syscall.Dirent{}.Type)
		nameAt   = unsafe.Offsetof(syscall.Dirent{}.Name)
	)
	for uintptr(len(b)) > nameAt {
		length := binary.NativeEndian.Uint16(b[lengthAt:])
		if uintptr(length) <= nameAt || int(length) > len(b) {
			break
		}
		name, _, _ := bytes.Cut(b[nameAt:length], []byte{0})
		e := dirEntry{mode: entryMode(b[typeAt])}
		b = b[length:]
		if string(name) == "." || string(name) == ".." {
			continue
		}
		e.path = dir + "/" + string(name)
		e.name = e.path[len(dir)+1:]
		if e.mode == fs.ModeIrregular {
			var st syscall.Stat_t
			if syscall.Lstat(e.path, &st) != nil {
				continue // gone since
			}
			e.mode = entryMode(byte(st.Mode >> 12 & 0xf)) // see S_IFMT and DT_ of glibc
		}
		entries = append(entries, e)
	}
	return entries
}

// entryMode is the type of a file, ModeIrregular where the file system does not tell
// or none of those that the search is for.
func entryMode(t byte) fs.FileMode {
	switch t {
	case syscall.DT_REG:
		return 0
	case syscall.DT_DIR:
		return fs.ModeDir
	case syscall.DT_LNK:
		return fs.ModeSymlink
	}
	return fs.ModeIrregular
}
