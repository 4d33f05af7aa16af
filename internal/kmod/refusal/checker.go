package refusal

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// Checker looks at module files as the loader of one kernel will. Resolver and
// its tree are needed; what is not known of the kernel stays unknown in the
// findings. It keeps what it has read; all methods may be called from any
// goroutine.
type Checker struct {
	Resolver *kmod.Resolver
	System   kernel.System
	Release  string // of the kernel; "" not known
	// Light: no module is read but the one that is looked at, those it needs and
	// one to compare with, so symbols of the image may stay unknown.
	Light bool
	// Verify checks a signature with the certificate of its key, and says which
	// file that is from and what identifier it gives the key, nil where it gives
	// none: kmod.ErrSignature when the signature is wrong, other errors when it
	// could not be checked. nil: no certificates are at hand; the kernel does not
	// give out its own.
	Verify func(s *kmod.Signature, image []byte) (from string, id []byte, err error)

	mu  sync.Mutex
	ref *reference
	syms
}

// File looks at a module file of the tree, or anywhere when its path is
// absolute, which is to be loaded with params. The findings come in the order
// in which the kernel looks.
func (c *Checker) File(module, file, params string) []Finding {
	f, err := c.open(file)
	if err != nil {
		return []Finding{{What: WhatFile, State: Refused, Text: err.Error(), Mend: "run depmod if modules were moved or removed, or install the package that has the file"}}
	}
	defer f.Close()
	return c.Open(f, module, file, params)
}

func (c *Checker) open(file string) (fs.File, error) {
	if strings.HasPrefix(file, "/") {
		return kmod.OpenPlain(file)
	}
	return c.Resolver.Tree().Open(file)
}

// Open looks at an open module file, which it reads to its end.
func (c *Checker) Open(f fs.File, module, file, params string) []Finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, err := f.Stat(); err == nil && st.Size() == 0 {
		return []Finding{{What: WhatFile, State: Refused, Errno: "ENOEXEC", Text: file + " is empty", Mend: "install the package that has the file again"}}
	}
	out := c.checkForm(f, file)
	image, err := kmod.OpenImage(f, file)
	if err != nil {
		return append(out, damaged(err))
	}
	m, err := kmod.ReadModule(image)
	if err != nil {
		return append(out, damaged(fmt.Errorf("module %s: %w", file, err)))
	}
	out = append(out, c.checkSignature(m, image), c.checkArch(m), c.checkLayout(m), c.checkVermagic(m, file))
	if First(out) != nil {
		// The kernel comes no further, and what is of another build has
		// other symbols.
		return out
	}
	out = append(out, c.checkSymbols(m, module, file)...)
	return append(out, checkParams(m, params)...)
}

// damaged is the finding about a file that makes no sense.
func damaged(err error) Finding {
	f := Finding{What: WhatFile, State: Refused, Errno: "ENOEXEC", Text: err.Error(), Mend: "install the package that has the file again, or build it anew"}
	if !errors.Is(err, kernel.ErrDamaged) {
		f.Errno = ""
	}
	return f
}
