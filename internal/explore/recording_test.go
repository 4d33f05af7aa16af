package explore

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/sim"
)

// recorded is a recording of one schedule of the built-in race.
func recorded(t testing.TB) Recording {
	t.Helper()
	p := problem(t, "v6.12", "set policy=kmod19", "A insmod victim", "B request victim")
	p.Setup = append(p.Setup, sim.Action{Kind: sim.DoFault, Fault: &sim.Fault{Point: "W4", Hold: true, Module: "victim"}})
	p.Promises = Promises()
	r := explored(t, p, Options{})
	if len(r.Broken) == 0 {
		t.Fatal("nothing was found")
	}
	run, err := Replay(&p, r.Broken[0].Schedule)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	rec, err := Record(&p, "sim:v6.12", r.Broken[0].Promise, r.Broken[0].Schedule, run)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestRecordingIsWhole: a recording read back, from a word or a file, gives the
// same run on a system of its own.
func TestRecordingIsWhole(t *testing.T) {
	rec := recorded(t)
	word, err := rec.Word()
	if err != nil {
		t.Fatal(err)
	}
	byWord, err := ReadWord(" " + word + "\n")
	if err != nil {
		t.Fatal(err)
	}
	short := rec
	short.Outcome = ""
	if d := cmp.Diff(short, byWord); d != "" {
		t.Errorf("by word (-want +got):\n%s", d)
	}
	text, err := json.MarshalIndent(rec, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	byFile, err := ReadRecording(bytes.NewReader(text))
	if err != nil || cmp.Diff(rec, byFile) != "" {
		t.Errorf("by file: %v\n%s", err, cmp.Diff(rec, byFile))
	}
	target, err := sim.Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	sys, profile, _, err := target.Past()
	if err != nil {
		t.Fatal(err)
	}
	promises, err := PromiseByName(rec.Promise)
	if err != nil {
		t.Fatal(err)
	}
	p := byWord.On(sys, profile, promises...)
	s, err := ParseToken(p, byWord.Token)
	if err != nil {
		t.Fatal(err)
	}
	run, says, err := ReplayJudged(p, s)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if sum, err := TraceSum(run); err != nil || sum != rec.Trace || says == "" || Outcome(run) != rec.Outcome {
		t.Errorf("trace %s, want %s (%v); %q; %s", sum, rec.Trace, err, says, Outcome(run))
	}
	for _, bad := range []string{"", "kmr1-", "kmr2-AAAA", word[:len(word)-1], word + "A", strings.Replace(word, "k", "K", 1), "kmr1-AAAAAAAA"} {
		if r, err := ReadWord(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, r)
		}
	}
}

// FuzzRecording: whatever text is read as a recording can be written and read
// again, and replaying it ends.
func FuzzRecording(f *testing.F) {
	rec := recorded(f)
	for _, change := range []func(*Recording){
		func(*Recording) {},
		func(r *Recording) { r.Setup = nil },
		func(r *Recording) { r.Setup = append(r.Setup[:1:1], sim.Action{Kind: sim.DoSpawn, Thread: "A"}) },
	} {
		r := rec
		change(&r)
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"kind":"kmodsh schedule 1"}`))
	sys, err := sim.TeachingSystem()
	if err != nil {
		f.Fatal(err)
	}
	profile, err := sim.ParseProfile("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ReadRecording(bytes.NewReader(text))
		if err != nil {
			return
		}
		word, err := r.Word()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadWord(word)
		if err != nil {
			t.Fatalf("%v of %s", err, text)
		}
		if third, err := again.Word(); err != nil || third != word {
			t.Errorf("written twice: %s, %s (%v)", word, third, err)
		}
		p := again.On(sys, profile)
		if run, err := Replay(p, Schedule{0, 0, 1}); err == nil {
			run.Close()
		}
	})
}
