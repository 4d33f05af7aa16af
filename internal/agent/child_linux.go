package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

const (
	// childName is argv[0] of a child, and with it the kernel's name for it.
	childName = "kmodsh-child"
	// childPath is a link to the agent's own program under that name.
	childPath = runDir + "/" + childName
	// childFD is where a child writes its answer.
	childFD = 3
	// killWait is how long a killed child may take to end before the answer
	// says that it is stuck in the kernel.
	killWait = time.Second
)

// job is what a child is asked to do, as JSON on its standard input.
type job struct {
	Op   wire.Op         `json:"op"`
	Args json.RawMessage `json:"args"`

	thread func() func() // kmod.Loader's Thread
}

// answer is what a child has to say, as JSON on childFD.
type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  *wire.Error     `json:"error,omitempty"`
}

// ChildMain carries out one operation in a process of its own: what waits in
// the kernel there is ended with the process, and never holds up the agent. It
// returns an exit status.
func ChildMain() int {
	calmRuntime()
	var j job
	err := json.NewDecoder(io.LimitReader(os.Stdin, wire.MaxFrame)).Decode(&j)
	out := os.NewFile(childFD, "answer")
	if err != nil || out == nil {
		fmt.Fprintf(os.Stderr, "%s: started by hand? no job on standard input: %v\n", childName, err)
		return 2
	}
	unix.CloseOnExec(childFD)
	j.thread = func() func() {
		return kernel.LockThread(func() {
			os.Exit(reply(out, nil, fmt.Errorf("%s: %w; see the log", j.Op, kernel.ErrOops)))
		})
	}
	// One thread does it all, unless more are asked for, so traces show one, and
	// an oops ends that one.
	done := j.thread()
	result, err := doJob(context.Background(), j)
	done()
	return reply(out, result, err)
}

// reply writes a child's answer; it returns the exit status.
func reply(out io.Writer, result any, err error) int {
	a := answer{Error: wire.FromError(err)}
	if result != nil {
		a.Result = wire.Marshal(result)
	}
	if err := json.NewEncoder(out).Encode(a); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", childName, err)
		return 2
	}
	return 0
}

// children runs jobs in child processes.
type children struct {
	program string // to start; gets childName as argv[0]
	reaper  *reaper
	stream  *stream
}

// running is a child at its job.
type running struct {
	*process
	op   wire.Op
	said chan []byte
	out  *os.File
}

// start has a child begin a job. Its end must be waited for by finish.
func (c *children) start(j job) (*running, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer inR.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		inW.Close()
		return nil, err
	}
	defer outW.Close()
	p, err := c.reaper.start(c.program, []string{childName}, []*os.File{inR, os.Stderr, os.Stderr, outW})
	if err != nil {
		inW.Close()
		outR.Close()
		return nil, err
	}
	go func() {
		json.NewEncoder(inW).Encode(j) // a child that is gone has ended, which is seen below
		inW.Close()
	}()
	r := &running{process: p, op: j.Op, said: make(chan []byte, 1), out: outR}
	go func() {
		b, _ := io.ReadAll(io.LimitReader(outR, wire.MaxFrame))
		r.said <- b
	}()
	return r, nil
}

// answer is what the child had to say, once it has ended with status; its
// result is decoded into result.
func (r *running) answer(status unix.WaitStatus, result any) error {
	// What it started may hold the pipe open for ever.
	r.out.SetReadDeadline(time.Now().Add(killWait))
	b := <-r.said
	r.out.Close()
	var a answer
	if err := json.Unmarshal(b, &a); err != nil {
		return fmt.Errorf("%s: process %d ended (%s) without an answer", r.op, r.pid, describe(status))
	}
	if a.Result != nil {
		if err := json.Unmarshal(a.Result, result); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", r.op, err), a.Error.Err("guest"))
		}
	}
	return a.Error.Err("guest")
}

// run has a child do a job, and decodes its result into result, also when the
// job ended with an error. When ctx ends the child is killed.
func (c *children) run(ctx context.Context, j job, result any) (pid int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r, err := c.start(j)
	if err != nil {
		return 0, err
	}
	defer c.stream.ended(r.pid)
	select {
	case status := <-r.ended:
		return r.pid, r.answer(status, result)
	case <-ctx.Done():
		defer r.out.Close()
		r.kill()
		select {
		case <-r.ended:
			return r.pid, fmt.Errorf("%s: %w", j.Op, ctx.Err())
		case <-time.After(killWait):
			return r.pid, fmt.Errorf("%s: %w, but process %d is still in the kernel", j.Op, ctx.Err(), r.pid)
		}
	}
}

// describe says how a process ended.
func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return "signal " + s.Signal().String()
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}
