package applet

import (
	"bufio"
	"io"
	"os"
)

// stdio is an applet's standard output as C's stdio has it, and so kmod's tools:
// what goes to a terminal is there at once, what goes to a file or a pipe comes
// in blocks, or at the end. So who reads standard output and standard error
// from one pipe, or what an install command prints among them, has the same
// order from both. Writers that are no files get everything at once.
type stdio struct {
	io.Writer
	blocks *bufio.Writer // nil: at once
	failed error         // the first error of a write
}

// blockSize is that of a pipe and of a file on all usual file systems.
const blockSize = 4096

func newStdio(w io.Writer) *stdio {
	s := &stdio{Writer: w}
	f, ok := w.(*os.File)
	if !ok {
		return s
	}
	if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice == 0 {
		s.blocks = bufio.NewWriterSize(w, blockSize)
		s.Writer = s.blocks
	}
	return s
}

// Write keeps the first error; what is written after it is lost, as the rest is.
func (s *stdio) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil && s.failed == nil {
		s.failed = err
	}
	return n, err
}

// Flush hands over what is left.
func (s *stdio) Flush() error {
	if s.blocks != nil {
		if err := s.blocks.Flush(); err != nil && s.failed == nil {
			s.failed = err
		}
	}
	return s.failed
}
