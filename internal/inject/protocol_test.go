package inject

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/trace"
)

func TestLine(t *testing.T) {
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Hook{ID: "W4", Func: "module_param_sysfs_setup", Layout: LayoutModule}, "hook W4 module_param_sysfs_setup m0\n"},
		{Hook{ID: "W5", Func: "sysfs_create_file_ns", Layout: LayoutKobject, Attr: "initstate", Scope: InLoad, Quiet: true},
			"hook W5 sysfs_create_file_ns k0 attr=initstate in=load quiet=1\n"},
		{Hook{ID: "fn:do_x.constprop.0", Func: "do_x.constprop.0", Layout: LayoutNone}, "hook fn:do_x.constprop.0 do_x.constprop.0 -\n"},
		{Hook{ID: "N1", Func: "notifier:COMING", Layout: LayoutModule}, "hook N1 notifier:COMING m0\n"},
		{Return{ID: "L17", Func: "do_init_module", Layout: LayoutModule}, "return L17 do_init_module m0\n"},
		{Rule{N: 3, Point: "W4", Module: "victim", Do: DoHold}, "rule 3 point=W4 module=victim do=hold\n"},
		{Rule{N: 1, Point: "R8", Name: "a b%", PID: 7, Comm: "x", Traced: true, Request: 9, Hit: 2, Do: DoFail, Errno: 12},
			"rule 1 point=R8 name=a%20b%25 comm=x pid=7 traced=1 req=9 hit=2 do=fail errno=12\n"},
		{Rule{N: 1, Point: "R8", Do: DoDelay, Delay: 10 * time.Millisecond}, "rule 1 point=R8 do=delay ms=10\n"},
		{Rule{N: 1, Point: "R8", Do: DoHold, Deadline: time.Second}, "rule 1 point=R8 do=hold deadline=1000\n"},
		{Go{}, "go all\n"},
		{Go{PID: 12}, "go 12\n"},
		{Request{ID: "f", Name: "fs-x", Mode: Wait, Count: 58, Traced: true}, "request f wait name=fs-x n=58 traced=1\n"},
		{Request{ID: "e", Mode: FS}, "request e fs\n"},
		{UMH{State: "disabled"}, "umh disabled\n"},
		{Memory{}, "memory\n"},
		{Memory{Slabs: true}, "memory slabs=1\n"},
		{Settle{}, "settle\n"},
		{Sync{N: 7}, "sync 7\n"},
	} {
		got, err := Line(c.command)
		if err != nil || got != c.want {
			t.Errorf("%+v gives %q, %v; want %q", c.command, got, err, c.want)
		}
	}
}

func TestLineRefuses(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, c := range []Command{
		Hook{ID: "", Func: "f", Layout: LayoutNone},
		Hook{ID: "a b", Func: "f", Layout: LayoutNone},
		Hook{ID: "a", Func: "f*", Layout: LayoutNone},
		Hook{ID: "a", Func: long, Layout: LayoutNone},
		Hook{ID: "a", Func: "f", Layout: "zz"},
		Hook{ID: "a", Func: "f", Layout: LayoutModule, Attr: "x"},
		Hook{ID: "a", Func: "f", Layout: LayoutModule, Scope: "x"},
		Hook{ID: "a", Func: "notifier:UNFORMED", Layout: LayoutModule},
		Rule{N: 0, Point: "W4", Do: DoHold},
		Rule{N: MaxRule + 1, Point: "W4", Do: DoHold},
		Rule{N: 1, Point: "W4", Do: "x"},
		Rule{N: 1, Point: "W4", Do: DoFail},
		Rule{N: 1, Point: "W4", Do: DoDelay},
		Rule{N: 1, Point: "W4", Do: DoDelay, Delay: time.Hour},
		Rule{N: 1, Point: "W4", Do: DoHold, Deadline: time.Microsecond},
		Rule{N: 1, Point: "W4", Do: DoHold, Name: "a\x00b"},
		Rule{N: 1, Point: "W4", Do: DoHold, Module: long},
		Rule{N: 1, Point: "W4", Do: DoHold, PID: -1},
		Trace{}, Untrace{PID: 1 << 30}, Go{PID: -1}, Start{}, Unhook{},
		Request{ID: "", Name: "a", Mode: Wait},
		UMH{}, UMH{State: "off"},
		Request{ID: "a", Name: "x", Mode: "x"},
		Request{ID: "a", Name: "x", Mode: Wait, Count: MaxRequests + 1},
		// Each byte takes three in the line.
		Request{ID: "a", Name: strings.Repeat("\x01", MaxName+1), Mode: Wait},
	} {
		if line, err := Line(c); !errors.Is(err, ErrCommand) {
			t.Errorf("%+v gives %q, %v", c, line, err)
		}
	}
}

func TestParseEvent(t *testing.T) {
	for line, want := range map[string]Event{
		"1 2 sync n=7":                    {Seq: 1, Time: 2, Kind: Mark, N: 7, Used: -1, Waiting: -1},
		"9 5 left pid=3 tgid=3 why=go":    {Seq: 9, Time: 5, Kind: Left, PID: 3, TGID: 3, Why: "go", Used: -1, Waiting: -1},
		"4 1 ret point=L17 ret=-12":       {Seq: 4, Time: 1, Kind: Ret, Point: "L17", Ret: -12, Used: -1, Waiting: -1},
		"4 1 permits used=50 limit=50":    {Seq: 4, Time: 1, Kind: Permits, Used: 50, Limit: 50, Waiting: -1},
		"5 1 module module=v state=going": {Seq: 5, Time: 1, Kind: Module, Module: "v", State: trace.Going, Used: -1, Waiting: -1},
		"1 2 hit point=W4 pid=5 comm=a%20b module=v state=coming rule=3 do=fail errno=12 req=2 lost=4": {
			Seq: 1, Time: 2, Kind: Hit, Point: "W4", PID: 5, Comm: "a b", Module: "v", State: trace.Coming,
			Rule: 3, Do: DoFail, Errno: 12, Request: 2, Lost: 4, Used: -1, Waiting: -1},
		"1 2 module sysfs=dir+holders refs=-1": {Seq: 1, Time: 2, Kind: Module, Sysfs: []string{"dir", "holders"}, Refs: -1, Used: -1, Waiting: -1},
	} {
		got, err := ParseEvent(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", line, d)
		}
	}
	for _, line := range []string{
		"", "1", "1 2", "0 2 hit", "x 2 hit", "1 -2 hit", "1 2 nothing", "1 2 hit ", "1 2 hit pid", "1 2 hit pid=x",
		"1 2 hit pid=1 pid=1", "1 2 hit what=1", "1 2 hit comm=a%2", "1 2 hit comm=%00", "1 2 hit state=dead",
		"1 2 hit do=kill", "1 2 hit comm=a\x01", "1 2 hit rule=0", "1 2 hit " + strings.Repeat("x", maxEvent),
	} {
		if e, err := ParseEvent(line); !errors.Is(err, ErrEvent) {
			t.Errorf("%q gives %+v, %v", line, e, err)
		}
	}
}

// FuzzParseEvent feeds the parser what a broken guest may say: it answers with
// an event or an error, and words it took come out of escape again.
func FuzzParseEvent(f *testing.F) {
	f.Add("1 2 hit point=W4 pid=5 comm=a%20b module=v state=coming rule=3 do=fail errno=12 req=2 lost=4")
	f.Add("1 2 module sysfs=dir+holders refs=-1")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := ParseEvent(line)
		if err != nil {
			if !errors.Is(err, ErrEvent) {
				t.Errorf("%q: %v", line, err)
			}
			return
		}
		for _, s := range []string{e.Name, e.Comm, e.Module, e.Point} {
			if back, err := unescape(escape(s)); err != nil || back != s {
				t.Errorf("%q becomes %q, %v", s, back, err)
			}
		}
	})
}
