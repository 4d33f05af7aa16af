package sim

import (
	"testing"
	"time"
)

// victim is the measured test module: parameters for what its init and exit do.
func victim() *Spec {
	return &Spec{
		Name: "victim", CoreSize: 12288, InitSize: 8192, Taint: "OE",
		Params: []ParamSpec{
			{Name: "s", Kind: ParamCharp}, {Name: "n"}, {Name: "init_ms"}, {Name: "init_ret"}, {Name: "exit_ms"},
		},
		Exports: []string{"victim_a", "victim_b"},
	}
}

func user() *Spec {
	return &Spec{Name: "user", CoreSize: 12288, Uses: []SymbolSpec{{Name: "victim_a"}, {Name: "victim_b"}}}
}

// run steps threads round robin, and moves the clock when none can move, until
// all are done or stuck, or until the given virtual time.
func (w *World) run(t *testing.T, until time.Duration) {
	t.Helper()
	var buf []*Thread
	for range 100000 {
		buf = w.Runnable(buf[:0])
		if len(buf) == 0 {
			at, ok := w.NextTimer()
			if !ok || until > 0 && time.Duration(at) > until {
				return
			}
			w.Advance()
			continue
		}
		w.Step(buf[w.steps%len(buf)])
	}
	t.Fatal("no end in sight")
}

func testProfile(t *testing.T, text string) Profile {
	t.Helper()
	p, err := ParseProfile(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMeasuredLoads holds the model to the results measured on real kernels
// with two loads, or a load and an unload, of one module.
func TestMeasuredLoads(t *testing.T) {
	file := &File{Path: "victim.ko", Inode: 1, Spec: victim()}
	copied := &File{Path: "copy.ko", Inode: 2, Spec: victim()}
	other := &File{Path: "user.ko", Inode: 3, Spec: user()}
	load := func(f *File, args string) func(*Thread) int64 {
		return func(t *Thread) int64 { return t.Load(f, args, ViaFinit, 0) }
	}
	tests := []struct {
		name, profile string
		a, b          func(*Thread) int64
		after         time.Duration // b starts this long after a
		wantA, wantB  int64
		took          time.Duration // of b, to the second; 0: not checked
	}{
		{"V2", "v6.12", load(file, ""), load(copied, ""), time.Second, 0, -17, 0},
		{"V3", "v6.12", load(file, "init_ms=3000"), load(copied, ""), time.Second, 0, -17, 2 * time.Second},
		{"V3", "v6.1", load(file, "init_ms=3000"), load(copied, ""), time.Second, 0, -17, 2 * time.Second},
		{"V4", "v6.12", load(file, "init_ms=3000"), load(file, "s=zzz"), time.Second, 0, 0, 2 * time.Second},
		{"V4", "v6.1", load(file, "init_ms=3000"), load(file, ""), time.Second, 0, -17, 2 * time.Second},
		{"V5", "v6.12", load(file, "init_ms=3000 init_ret=-5"), load(copied, ""), time.Second, -5, -16, 2 * time.Second},
		{"V5", "v6.1", load(file, "init_ms=3000 init_ret=-5"), load(copied, ""), time.Second, -5, -16, 2 * time.Second},
		{"V5 rule A", "v4.9", load(file, "init_ms=3000 init_ret=-5"), load(copied, ""), time.Second, -5, 0, 0},
		{"V6", "v6.12", load(file, "init_ms=3000 init_ret=-5"), load(file, ""), time.Second, -5, -5, 2 * time.Second},
		{"V6", "v6.1", load(file, "init_ms=3000 init_ret=-5"), load(file, ""), time.Second, -5, -16, 2 * time.Second},
		{"V10", "v6.12", load(file, "init_ms=3000"), load(other, ""), time.Second, 0, 0, 2 * time.Second},
		{"V11", "v6.12", load(file, "init_ms=3000 init_ret=-5"), load(other, ""), time.Second, -5, -2, 2 * time.Second},
		{"V12", "v6.12", load(file, "init_ms=70000"), load(other, ""), time.Second, 0, -16, 60 * time.Second},
		{"V14", "v6.1", load(file, "init_ms=3000"), func(t *Thread) int64 { return t.Delete("victim", false) }, time.Second, 0, -16, 0},
		{"V15", "v6.1", load(file, "s=leak n=notanumber"), load(file, ""), time.Second, -22, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.profile, func(t *testing.T) {
			w := New(Options{Profile: testProfile(t, tt.profile)})
			defer w.Close()
			a := w.Spawn("A", "insmod", tt.a)
			var start int64
			b := w.Spawn("B", "insmod", func(th *Thread) int64 {
				th.Sleep(tt.after, "its turn")
				start = w.now
				r := tt.b(th)
				start = w.now - start
				return r
			})
			w.run(t, 0)
			if a.Status() != Done || b.Status() != Done {
				t.Fatalf("A is %v (%s), B is %v (%s)", a.Status(), a.WaitsFor(), b.Status(), b.WaitsFor())
			}
			if a.Exit() != tt.wantA || b.Exit() != tt.wantB {
				t.Errorf("A returned %d, want %d; B returned %d, want %d", a.Exit(), tt.wantA, b.Exit(), tt.wantB)
			}
			if got := time.Duration(start).Round(time.Second); tt.took > 0 && got != tt.took {
				t.Errorf("B took %v, want %v", got, tt.took)
			}
		})
	}
}
