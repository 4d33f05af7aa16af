package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestGuestLog goes back and forth between two futures: neither log has a line
// of the other's.
func TestGuestLog(t *testing.T) {
	var l guestLog
	say := func(lines string, seq uint64) {
		_, life := l.mark()
		l.take(strings.Fields(lines), seq, life)
	}
	want := func(lines string, seq uint64) {
		t.Helper()
		if at, _ := l.mark(); strings.Join(l.last(0), " ") != lines || at != seq {
			t.Errorf("%q up to %d, want %q up to %d", l.last(0), at, lines, seq)
		}
	}
	say("a b", 2)
	say("a b c", 3) // asked at the same time as the one before
	want("a b c", 3)
	at3 := l.state()
	say("d e", 5)
	at5 := l.state()
	_, old := l.mark()
	l.become(at3)
	want("a b c", 3)
	l.take([]string{"x"}, 9, old) // of the life before
	want("a b c", 3)
	say("D", 4)
	want("a b c D", 4)
	l.become(at5)
	want("a b c d e", 5)
	say("f", 6)
	l.become(at3)
	say("", 3)
	want("a b c", 3)
	say("y z", 10) // the agent had the rest no more
	want("a b c y z", 10)
	if got := l.last(2); !slices.Equal(got, []string{"y", "z"}) {
		t.Errorf("the last two: %q", got)
	}
	var many []string
	for i := range guestLogKept {
		many = append(many, fmt.Sprint(i))
	}
	_, life := l.mark()
	l.take(many, 10+guestLogKept, life)
	if got := l.last(0); len(got) != guestLogKept/2 || got[len(got)-1] != many[len(many)-1] {
		t.Errorf("%d lines are kept", len(got))
	}
	l.become(at5)
	want("a b c d e", 5)
}
