package sim

import (
	"strconv"

	"example.org/kmodsh/internal/kernel"
)

// seqClients is how many global clients the sequencer has
// (SNDRV_SEQ_GLOBAL_CLIENTS).
const seqClients = 16

// taskSeqClient is snd_seq_client_use_ptr (sound/core/seq/seq_clientmgr.c): it
// looks a global client up, requests snd-seq-client-N when it is not there, and
// looks again. That it asked is noted in a bitmap which nothing clears, so that
// each is asked for once while the kernel runs, whatever came of it. It returns
// 0 or -ENOENT.
func (s *System) taskSeqClient(t *Thread, k Task, o *Outcome) int64 {
	n, err := strconv.Atoi(k.Name)
	if err != nil || n < 0 || n >= seqClients {
		return -int64(EINVAL)
	}
	what := "seq:" + k.Name
	if t.w.provider(what) == nil && t.w.firstSeqRequest(n) {
		alias := "snd-seq-client-" + k.Name
		s.request(t, alias, true, o)
	}
	if t.w.provider(what) == nil {
		return -int64(ENOENT)
	}
	o.Verdict = kernel.OK
	return 0
}

// firstSeqRequest is test_and_set_bit(n, client_requested).
func (w *World) firstSeqRequest(n int) bool {
	r := w.resource(ofProvided, "client_requested:"+strconv.Itoa(n), 0)
	if w.current != nil {
		w.saw(r, w.values[r])
	}
	if w.seqAsked&(1<<n) != 0 {
		return false
	}
	w.seqAsked |= 1 << n
	w.setNamed(r, 1)
	return true
}
