package explore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
)

// goldenTrace is the hash of the events of one schedule. It was made on
// linux/amd64 and holds on every machine; a change of the model changes it.
const goldenTrace = "9d038338e06b7249"

// TestSameScheduleSameTrace replays one schedule 1,000 times: every event is
// the same, byte for byte.
func TestSameScheduleSameTrace(t *testing.T) {
	p := problem(t, "v6.12", "A insmod victim", "B request fs-minix", "C insmod user")
	s := Schedule{0, 0, 1, 1, 2, 0, 0, 2, 1, 1, 0, 2, 2, 0}
	first := ""
	for i := range 1000 {
		run, err := Replay(&p, s)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(run.World().Events())
		run.Close()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		hash := hex.EncodeToString(sum[:8])
		if i == 0 {
			first = hash
		}
		if hash != first {
			t.Fatalf("repetition %d has trace %s, the first %s", i+1, hash, first)
		}
	}
	if first != goldenTrace {
		t.Errorf("trace %s, want %s", first, goldenTrace)
	}
}
