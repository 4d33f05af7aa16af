package kmod

import (
	"strings"

	"example.org/kmodsh/internal/trace"
)

// The stages a loader reports, as rows of the table of points. Started and
// exited are the process's own and reported by the applets; the rest come from
// the Loader.
const (
	StageStarted  = trace.PointStarted  // H0, Detail: the arguments
	StageResolved = trace.PointResolved // H1, Detail: what the name stands for
	StageBuiltin  = trace.PointBuiltin  // H2, Detail: the answer and why
	StageInsert   = trace.PointInsert   // H3, Detail: the call and the file
	StageInserted = trace.PointInserted // H4, Ret: 0 or a negative errno
	StageWaits    = trace.PointWaits    // H5, Detail: what it waits for
	StageVerified = trace.PointVerified // H6, Detail: the verdict
	StageExit     = trace.PointExit     // H7, Ret: the exit status
	StageRemove   = trace.PointRemove   // H8
	StageRemoved  = trace.PointRemoved  // H9, Ret: 0 or a negative errno
)

// source is what the loader's events carry in Event.Source.
const source = "helper"

// Started is the event of a loader process that begins, with its arguments.
func Started(args []string) trace.Event {
	return trace.Event{Point: StageStarted, Source: source, Detail: strings.Join(args, " ")}
}

// Exited is the event of a loader process that ends with an exit status.
func Exited(status int) trace.Event {
	return trace.Event{Point: StageExit, Source: source, Ret: trace.Int(int64(status))}
}
