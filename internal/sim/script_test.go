package sim

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// TestScripts runs the cases in testdata/*.txt. A case is a list of lines:
//
//	== NAME
//	on PROFILE...                 one run for each
//	config LINE                   modprobe.d
//	set NAME=VALUE                before anything happens
//	at TIME ID TASK...            spawns a thread; ID*N spawns N of them
//	at TIME set|kill|term|release|fault|unfault ...
//	at TIME row MODULE TEXT       part of its row of /proc/modules; - none
//	at TIME ls MODULE NAME...     entries of its directory; - none
//	at TIME state MODULE STATE
//	at TIME permits N
//	want ID RET [TIME]            what a thread returned, and how long it took
//	killed ID [TIME]              SIGKILL ended it
//	verdict ID WORD               the verdict of its request
//	stuck ID WORDS                it waits for something of these words for ever
//	count RET N [TIME]            so many threads returned that
//	log TEXT | nolog TEXT | logs N TEXT
//	leaks TEXT                    what leaked, - nothing
//	end row|ls|state ...          as above, afterwards
//
// The values wanted are those that were measured on the kernels, or read in
// their sources, and never those that the model gave.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, cases, _ := strings.Cut(string(text), "== ")
		for c := range strings.SplitSeq(cases, "\n== ") {
			name, body, _ := strings.Cut(c, "\n")
			runCase(t, strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, strings.Split(body, "\n"))
		}
	}
}

func runCase(t *testing.T, name string, lines []string) {
	var profiles []string
	for _, l := range lines {
		if p, ok := strings.CutPrefix(l, "on "); ok {
			profiles = append(profiles, strings.Fields(p)...)
		}
	}
	if len(profiles) == 0 {
		t.Fatalf("%s: no line says on what it runs", name)
	}
	for _, p := range profiles {
		t.Run(name+"/"+p, func(t *testing.T) {
			s := &script{t: t, sys: testSystem(t, lines)}
			prof, err := ParseProfile(p)
			if err != nil {
				t.Fatal(err)
			}
			s.run = NewRun(s.sys, prof)
			defer func() { s.run.Close() }()
			s.play(lines)
		})
	}
}

// testSystem is the teaching system and a few modules more, with the
// configuration of the script.
func testSystem(t *testing.T, lines []string) *System {
	var config strings.Builder
	for _, l := range lines {
		if c, ok := strings.CutPrefix(l, "config "); ok {
			config.WriteString(c + "\n")
		}
	}
	file := filepath.Join(t.TempDir(), "test.conf")
	if err := os.WriteFile(file, []byte(config.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	setup := teachingSetup()
	setup.Modules = append(slices.Clip(setup.Modules), scriptModules()...)
	setup.Config = []string{file}
	sys, err := Install(setup)
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

// scriptModules are modules with what goes wrong in one place.
func scriptModules() []Installed {
	defect := func(name string, d Defects) Installed {
		m := mod("test", name, 8, nil)
		m.Spec.Defects = d
		return m
	}
	body := func(name string, b Body) Installed {
		m := mod("test", name, 8, nil, "fs-"+name)
		m.Spec.Body = b
		return m
	}
	with := func(m Installed, change func(*Spec)) Installed { change(&m.Spec); return m }
	param := []ParamSpec{{Name: "s", Kind: ParamCharp}, {Name: "n"}, {Name: "b", Kind: ParamBool}, {Name: "u", Kind: ParamByte}}
	uses := func(names ...string) func(*Spec) {
		return func(s *Spec) {
			for _, n := range names {
				s.Uses = append(s.Uses, SymbolSpec{Name: n})
			}
		}
	}
	return []Installed{
		defect("short", Defects{Short: true}), defect("badelf", Defects{BadELF: true}), defect("looseelf", Defects{LooseELF: true}),
		defect("badcrc", Defects{BadLayoutCRC: true}), defect("badmagic", Defects{BadVermagic: true}),
		defect("badsig", Defects{BadSignature: EBADMSG}), defect("nopkg", Defects{BadSignature: ENOPKG}), defect("nokey", Defects{BadSignature: ENOKEY}),
		defect("missing", Defects{Missing: "no_such_symbol"}),
		with(defect("badsymcrc", Defects{BadCRC: "victim_a"}), uses("victim_a")),
		with(defect("badns", Defects{BadNamespace: "victim_a"}), uses("victim_a")),
		with(mod("test", "dupexport", 8, nil), func(s *Spec) { s.Exports = []string{"victim_a"} }),
		with(mod("test", "weakuser", 8, nil), func(s *Spec) { s.Uses = []SymbolSpec{{Name: "victim_a", Weak: true}} }),
		with(mod("test", "permanent", 8, nil), func(s *Spec) { s.NoExit = true }),
		with(mod("test", "versioned", 8, nil), func(s *Spec) { s.Version, s.SrcVersion = true, true }),
		with(mod("test", "plain", 8, nil), func(s *Spec) { s.SrcVersion = false }),
		with(mod("test", "staging", 8, nil), func(s *Spec) { s.Taint = "CPE" }),
		with(mod("test", "percpu", 8, nil), func(s *Spec) { s.PerCPU, s.Params = true, param }),
		with(mod("test", "gpluser", 8, nil), func(s *Spec) { s.Uses = []SymbolSpec{{Name: "victim_a", GPL: true}, {Name: "staging_ops"}} }),
		with(mod("test", "proxy", 8, nil), uses("staging_ops")),
		mod("test", "psmouse", 8, nil),
		body("selfload", Body{Requests: []string{"selfload"}}),
		with(body("base", Body{Requests: []string{"dependent"}}), func(s *Spec) { s.Exports = []string{"base_a", "base_b"} }),
		with(mod("test", "dependent", 8, []string{"base"}), uses("base_a")),
		with(body("slowfs", Body{Provides: []string{"fs:slowfs"}}), func(s *Spec) {
			s.Params = []ParamSpec{{Name: "init_ms"}, {Name: "init_ret"}, {Name: "exit_ms"}}
		}),
		body("asyncfs", Body{Async: &AsyncWork{Sleep: 2 * time.Second, Provides: []string{"fs:asyncfs"}}}),
		with(mod("test", "packed", 8, nil), func(s *Spec) {}),
		mod("test", strings.Repeat("n", maxName-1), 8, nil),
	}
}

type script struct {
	t    *testing.T
	sys  *System
	run  *Run
	turn int
	ids  []string
}

// play does the lines of one case: first all that is at a time, in order, then
// the rest.
func (s *script) play(lines []string) {
	var checks []string
	for _, l := range lines {
		words := strings.Fields(l)
		switch {
		case len(words) == 0 || words[0] == "on" || words[0] == "config" || strings.HasPrefix(l, "#"):
		case words[0] == "set":
			s.do(Action{Kind: DoSet, Value: words[1]})
		case words[0] == "at":
			at, err := time.ParseDuration(words[1])
			if err != nil {
				s.t.Fatal(err)
			}
			s.until(int64(at))
			s.action(l, words[2:])
		default:
			checks = append(checks, l)
		}
	}
	s.until(0)
	for _, l := range checks {
		s.check(l, strings.Fields(l))
	}
}

// until lets everybody move, round robin, up to a time; 0 is to the end.
func (s *script) until(at int64) {
	var buf []*Thread
	for range 2_000_000 {
		w := s.run.World()
		buf = w.Runnable(buf[:0])
		if len(buf) > 0 {
			s.turn++
			s.do(Action{Kind: DoStep, Thread: buf[s.turn%len(buf)].ID})
			continue
		}
		if at > 0 && w.now >= at {
			return
		}
		if next, ok := w.NextTimer(); !ok && at == 0 {
			return
		} else if at == 0 || ok && next <= at {
			s.do(Action{Kind: DoAdvance})
			continue
		}
		s.do(Action{Kind: DoAdvance, Until: at})
	}
	s.t.Fatal("no end in sight")
}

func (s *script) do(a Action) {
	s.t.Helper()
	if err := s.run.Do(a); err != nil {
		s.t.Fatalf("%+v: %v", a, err)
	}
}

func (s *script) action(line string, w []string) {
	switch w[0] {
	case "set":
		s.do(Action{Kind: DoSet, Value: w[1]})
	case "kill", "term":
		s.do(Action{Kind: DoSignal, Thread: w[1], Value: strings.ToUpper(w[0])})
	case "release":
		s.do(Action{Kind: DoRelease, Thread: w[1]})
	case "fault":
		s.do(Action{Kind: DoFault, Fault: parseTestFault(s.t, w[1:])})
	case "unfault":
		n, _ := strconv.Atoi(w[1])
		s.do(Action{Kind: DoUnfault, N: n})
	case "row", "ls", "state", "permits", "holders", "taints":
		s.check(line, append([]string{"end"}, w...))
	default:
		task, err := kernel.ParseTask(w[1:])
		if err != nil {
			s.t.Fatal(err)
		}
		id, many, _ := strings.Cut(w[0], "*")
		n, err := strconv.Atoi(many)
		if err != nil {
			s.spawn(id, task)
			return
		}
		for i := range n {
			s.spawn(id+strconv.Itoa(i+1), task)
		}
	}
}

func (s *script) spawn(id string, task Task) {
	s.ids = append(s.ids, id)
	s.do(Action{Kind: DoSpawn, Thread: id, Task: &task})
}
