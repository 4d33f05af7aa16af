package tui

import (
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// why says why an action cannot work now, "" when it can.
func (m *Model) why(a action) string {
	switch a {
	case actStep, actStage, actContinue, actRelease, actStepBack, actStepForth, actStart, actEnd, actGoHere, actBreak, actFaults, actFork, actCompare:
		return m.whyNot(a)
	case actLeft, actRight, actPageLeft, actPageRight, actFirstColumn, actLastColumn:
		if len(m.lanes.lives().moves) == 0 {
			return "nothing has happened yet to look at"
		}
	case actLoad, actUnload, actInfo:
		verb := map[action]string{actLoad: "load", actUnload: "unload", actInfo: "info"}[a]
		switch {
		case m.feed == nil:
			return verb + " needs a target, and there is none yet"
		case m.snap.Down != nil:
			return m.snap.Target + " is down; : target " + m.snap.Target + " opens it again"
		case m.verbs[verb] != nil:
			return firstLine(m.verbs[verb].Error())
		case m.job != nil:
			return m.job.line + " is running; Ctrl-C cancels it"
		case a != actLoad && m.modules.Selected() == "":
			return verb + " needs a module, and none is selected"
		}
	case actGo:
		name := m.deps.Selected()
		if name == "" {
			return "this line is no module"
		}
	case actCancel:
		if m.job == nil {
			return "nothing is running; q quits"
		}
	case actBack:
		if !m.zoomed && m.filter() == "" && !m.moment() {
			return "nothing to go back from; q quits"
		}
	case actFilter:
		if len(m.modules.rows) == 0 && m.focus == paneModules && m.modules.filter == "" {
			return "there is nothing to filter yet"
		}
	case actFindNext, actFindPrev:
		if m.sought == "" {
			return `nothing was looked for yet; \ does`
		}
	}
	return ""
}

// whyNot is why for what moves threads and goes through their history.
func (m *Model) whyNot(a action) string {
	word := map[action]string{
		actStep: "step", actStage: "next", actContinue: "continue", actRelease: "release", actStepBack: "back",
		actStepForth: "going forth", actStart: "going to the start", actEnd: "going to the end",
		actGoHere: "going to a position", actBreak: "a breakpoint", actFaults: "a fault", actFork: "a second future", actCompare: "a comparison",
	}[a]
	d, t := m.snap.Debug, m.threads.Selected()
	switch {
	case m.feed == nil:
		return word + " needs a target, and there is none yet"
	case d == nil:
		return word + " needs threads that can be stepped, and " + m.snap.Target + " has none; : target sim has"
	case m.snap.Down != nil:
		return m.snap.Target + " is down; : target " + m.snap.Target + " opens it again"
	case a != actGoHere && m.feed.target.Can(kernel.OpDebug) != nil && a != actStepBack && a != actStepForth && a != actStart && a != actEnd && a != actFork && a != actCompare:
		if m.feed.target.Can(kernel.OpLook) == nil && d.End > 0 {
			return word + " needs a kernel, and this is a record; b . < > and the lanes go through it"
		}
		return firstLine(m.feed.target.Can(kernel.OpDebug).Error())
	case m.job != nil && !m.job.move:
		return m.job.line + " is running; Ctrl-C cancels it"
	case m.job != nil:
		return "" // it is kept until the move is done
	}
	forward := a == actStep || a == actStage || a == actContinue
	switch {
	case a == actGoHere && m.focus == paneEvents:
		switch m.eventPos() {
		case -1:
			return "which position this event belongs to is not known"
		case d.Pos:
			return "this event is of the present position; Up and Down select another"
		}
	case a == actGoHere && !m.moment():
		return "this is the present; Left and Right look at other positions, Enter then goes there"
	case a == actBreak && m.lanes.Point() == "":
		return "the cursor is at no point of this lane; Left and Right move it"
	case a == actGoHere || a == actBreak || a == actFaults || a == actFork || a == actCompare:
		return ""
	case (forward || a == actRelease) && len(d.Threads) == 0:
		return "there is no thread; : spawn A load ext4 makes one"
	case t == nil && (a == actStep || a == actStage || a == actRelease):
		return "the filter hides every thread; Esc in the threads ends it"
	case forward && d.AllDone:
		return "all threads have ended; b goes back"
	case a == actContinue && d.Deadlock:
		return "nobody can move any more: deadlock; b goes back"
	case a == actContinue && !slices.ContainsFunc(d.Threads, canMove):
		return "nobody can move until a thread is released: select the held one and press r"
	case (a == actStep || a == actStage) && t.Done:
		return t.ID + " has ended; Up and Down select another thread, b goes back"
	case (a == actStep || a == actStage) && t.Status == "held":
		return t.ID + " is held at " + t.At + "; r releases it, Up and Down select another thread"
	case a == actStep && t.Status == "blocked":
		return t.ID + " waits for " + t.Waits + "; select another thread to step, or n runs them until it can go on"
	case a == actRelease && t.Status != "held":
		return t.ID + " is not held"
	case (a == actStepBack || a == actStart) && d.Pos == 0:
		return "this is the beginning"
	case (a == actStepForth || a == actEnd) && d.Pos == d.End:
		return "this is the last step known; Space or c makes new ones"
	}
	return ""
}

// canMove says whether a thread can move, or could once the clock has gone on.
func canMove(t kernel.ThreadState) bool {
	return t.Status == "ready" || t.Status == "blocked" && t.Until > 0
}
