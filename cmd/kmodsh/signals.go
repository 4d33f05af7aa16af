package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signalError is why the program ends when it was told to by a signal.
type signalError struct{ os.Signal }

func (e signalError) Error() string { return "ended by signal: " + e.Signal.String() }

// signalContext returns a context that ends when the program is told to end,
// with a signalError as its cause, so that everything is put back and left
// clean. A second signal ends the program at once.
func signalContext() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case s := <-told:
			signal.Stop(told)
			cancel(signalError{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
