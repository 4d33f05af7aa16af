package agent

import "example.org/kmodsh/internal/trace"

// A loader in a guest that is debugged asks at the gate before it goes on: it
// says hello once, and then, when the answer was that it is followed, tells
// each of its stages and waits until it is let go. One packet of a
// SOCK_SEQPACKET socket holds one message as JSON.

// gateMax is the longest message in bytes.
const gateMax = 4096

// gateMessage is what a loader says: exactly one of its parts.
type gateMessage struct {
	Hello *gateHello `json:"hello,omitempty"`
	Stage *gateStage `json:"stage,omitempty"`
	Waits *gateWaits `json:"waits,omitempty"`
	// Keep comes with a descriptor, which the agent keeps under this name.
	Keep string `json:"keep,omitempty"`
	// Drop has it close what it keeps under this name. It waits for a
	// gateAnswer.
	Drop string `json:"drop,omitempty"`
}

// gateHello is the first message.
type gateHello struct {
	TID int `json:"tid"` // the task that does the work
}

// gateStage says that the loader has come to one of its points, or with none
// between two of its system calls. It waits for a gateAnswer.
type gateStage struct {
	Point  string `json:"point"`
	Module string `json:"module,omitempty"`
	Name   string `json:"name,omitempty"`
	Exit   *int64 `json:"exit,omitempty"` // of the stage of the exit: its status
}

// gateWaits says that the loader sleeps now, or with no words that it has woken.
// It waits for no answer.
type gateWaits struct {
	Words string `json:"words,omitempty"`
	Timed bool   `json:"timed,omitempty"`
}

// gateAnswer answers hello, and lets a loader go on from a stage.
type gateAnswer struct {
	Followed bool   `json:"followed,omitempty"`
	Policy   string `json:"policy,omitempty"` // by which helpers work
	Helper   string `json:"helper,omitempty"` // what helpers do, "" for their work
	Dropped  bool   `json:"dropped,omitempty"`
}

// isStage says whether a point is a stage of a loader.
func isStage(point string) bool {
	p, ok := trace.LookupPoint(point)
	return ok && p.Phase == trace.PhaseHelper
}
