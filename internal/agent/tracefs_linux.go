package agent

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/trace"
)

// traceInstance is the directory of our own trace buffer, apart from what a
// person may trace at the same time (Documentation/trace/ftrace.rst).
const traceInstance = tracefs + "/instances/kmodsh"

// traceLineMax is the longest line of trace_pipe in bytes.
const traceLineMax = 8192

// tracing follows the module:* tracepoints.
type tracing struct {
	pipe   *os.File
	marker *os.File
}

// openTracing makes the instance and turns the tracepoints on.
func openTracing() (*tracing, error) {
	if err := os.Mkdir(traceInstance, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("making a trace instance: %w", err)
	}
	for _, set := range []struct {
		file, value string
		optional    bool
	}{
		// One clock for everything, the one that loaders read as well.
		{traceInstance + "/trace_clock", "mono", false},
		{traceInstance + "/buffer_size_kb", "1024", false},
		// Threads of a process are told by the process.
		{traceInstance + "/options/record-tgid", "1", true},
		// So that names of tasks are still known when the line is printed.
		{tracefs + "/saved_cmdlines_size", "2048", true},
		{traceInstance + "/events/module/enable", "1", false},
		{traceInstance + "/tracing_on", "1", false},
	} {
		if err := writeFile(set.file, set.value); err != nil && !set.optional {
			return nil, fmt.Errorf("setting up tracing: %w", err)
		}
	}
	pipe, err := os.Open(filepath.Join(traceInstance, "trace_pipe"))
	if err != nil {
		return nil, fmt.Errorf("setting up tracing: %w", err)
	}
	marker, err := os.OpenFile(filepath.Join(traceInstance, "trace_marker"), os.O_WRONLY, 0)
	if err != nil {
		pipe.Close()
		return nil, fmt.Errorf("setting up tracing: %w", err)
	}
	return &tracing{pipe: pipe, marker: marker}, nil
}

// mark puts a mark into the buffer. Whoever reads it has read everything that
// was traced before, as trace_pipe merges the processors' buffers by time.
func (t *tracing) mark(n uint64) error {
	_, err := t.marker.WriteString(markPrefix + strconv.FormatUint(n, 10) + "\n")
	return err
}

// read hands over events and marks as they come. lost counts what the kernel's
// buffer lost and lines that make no sense; it comes with the next event. It
// returns when the pipe fails.
func (t *tracing) read(event func(trace.Event), mark func(uint64)) error {
	r := bufio.NewReaderSize(t.pipe, traceLineMax)
	var lost uint64
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // the rest comes as a line of no sense
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("reading trace_pipe: %w", err)
		}
		l, ok := parseTraceLine(string(trimEnd(line)))
		switch {
		case !ok:
			lost++
		case l.mark != 0:
			mark(l.mark)
		case l.lost != 0:
			lost += l.lost
		case l.event.Point != "":
			l.event.Lost, lost = lost, 0
			event(l.event)
		}
	}
}

// trimEnd drops the end of a line.
func trimEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
