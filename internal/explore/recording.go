package explore

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
)

// Recording is a schedule with all it takes to repeat it: the same again on
// any machine, without the scenario it was found with.
type Recording struct {
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`   // of the problem
	Target  string       `json:"target"` // "sim:v6.12,kmod-max=2"
	Promise string       `json:"promise,omitempty"`
	Setup   []sim.Action `json:"setup"`
	Token   string       `json:"token"` // the schedule, see Token
	Trace   string       `json:"trace"` // see TraceSum
	Says    string       `json:"says,omitempty"`
	Outcome string       `json:"outcome,omitempty"`
	// Given is recording.Given.ConfigSum of the target that it was made on: on one
	// with another configuration of modprobe it would come to something else.
	Given string `json:"given,omitempty"`
}

// recordingKind is Recording.Kind, its version with it.
const recordingKind = "kmodsh schedule 1"

// recordingMark begins a recording that is written as one word.
const recordingMark = "kmr1-"

// maxRecording bounds what is read of a recording, in bytes, packed or not.
const maxRecording = 4 << 20

// Record makes a recording of a schedule of a problem on the target of that
// name. The run is the schedule's, with its events.
func Record(p *Problem, target, promise string, s Schedule, run *sim.Run) (Recording, error) {
	sum, err := TraceSum(run)
	return Recording{
		Kind: recordingKind, Name: p.Name, Target: target, Promise: promise, Setup: p.Setup,
		Token: Token(p, s), Trace: sum, Outcome: Outcome(run),
	}, err
}

// TraceSum is a hash of all events of a run: runs with the same have the same
// trace, byte for byte.
func TraceSum(run *sim.Run) (string, error) { return sumOf(run.World().Events()) }

// On makes the problem of a recording again, on what is installed there.
func (r *Recording) On(sys *sim.System, profile sim.Profile, promises ...Promise) *Problem {
	return &Problem{Name: r.Name, System: sys, Profile: profile, Setup: r.Setup, Promises: promises}
}

// commonText is what most recordings have in them, so that it takes no room in
// a word. It belongs to the format: a change is a new recordingMark.
const commonText = `{"do":"fault","fault":{"Point":"","Module":"","Thread":"","Hit":0,"Hold":false,"Delay":0,"Fail":0,"Lie":""}},` +
	`{"do":"step","thread":"},{"do":"advance"},{"do":"set","value":"helper=umh=modprobe=policy=verified` +
	`{"do":"spawn","thread":"C","task":{"verb":"rmmod","name":"victim"}},{"do":"spawn","thread":"A","task":{"verb":"load","name":"minix"}},` +
	`{"kind":"kmodsh schedule 1","name":"seed/builtin-race: kmod 19","target":"sim:v4.14","promise":"no-spurious-failure",` +
	`"promise":"failure-reaches-its-caller","promise":"nothing-leaks","promise":"nobody-waits-forever","promise":"limit-is-kept",` +
	`"promise":"refs-balance","target":"sim:v6.1","target":"sim:v6.12","promise":"zero-means-ready",` +
	`"setup":[{"do":"set","value":"policy=kmod20"},{"do":"set","value":"policy=kmod19"},` +
	`{"do":"spawn","thread":"A","task":{"verb":"insmod","name":"minix"}},{"do":"spawn","thread":"B","task":{"verb":"request","name":"fs-minix"}}],` +
	`"token":"ks1-","trace":"`

// Word writes the recording as one printable word; what it says in sentences is
// left out, since replaying it says the same.
func (r Recording) Word() (string, error) {
	r.Says, r.Outcome = "", ""
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	w, err := flate.NewWriterDict(&b, flate.BestCompression, []byte(commonText))
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", err
	}
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b.Bytes()))
	return recordingMark + base64.RawURLEncoding.EncodeToString(append(b.Bytes(), sum...)), nil
}

// IsWord says whether a text is meant to be a recording as one word.
func IsWord(text string) bool { return strings.HasPrefix(text, "kmr") }

// ReadWord reads what Word wrote.
func ReadWord(text string) (Recording, error) {
	text = strings.TrimSpace(text)
	body, ok := strings.CutPrefix(text, recordingMark)
	switch {
	case len(text) > maxRecording:
		return Recording{}, fmt.Errorf("a token of %d bytes: at most %d are read", len(text), maxRecording)
	case !ok && IsWord(text):
		return Recording{}, fmt.Errorf("the token is of another version than %s: explore again with this kmodsh", strings.TrimSuffix(recordingMark, "-"))
	case !ok:
		return Recording{}, fmt.Errorf("no token: it would begin with %s", recordingMark)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return Recording{}, fmt.Errorf("the token is damaged: %w", err)
	}
	if n := len(b) - 4; n < 0 || binary.BigEndian.Uint32(b[n:]) != crc32.ChecksumIEEE(b[:n]) {
		return Recording{}, errors.New("the token is damaged: its checksum does not fit; was all of it copied?")
	}
	unpack := flate.NewReaderDict(bytes.NewReader(b[:len(b)-4]), []byte(commonText))
	r, err := ReadRecording(unpack)
	return r, errors.Join(err, unpack.Close())
}

// ReadRecording reads a recording: a trace file, or the JSON of one alone.
func ReadRecording(in io.Reader) (Recording, error) {
	var r Recording
	buffered := bufio.NewReader(in)
	if head, err := buffered.Peek(2); err == nil && recording.IsTrace(head) {
		return readTrace(buffered)
	}
	in = buffered
	b, err := io.ReadAll(io.LimitReader(in, maxRecording+1))
	switch {
	case err != nil:
		return r, err
	case len(b) > maxRecording:
		return r, fmt.Errorf("more than %d bytes", maxRecording)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("no schedule of kmodsh: %w", err)
	}
	if r.Kind != recordingKind {
		return r, fmt.Errorf("no schedule of this version of kmodsh: its kind is %.40q, not %q", r.Kind, recordingKind)
	}
	return r, r.check()
}

// Bounds of a set-up that is read.
const (
	maxSetup = 200_000 // actions
	maxID    = 64      // bytes of a thread's name, or of a hash
)

// check refuses a set-up that a person could not have made.
func (r *Recording) check() error {
	if len(r.Setup) > maxSetup {
		return fmt.Errorf("a set-up of %d actions: at most %d are read", len(r.Setup), maxSetup)
	}
	if len(r.Given) > maxID {
		return fmt.Errorf("what it was given has a hash of %d bytes", len(r.Given))
	}
	for i, a := range r.Setup {
		bad := len(a.Thread) > maxID || strings.ContainsFunc(a.Thread, func(c rune) bool { return c <= ' ' || c > '~' })
		bad = bad || a.Kind == sim.DoSpawn && strings.HasPrefix(a.Thread, "helper-")
		if f := a.Fault; f != nil {
			bad = bad || f.Delay < 0 || f.Delay > kernel.MaxDelay || f.Hit < 0 || f.Fail < 0
		}
		if bad || a.Until < 0 {
			return fmt.Errorf("action %d of the set-up (%.20q) is out of range", i+1, a.Kind)
		}
	}
	return nil
}
