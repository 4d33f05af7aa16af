package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/trace"
)

func TestReportsAreNotTrusted(t *testing.T) {
	tests := []struct {
		name, in string
		want     trace.Event
		bad      bool
	}{
		{
			name: "as a loader sends it",
			in:   `{"seq":9,"t":50,"thread":{"id":"x","pid":1,"comm":"modprobe"},"point":"H4","module":"ext4","state":"live","request":7,"name":"fs-ext4","ret":-17,"detail":"d","source":"tracefs","lost":2}`,
			want: trace.Event{Time: 50, Thread: trace.Thread{PID: 42, Comm: "modprobe"}, Point: "H4", Module: "ext4", State: trace.Live, Name: "fs-ext4", Ret: trace.Int(-17), Detail: "d", Source: "helper", Lost: 2},
		},
		{
			name: "time to come",
			in:   `{"t":5000,"point":"H0"}`,
			want: trace.Event{Time: 100, Thread: trace.Thread{PID: 42}, Point: "H0", Source: "helper"},
		},
		{
			name: "no time",
			in:   `{"t":-5,"point":"H0"}`,
			want: trace.Event{Time: 100, Thread: trace.Thread{PID: 42}, Point: "H0", Source: "helper"},
		},
		{
			name: "escapes",
			in:   `{"t":5,"point":"H1","module":"a\u001b[2J","detail":"x\ny\u00e9"}`,
			want: trace.Event{Time: 5, Thread: trace.Thread{PID: 42}, Point: "H1", Module: "a?[2J", Detail: "x?y?", Source: "helper"},
		},
		{
			name: "a loss of a lifetime",
			in:   `{"t":5,"point":"H1","lost":18446744073709551615}`,
			want: trace.Event{Time: 5, Thread: trace.Thread{PID: 42}, Point: "H1", Lost: lostMax, Source: "helper"},
		},
		{name: "point of the kernel", in: `{"t":5,"point":"L16"}`, bad: true},
		{name: "no point", in: `{"t":5}`, bad: true},
		{name: "state of no module", in: `{"t":5,"point":"H6","state":"happy"}`, bad: true},
		{name: "no JSON", in: `hello`, bad: true},
		{name: "empty", in: ``, bad: true},
		{name: "too long", in: `{"t":5,"point":"H6","detail":"` + strings.Repeat("x", reportMax) + `"}`, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeReport([]byte(tt.in), 42, 100)
			if (err != nil) != tt.bad {
				t.Fatalf("error %v", err)
			}
			if tt.bad {
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("report reads as:\n%s", diff)
			}
		})
	}
}

// TestReportsFit checks that whatever a loader has to say fits in a report.
func TestReportsFit(t *testing.T) {
	for _, s := range []string{"x", "\"", "\x01", "\xff", "é"} {
		long := strings.Repeat(s, 10000)
		e := trace.Event{Time: 1, Point: "H0", Name: long, Detail: long, Thread: trace.Thread{Comm: "modprobe"}}
		b, err := encodeReport(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeReport(b, 1, 2); err != nil {
			t.Errorf("names of %q: %v", s, err)
		}
	}
}

// FuzzDecodeReport feeds the agent anything as a report.
func FuzzDecodeReport(f *testing.F) {
	f.Add([]byte(`{"t":50,"thread":{"comm":"modprobe"},"point":"H4","module":"ext4","state":"live","name":"fs-ext4","ret":-17,"lost":2}`))
	f.Add([]byte(`{"t":1e99,"point":"H0"}`))
	f.Add([]byte(`{"point":"H7","ret":null,"refs":9}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeReport(b, 42, 1000)
		if err != nil {
			return
		}
		if e.Thread.PID != 42 || e.Time < 1 || e.Time > 1000 || e.Lost > lostMax || e.Point[0] != 'H' {
			t.Errorf("%+v came through", e)
		}
		for _, s := range []string{e.Thread.Comm, e.Module, e.Name, e.Detail} {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
				t.Errorf("text %q came through", s)
			}
		}
	})
}
