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
//
// As with kmod's tools, nobody is told of what could not be written (a full disk):
// the exit status is about modules.
type stdio struct {
	io.Writer
	blocks *bufio.Writer // nil: at once
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

// Write never fails; what is written after an error is lost, as the rest is.
func (s *stdio) Write(p []byte) (int, error) {
	_, _ = s.Writer.Write(p)
	return len(p), nil
}

// Flush hands over what is left.
func (s *stdio) Flush() {
	if s.blocks != nil {
		_ = s.blocks.Flush()
	}
}
