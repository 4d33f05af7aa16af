package ops

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"example.org/kmodsh/internal/recording"
)

// Bounds of what a recording keeps of one verb, in bytes, and of the snapshots
// that are taken of its positions.
const (
	maxVerbText     = 64 << 10
	maxVerbResult   = 256 << 10
	maxVerbFrames   = 4000
	maxVerbThreads  = 400_000 // threads in all snapshots of one verb
	listForRecorder = 2 * time.Second
)

// verb writes what a person did and what it showed.
func (r *recorder) verb(words []string, res Result, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	v := recording.Verb{
		Line: strings.Join(quoted, " "), Exit: ExitCode(err), Text: shown(res, err), Time: int64(time.Since(r.began)),
		Pos: max(0, r.pos), Events: len(r.seqs),
	}
	if err != nil && !errors.Is(err, ErrQuit) {
		v.Error = err.Error()
	}
	if res != nil {
		if b, err := json.Marshal(res); err == nil && len(b) <= maxVerbResult {
			v.Result = b
		}
	}
	r.w.Verb(v)
}

// shown is what a person sees of a verb: its result, then its error.
func shown(res Result, err error) string {
	var b bytes.Buffer
	st := Style{Width: defaultWidth}
	// A buffer takes all that is written.
	_ = Write(&b, res, false, st)
	if err != nil && !errors.Is(err, ErrQuit) {
		_ = Write(&b, ReportError(err), false, st)
	}
	if b.Len() > maxVerbText {
		b.Truncate(maxVerbText)
		b.WriteString("\n(cut here)\n")
	}
	return strings.ToValidUTF8(b.String(), "?")
}
