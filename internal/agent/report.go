package agent

import (
	"encoding/json"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

const (
	// reportMax is the longest report in bytes.
	reportMax = 8192
	// detailMax bounds the text of a report in bytes.
	detailMax = 1024
	// lostMax bounds the loss one report can claim.
	lostMax = 1 << 20
)

// helperPoints are the points a loader may report.
var helperPoints = []string{
	trace.PointStarted, trace.PointResolved, trace.PointBuiltin, trace.PointInsert, trace.PointInserted,
	trace.PointWaits, trace.PointVerified, trace.PointExit, trace.PointRemove, trace.PointRemoved,
}

// encodeReport puts an event into the form of a report, its texts cut to what
// fits in one.
func encodeReport(e trace.Event) ([]byte, error) {
	e.Name = clipText(e.Name, kernel.MaxAlias)
	e.Detail = clipText(e.Detail, detailMax)
	b, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	if len(b) > reportMax { // escapes can make six bytes of one
		e.Detail, e.Name = clipText(e.Detail, 256), clipText(e.Name, 256)
		if b, err = json.Marshal(e); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// decodeReport reads the report of process pid, which the kernel vouches for,
// as it arrives at time now. Any process of the guest can send one, so nothing
// in it is taken as it is: a report tells of its own process, of a point a
// loader has, of the past, in clean text of bounded length.
func decodeReport(b []byte, pid int, now int64) (trace.Event, error) {
	var in trace.Event
	if len(b) > reportMax {
		return in, fmt.Errorf("report of process %d: %d bytes, the limit is %d: %w", pid, len(b), reportMax, kernel.ErrDamaged)
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return in, fmt.Errorf("report of process %d: %w: %v", pid, kernel.ErrDamaged, err)
	}
	if !slices.Contains(helperPoints, in.Point) {
		return in, fmt.Errorf("report of process %d: point %.16q is not one of a loader: %w", pid, in.Point, kernel.ErrDamaged)
	}
	if in.State != "" && !in.State.Valid() {
		return in, fmt.Errorf("report of process %d: state %.16q: %w", pid, in.State, kernel.ErrDamaged)
	}
	out := trace.Event{
		Time:   in.Time,
		Thread: trace.Thread{PID: pid, Comm: cleanText(in.Thread.Comm, 16)},
		Point:  in.Point,
		Module: cleanText(in.Module, kernelName),
		State:  in.State,
		Name:   cleanText(in.Name, kernel.MaxAlias),
		Ret:    in.Ret,
		Refs:   in.Refs,
		Detail: cleanText(in.Detail, detailMax),
		Source: "helper",
		Lost:   min(in.Lost, lostMax),
	}
	if out.Time <= 0 || out.Time > now {
		out.Time = now
	}
	return out, nil
}

// clipText cuts s to limit bytes.
func clipText(s string, limit int) string {
	if len(s) > limit {
		return s[:limit]
	}
	return s
}
