package ops

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
)

// FuzzMachineAction: whatever a file says was done to a machine is refused, or is
// something that a person could have typed: words that a line splits into again,
// of which the same is read.
func FuzzMachineAction(f *testing.F) {
	for _, text := range []string{
		`{"do":"set","value":"policy=kmod19"}`, `{"do":"fault","fault":{"n":1,"point":"W4","module":"minix","hold":true,"hits":0}}`,
		`{"do":"fault","fault":{"n":2,"point":"fn:do_init_module","hits":0}}`, `{"do":"fault","fault":{"n":2,"point":"L13","fail":22,"hit":2}}`,
		`{"do":"fault","fault":{"n":2,"point":"R8","delay_ns":1500,"thread":"B"}}`, `{"do":"unfault","n":1}`,
		`{"do":"spawn","thread":"A","task":{"verb":"insmod","name":"minix","params":["a=b c","d"],"copy":true}}`,
		`{"do":"step","thread":"helper-1","free":true}`, `{"do":"wait","for_ns":5}`, `{"do":"all"}`, `{"do":"release","thread":"A"}`,
		`{"do":"signal","thread":"A","value":"TERM"}`, `{"do":"request","value":"fs-ext4"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := actionsOf(&recording.Recording{Actions: []json.RawMessage{text}})
		if err != nil {
			if ExitCode(err) != ExitUsage || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		a := list[0]
		words := []string{a.Thread, a.Value}
		switch a.Do {
		case kernel.ActSpawn:
			words = append(words, a.Task.Words()...)
			if same, err := kernel.ParseTask(a.Task.Words()); err != nil || !reflect.DeepEqual(same, *a.Task) {
				t.Errorf("the task %+v is typed as %+v, %v", *a.Task, same, err)
			}
		case kernel.ActFault:
			words = append(words, strings.Fields(a.Fault.String())...)
		}
		var quoted []string
		for _, w := range words {
			quoted = append(quoted, Quote(w))
		}
		line, err := Split(strings.Join(quoted, " "))
		if err != nil {
			t.Fatalf("%q cannot be typed: %v", quoted, err)
		}
		var again []string
		for _, w := range line {
			again = append(again, w.Text)
		}
		if !slices.Equal(again, words) {
			t.Errorf("%q is typed as %q", words, again)
		}
		if len(a.String()) > 200 {
			t.Errorf("told in %d bytes", len(a.String()))
		}
	})
}
