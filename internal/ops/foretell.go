package ops

import (
	"fmt"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Foretell says in plain words what a fault will do, before it is put in force:
// line is one of the verbs of that group, such as "hold W4 thread=A", and s what
// there is to see of the target now. It answers "" for what it does not know.
func Foretell(line string, s *kernel.Snapshot) string {
	split, err := Split(line)
	if err != nil || len(split) == 0 {
		return ""
	}
	words := make([]string, len(split))
	for i, w := range split {
		words[i] = w.Text
	}
	switch words[0] {
	case "hold", "delay", "fail":
		f, err := kernel.ParseFault(words)
		if err != nil {
			return sentence(err.Error())
		}
		return foretellFault(f, s)
	case "lie":
		return foretellLie(strings.Join(words[1:], " "))
	case "policy":
		return foretellPolicy(strings.Join(words[1:], " "))
	case "kill":
		return foretellKill(words[1:], s)
	case "flood":
		return foretellFlood(words[1:], s)
	case "release":
		if len(words) > 1 {
			return "Thread " + words[1] + " goes on from where it is held. The fault that held it stays in force and holds it again when it comes there once more."
		}
	case "faults":
		return "The fault is taken out of force and strikes nobody any more. Who is held by it stays held until released."
	}
	return ""
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// foretellFault tells of a hold, a delay or a failure at a point.
func foretellFault(f kernel.Fault, s *kernel.Snapshot) string {
	p, _ := trace.LookupPoint(f.Point)
	who := "Whoever comes"
	if f.Thread != "" {
		who = "Thread " + f.Thread + ", when it comes"
	}
	if f.Module != "" {
		who += " with " + f.Module
	}
	where := fmt.Sprintf("%s to %s %s", who, p.ID, p.Name)
	var b strings.Builder
	switch {
	case f.Hold:
		fmt.Fprintf(&b, "%s, stops there and stays until it is released.", where)
	case f.Delay > 0:
		fmt.Fprintf(&b, "%s, sleeps there for %v of the target's clock and goes on by itself.", where, f.Delay)
	default:
		fmt.Fprintf(&b, "%s, does not do that step: it returns %s at once. %s", where, kernel.ErrnoName(syscall.Errno(f.Fail)), afterFailure(p))
	}
	fmt.Fprintf(&b, " The place: %s", p.Says)
	if p.Sees != "" && f.Fail == 0 {
		fmt.Fprintf(&b, " Meanwhile, from outside: %s.", strings.TrimRight(p.Sees, "."))
	}
	if f.Fail == 0 {
		b.WriteString(" " + whoWaits(p))
	}
	if s != nil {
		b.WriteString(passed(f, s))
	}
	return strings.TrimSpace(b.String())
}

// afterFailure says what the kernel does about a failed step.
func afterFailure(p trace.Point) string {
	switch p.Phase {
	case trace.PhaseRequest:
		return "request_module() gives this to its caller, and no module is loaded for it."
	case trace.PhaseLoad, trace.PhaseSysfs:
		return "The load undoes what it had made so far and ends with this error; whoever waits for it is woken and gets its own answer."
	case trace.PhaseUnload:
		return "delete_module() ends with this error."
	}
	return "Whoever called it gets this error."
}

// whoWaits says who cannot go on while a thread stands at a point.
func whoWaits(p trace.Point) string {
	switch p.Phase {
	case trace.PhaseRequest:
		return "Once it has its permit, the permit stays taken."
	case trace.PhaseHelper:
		return "The request that started the helper waits, and keeps its permit."
	case trace.PhaseLoad, trace.PhaseSysfs:
		return "Other loads of the same module wait for this one or fail, as the kernel's version has it."
	case trace.PhaseUnload:
		return "The module is neither usable nor gone meanwhile."
	}
	return ""
}

// passed says that the fault comes too late, or who is there now.
func passed(f kernel.Fault, s *kernel.Snapshot) string {
	if f.Thread == "" {
		return ""
	}
	t := s.Thread(f.Thread)
	switch {
	case t == nil:
		return " There is no such thread yet."
	case t.Done:
		return " " + f.Thread + " has ended: it will not come there."
	case t.At == f.Point:
		return " " + f.Thread + " is there now: this strikes the next time."
	}
	for i := range s.Events {
		if e := &s.Events[i]; e.Point == f.Point && e.Thread.ID == f.Thread {
			return " " + f.Thread + " has been there already: this strikes only if it comes again; go back to before it first."
		}
	}
	return ""
}

// foretellLie tells of a program in modprobe's place.
func foretellLie(form string) string {
	kind, arg, _ := strings.Cut(form, ":")
	does := map[string]string{
		"":     "answers success and does nothing",
		"exit": "ends with status " + arg + " and does nothing", "killed": "is ended by SIGKILL before it does anything",
		"missing": "is not there: starting it fails with -ENOENT", "noexec": "may not be executed: starting it fails with -EACCES",
		"badformat": "is no program: starting it fails with -ENOEXEC", "binfmt": "needs a module to be run at all, for which the kernel asks for a helper",
		"slow": "does its work, after sleeping for " + arg, "stuck": "never ends: its request waits for ever and keeps its permit",
		"insmod": "loads without looking what is there already",
	}[kind]
	switch {
	case kind == "real":
		return "From now on helpers are the true modprobe again. Helpers that run already go on as they are."
	case does == "":
		return ""
	}
	text := "From now on, instead of modprobe, the kernel starts a program that " + does + ". "
	if form == "exit:0" || form == "" {
		text += "request_module() returns 0 and its caller believes that the module is there: the verdict will be lost. "
	}
	return text + "It holds for all requests until lie real; helpers that run already go on as they are."
}

// foretellPolicy tells how helpers will decide.
func foretellPolicy(name string) string {
	return map[string]string{
		"kmod19":   "Helpers decide as kmod up to 19: a directory in /sys/module without initstate counts as built in, and is answered with success without a load. In the window of a load that is being set up this is wrong.",
		"kmod20":   "Helpers decide as kmod from 20 on: built in is what modules.builtin lists, whatever /sys/module shows.",
		"verified": "Helpers decide as kmod from 20 on, then look whether the module is really live, and wait or try again when it is not.",
	}[name]
}

// foretellKill tells of a signal.
func foretellKill(words []string, s *kernel.Snapshot) string {
	if len(words) == 0 {
		return ""
	}
	id, signal := words[0], "TERM"
	if len(words) > 1 {
		signal = words[1]
	}
	text := fmt.Sprintf("Thread %s gets SIG%s. ", id, signal)
	if s != nil {
		if t := s.Thread(id); t != nil {
			switch {
			case t.Done:
				return text + "It has ended: nothing happens."
			case t.Status == "held":
				text += "It is held: the signal waits for it until it is released. "
			case t.Status == "blocked" && t.At == "R8" && signal == "KILL":
				text += "It waits for its helper: a killable wait ends, and the helper lives on without anybody who hears its answer. "
			case t.Parent != "":
				text += "Its request gets the signal's number in place of an exit status. "
			}
		}
	}
	return text + "What it had begun in the kernel is finished or undone by the kernel; where a wait cannot be interrupted the signal comes late."
}

// foretellFlood tells of many requests.
func foretellFlood(words []string, s *kernel.Snapshot) string {
	var n int
	if len(words) == 0 {
		return ""
	}
	if _, err := fmt.Sscan(words[0], &n); err != nil {
		return ""
	}
	text := fmt.Sprintf("%d threads are made that all request the same name. None moves until it is stepped or a run goes on.", n)
	if s != nil && s.Permits.Max > 0 {
		free := s.Permits.Max - s.Permits.Used
		text += fmt.Sprintf(" There are %d permits, %d of them free now", s.Permits.Max, free)
		if n > free {
			text += fmt.Sprintf(": %d of the requests will have to wait, or fail at once where the kernel does not wait", n-free)
		}
		text += "."
	}
	return text
}
