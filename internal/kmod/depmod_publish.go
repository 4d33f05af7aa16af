package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"
)

// put puts the index files into their directory, or shows them.
func (opt *DepmodOptions) put(w *depmodWriter) error {
	if opt.Show != nil {
		if err := w.wait(opt.Warn); err != nil {
			return fmt.Errorf("depmod %s: %w", opt.Dir, err)
		}
		for _, f := range w.files {
			if err := opt.Show(f.name, f.data); err != nil {
				return err
			}
		}
		return nil
	}
	out, err := (*publisher)(nil), os.MkdirAll(opt.Out, 0o755)
	if err != nil {
		err = &OutError{opt.Out, err}
	} else {
		out, err = publish(opt.Out, w.files, opt.Now)
	}
	if failed := w.wait(opt.Warn); failed != nil {
		if out != nil {
			out.cancel()
		}
		return fmt.Errorf("depmod %s: %w", opt.Dir, failed)
	}
	if err != nil {
		return err
	}
	return out.finish()
}

// publisher puts index files into a directory: all of them under other names and to
// the disk first, each as soon as it is made, then they take the places of the old
// ones. When the disk is full or anything else fails before that, the old ones stay
// as they are and nothing is left over.
type publisher struct {
	dir string
	now int64 // files that are right already get this time; 0: all are written
	// mode is what files of the directory get, where they are compared.
	mode    fs.FileMode
	written []writtenFile
	writing sync.WaitGroup
}

// writtenFile is what became of a file.
type writtenFile struct {
	name string
	temp string // under which it was written; "": it was there already
	err  error
}

// publish begins to write files when they are made.
func publish(dir string, files []*depmodFile, now int64) (*publisher, error) {
	p := &publisher{dir: dir, now: now, written: make([]writtenFile, len(files))}
	if now != 0 {
		var err error
		if p.mode, err = newMode(dir); err != nil {
			return nil, fmt.Errorf("write indexes: %w", err)
		}
	}
	for i, f := range files { // side by side: the disk is waited for once
		p.writing.Go(func() { p.written[i] = p.write(f) })
	}
	return p, nil
}

// write writes a file that is not there already as it is to be.
func (p *publisher) write(f *depmodFile) writtenFile {
	<-f.made
	w := writtenFile{name: path.Join(p.dir, f.name), err: f.err}
	if f.err == nil && (p.now == 0 || !sameContent(w.name, f.data, p.mode)) {
		w.temp, w.err = writeTemp(p.dir, f)
	}
	return w
}

// cancel takes away what was written.
func (p *publisher) cancel() {
	p.writing.Wait()
	for _, w := range p.written {
		if w.temp != "" {
			os.Remove(w.temp)
		}
	}
}

// finish puts the files into their places. Those that were there get the time of the
// run, by which depmod -A tells whether they are old.
func (p *publisher) finish() error {
	p.writing.Wait()
	for _, w := range p.written {
		if w.err != nil {
			p.cancel()
			return fmt.Errorf("write %s: %w; the old indexes are unchanged", w.name, w.err)
		}
	}
	now := time.Unix(0, p.now)
	for i, w := range p.written {
		if w.temp == "" {
			if err := os.Chtimes(w.name, now, now); err != nil {
				p.cancel()
				return fmt.Errorf("write indexes: %w", err)
			}
		} else if err := os.Rename(w.temp, w.name); err != nil {
			p.cancel()
			return fmt.Errorf("put the new %s in place: %w", w.name, err)
		}
		p.written[i].temp = ""
	}
	return syncDir(p.dir)
}

// newMode is the mode that files made in dir get: 0644 without what the umask takes
// away.
func newMode(dir string) (fs.FileMode, error) {
	t, err := createTemp(dir, "modules.dep")
	if err != nil {
		return 0, err
	}
	defer os.Remove(t.Name())
	defer t.Close()
	st, err := t.Stat()
	if err != nil {
		return 0, err
	}
	return st.Mode().Perm(), nil
}

// createTemp makes a file in dir whose name begins as told. os.CreateTemp would
// keep it from all others.
func createTemp(dir, name string) (*os.File, error) {
	for try := 0; ; try++ {
		temp := path.Join(dir, fmt.Sprintf("%s.%d.%d.tmp", name, os.Getpid(), try))
		t, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil || !errors.Is(err, fs.ErrExist) || try == 1000 {
			return t, err
		}
	}
}

// sameContent says whether a regular file, no link, holds just these bytes, and has
// that mode.
func sameContent(name string, data []byte, mode fs.FileMode) bool {
	st, err := os.Lstat(name)
	if err != nil || !st.Mode().IsRegular() || st.Size() != int64(len(data)) || st.Mode().Perm() != mode {
		return false
	}
	f, err := OpenPlain(name)
	if err != nil {
		return false
	}
	defer f.Close()
	buf := make([]byte, 256<<10)
	for len(data) > 0 {
		n, err := f.Read(buf)
		if n == 0 || n > len(data) || !bytes.Equal(buf[:n], data[:n]) {
			return false
		}
		if data = data[n:]; err != nil {
			break
		}
	}
	return len(data) == 0
}

// writeTemp writes a file under a temporary name, which it returns also when
// it failed half-way.
func writeTemp(dir string, f *depmodFile) (name string, err error) {
	t, err := createTemp(dir, f.name)
	if err != nil {
		return "", err
	}
	_, err = t.Write(f.data)
	if err == nil {
		err = t.Sync()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	return t.Name(), err
}

// syncDir makes the renames in dir last through a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
