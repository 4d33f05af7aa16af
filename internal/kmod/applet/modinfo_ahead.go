package applet

import (
	"os"
	"runtime"
	"sync/atomic"

	"example.org/kmodsh/internal/kmod"
)

// fewFiles is up to how many files are read when they are asked for.
const fewFiles = 4

// readAhead reads module files that are asked for one after the other, some of
// them before they are.
type readAhead struct {
	files []string
	slots []chan readFile
	next  int // which is asked for next
	// room is how many may be read and not yet asked for.
	room chan struct{}
	own  kmod.InfoReader // of what was not foreseen
}

type readFile struct {
	facts *kmod.ModuleFacts
	err   error
}

// start begins to read those of the arguments that are module files.
func (r *readAhead) start(args []string) {
	for _, name := range args {
		if kmod.IsModuleFile(name) {
			r.files = append(r.files, name)
			r.slots = append(r.slots, make(chan readFile, 1))
		}
	}
	if len(r.files) <= fewFiles {
		r.files = nil
		return
	}
	workers := runtime.GOMAXPROCS(0)
	r.room = make(chan struct{}, 16*workers)
	var taken atomic.Int64
	readers := kmod.InfoReaders(workers)
	for n := range workers {
		reader := &readers[n]
		go func() {
			for {
				r.room <- struct{}{}
				i := int(taken.Add(1)) - 1
				if i >= len(r.files) {
					return
				}
				var f readFile
				f.facts, f.err = reader.Read(r.files[i])
				r.slots[i] <- f
			}
		}()
	}
}

// read returns what a file says; name is the argument that it was.
func (r *readAhead) read(name, file string) (*kmod.ModuleFacts, error) {
	// An argument that is a name, or no file, was not foreseen, or in vain.
	for r.next < len(r.files) && r.files[r.next] != name {
		if _, err := os.Stat(r.files[r.next]); err == nil {
			return r.own.Read(file)
		}
		r.take()
	}
	if r.next == len(r.files) {
		return r.own.Read(file)
	}
	f := r.take()
	return f.facts, f.err
}

func (r *readAhead) take() readFile {
	f := <-r.slots[r.next]
	r.slots[r.next] = nil
	r.next++
	<-r.room
	return f
}
