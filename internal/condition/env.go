package condition

import (
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kernel/klog"
	"example.org/kmodsh/internal/trace"
)

// env is what a condition can mention. Its fields are plain, since the
// expression library compares only plain types.
type env struct {
	Now      float64      `expr:"now"` // seconds on the target's clock
	Pos      int          `expr:"pos"`
	Finished bool         `expr:"finished"`
	Deadlock bool         `expr:"deadlock"`
	Threads  []threadEnv  `expr:"threads"`
	Modules  []moduleEnv  `expr:"modules"`
	Permits  permitsEnv   `expr:"permits"`
	Taken    []allocation `expr:"allocations"`
	UMH      string       `expr:"umh"`
	Policy   string       `expr:"policy"`
	Modprobe string       `expr:"modprobe"`
	Taints   string       `expr:"taints"`
	Log      string       `expr:"log"`
	Reports  []reportEnv  `expr:"reports"`

	State     func(string) string         `expr:"state"`
	Initstate func(string) string         `expr:"initstate"`
	Listed    func(string) string         `expr:"listed"`
	Sysfs     func(string) bool           `expr:"sysfs"`
	Refs      func(string) int64          `expr:"refs"`
	Module    func(string) moduleEnv      `expr:"module"`
	Thread    func(string) threadEnv      `expr:"thread"`
	Helper    func(string) threadEnv      `expr:"helper"`
	At        func(string) string         `expr:"at"`
	Done      func(string) bool           `expr:"done"`
	Result    func(string) any            `expr:"result"`
	Verdict   func(string) string         `expr:"verdict"`
	Took      func(string) float64        `expr:"took"`
	Saw       func(string, ...string) int `expr:"saw"`
	Believed  func(string) string         `expr:"believed"`
	Exists    func(string) bool           `expr:"exists"`

	Address    func(string, ...string) string `expr:"address"`
	Section    func(string, ...string) string `expr:"section"`
	TestResult func(string) any               `expr:"test_result"`
	errnos
}

// errnos are the errno values by name, positive.
type errnos struct {
	EPERM, ENOENT, EINTR, EIO, ENOEXEC, EBADF, EAGAIN, ENOMEM, EACCES, EBUSY, EEXIST, ENODEV, EINVAL int
	ENOSPC, ERANGE, ENAMETOOLONG, ETIME, EOPNOTSUPP, EKEYREJECTED, ERESTARTSYS                       int
}

type permitsEnv struct {
	Used    int `expr:"used"`
	Max     int `expr:"max"`
	Waiting int `expr:"waiting"`
}

type allocation struct {
	Kind   string `expr:"kind"`
	Module string `expr:"module"`
	Thread string `expr:"thread"`
	Point  string `expr:"point"`
	Leaked bool   `expr:"leaked"`
}

type reportEnv struct {
	Kind  string `expr:"kind"` // "panic", "oops", "warning", "lockdep", "hung-task" ...
	Title string `expr:"title"`
	Comm  string `expr:"comm"`
}

type moduleEnv struct {
	Name      string   `expr:"name"`
	State     string   `expr:"state"`
	Refs      int64    `expr:"refs"`
	Loader    string   `expr:"loader"`
	Uses      []string `expr:"uses"`
	Users     []string `expr:"users"`
	Dir       bool     `expr:"dir"`
	Initstate string   `expr:"initstate"`
	Files     []string `expr:"files"`
	Taints    string   `expr:"taints"`
	Params    []string `expr:"params"` // name=value
}

type threadEnv struct {
	ID      string  `expr:"id"`
	Comm    string  `expr:"comm"`
	Parent  string  `expr:"parent"`
	Task    string  `expr:"task"`
	Verb    string  `expr:"verb"` // first word of the task
	Status  string  `expr:"status"`
	At      string  `expr:"at"`
	Module  string  `expr:"module"`
	Waits   string  `expr:"waits"`
	Done    bool    `expr:"done"`
	Killed  bool    `expr:"killed"`
	Result  int64   `expr:"result"`
	Verdict string  `expr:"verdict"`
	Gone    bool    `expr:"gone"`
	Took    float64 `expr:"took"`
	Error   string  `expr:"error"`
}

func seconds(ns int64) float64 { return time.Duration(ns).Seconds() }

func threadOf(t *kernel.ThreadState, now int64) threadEnv {
	if t == nil {
		return threadEnv{Status: "absent"}
	}
	verb, _, _ := strings.Cut(t.Task, " ")
	e := threadEnv{
		ID: t.ID, Comm: t.Comm, Parent: t.Parent, Task: t.Task, Verb: verb, Status: t.Status, At: t.At,
		Module: t.Module, Waits: t.Waits, Done: t.Done, Killed: t.Killed, Result: t.Result,
		Verdict: string(t.Verdict), Gone: t.Gone, Error: t.Error,
	}
	if t.Done {
		now = t.Ended
	}
	if t.At != "" || t.Done {
		e.Took = seconds(now - t.Began)
	}
	return e
}

func moduleOf(m *kernel.ModuleState) moduleEnv {
	return moduleEnv{
		Name: m.Name, State: string(m.State), Refs: m.Refs, Loader: m.Loader, Uses: m.Uses, Users: m.Users,
		Dir: m.Dir, Initstate: string(m.Initstate), Files: m.Files, Taints: m.Taints, Params: m.Params,
	}
}

// env fills in what the condition mentions; what it does not is left empty.
func (c *Condition) env(s *kernel.Snapshot) env {
	e := env{
		Now: seconds(s.Now), Pos: s.Pos, Finished: s.AllDone, Deadlock: s.Deadlock,
		Permits: permitsEnv{s.Permits.Used, s.Permits.Max, s.Permits.Waiting},
		UMH:     s.UMH, Policy: s.Policy, Modprobe: s.Modprobe, Taints: s.Taints,
		errnos: errnoValues(),
	}
	if c.used["log"] {
		e.Log = strings.Join(s.Log, "\n")
	}
	if c.used["reports"] {
		for _, r := range klog.Parse(s.Log) {
			e.Reports = append(e.Reports, reportEnv{string(r.Kind), r.Title, r.Comm})
		}
	}
	if c.used["threads"] {
		for i := range s.Threads {
			e.Threads = append(e.Threads, threadOf(&s.Threads[i], s.Now))
		}
	}
	if c.used["modules"] {
		for i := range s.Modules {
			e.Modules = append(e.Modules, moduleOf(&s.Modules[i]))
		}
	}
	if c.used["allocations"] {
		for _, a := range s.Leaks {
			e.Taken = append(e.Taken, allocation{a.Kind, a.Module, a.Thread, a.Point, a.Leaked})
		}
	}
	moduleFunctions(&e, s)
	threadFunctions(&e, s)
	selftestFunctions(&e, s)
	return e
}

func moduleFunctions(e *env, s *kernel.Snapshot) {
	e.State = func(name string) string { return string(s.State(name)) }
	e.Module = func(name string) moduleEnv {
		if m := s.Module(name); m != nil {
			return moduleOf(m)
		}
		return moduleEnv{Name: kernel.Normalize(name), State: string(s.State(name))}
	}
	e.Initstate = func(name string) string { return e.Module(name).Initstate }
	e.Refs = func(name string) int64 { return e.Module(name).Refs }
	e.Sysfs = func(name string) bool {
		return e.Module(name).Dir || s.HasDir != nil && s.HasDir(kernel.Normalize(name))
	}
	e.Listed = func(name string) string {
		for _, m := range s.Listed {
			if m.Name == kernel.Normalize(name) {
				return string(m.State)
			}
		}
		return ""
	}
}

func threadFunctions(e *env, s *kernel.Snapshot) {
	e.Thread = func(id string) threadEnv { return threadOf(s.Thread(id), s.Now) }
	e.Exists = func(id string) bool { return s.Thread(id) != nil }
	e.At = func(id string) string { return e.Thread(id).At }
	e.Done = func(id string) bool { return e.Thread(id).Done }
	e.Verdict = func(id string) string { return e.Thread(id).Verdict }
	e.Took = func(id string) float64 { return e.Thread(id).Took }
	e.Result = func(id string) any {
		if t := s.Thread(id); t != nil && t.Done {
			return t.Result
		}
		return nil
	}
	e.Helper = func(id string) threadEnv {
		for i := len(s.Threads) - 1; i >= 0; i-- {
			if s.Threads[i].Parent == id {
				return threadOf(&s.Threads[i], s.Now)
			}
		}
		return threadEnv{Status: "absent"}
	}
	e.Saw = func(point string, threads ...string) int {
		n := 0
		for i := range s.Events {
			if s.Events[i].Point == point && (len(threads) == 0 || s.Events[i].Thread.ID == threads[0]) {
				n++
			}
		}
		return n
	}
	e.Believed = func(id string) string {
		if t := e.Helper(id); t.ID != "" {
			id = t.ID
		}
		for i := len(s.Events) - 1; i >= 0; i-- {
			if ev := &s.Events[i]; ev.Point == trace.PointBuiltin && ev.Thread.ID == id {
				return string(ev.State)
			}
		}
		return ""
	}
}

// errnoValues are the numbers of include/uapi/asm-generic/errno*.h.
func errnoValues() errnos {
	return errnos{
		EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, ENOEXEC: 8, EBADF: 9, EAGAIN: 11, ENOMEM: 12, EACCES: 13,
		EBUSY: 16, EEXIST: 17, ENODEV: 19, EINVAL: 22, ENOSPC: 28, ERANGE: 34, ENAMETOOLONG: 36, ETIME: 62,
		EOPNOTSUPP: 95, EKEYREJECTED: 129, ERESTARTSYS: 512,
	}
}
