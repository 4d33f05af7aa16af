package main

// planted is one mistake as somebody could make it: a change of one place in
// the model or in the loader, with the scenario and the promise that find it.
type planted struct {
	name     string
	says     string // what is wrong, one sentence
	file, fn string // where
	old, new string // the text there, once in the function, and what it becomes
	on       string // target, "" sim:v6.12
	given    trial
	promise  string // that is broken: a name, or a condition
}

// trial is a scenario that is small enough for every schedule to be searched.
type trial struct {
	name  string
	lines []string
}

func try(name string, lines ...string) trial { return trial{name, lines} }

// The scenarios.
var (
	twoLoads   = try("two-loads", "spawn A insmod victim", "spawn B insmod --copy victim")
	threeLoads = try("three-loads", "spawn A insmod victim", "spawn B insmod --copy victim", "spawn C insmod --copy victim")
	sameFile   = try("same-file", "spawn A insmod victim", "spawn B insmod victim")
	initFails  = try("init-fails", "spawn A insmod victim init_ret=-5", "spawn B insmod --copy victim")
	badParam   = try("bad-parameter", "spawn A insmod victim s=x n=bad", "spawn B insmod --copy victim")
	oneBad     = try("one-bad-parameter", "spawn A insmod victim s=x s=y n=bad")
	oneFails   = try("one-init-fails", "spawn A insmod victim init_ret=-5")
	again      = try("load-again", "load victim s=x", "unload victim", "spawn A insmod victim")
	unloadLoad = try("unload-and-load", "load victim", "spawn A rmmod victim", "spawn B insmod --copy victim")
	unloadOne  = try("unload-with-parameter", "load victim s=x", "spawn A rmmod victim")
	unloadUser = try("unload-and-load-user", "load victim", "spawn A rmmod victim", "spawn B insmod user")
	loadUser   = try("load-user", "load victim", "spawn A insmod user")
	userFails  = try("user-fails", "load victim", "fail L12 EINVAL module=user", "spawn A insmod user")
	dropUser   = try("unload-both", "load victim", "load user", "spawn A rmmod user", "spawn B rmmod victim")
	forceDep   = try("force-dependency", "load victim", "load user", "spawn A rmmod --force victim")
	coming     = try("unload-while-coming", "spawn A insmod victim", "spawn B rmmod victim")
	noModule   = try("unload-nothing", "spawn A rmmod victim", "spawn B insmod victim")
	mountRace  = try("mount-and-unload", "load minix", "spawn A rmmod minix", "spawn B mount minix")
	symbolRace = try("load-and-symbol", "policy kmod20", "spawn A insmod victim", "spawn B symbol victim_a")
	getfsRace  = try("load-and-mount", "policy kmod20", "spawn A insmod minix", "spawn B getfs minix")
	uevent     = try("udev", "spawn A insmod minix", "spawn B udev minix")
	firmware   = try("firmware-and-suspend", "lie exit:0", "spawn A request minix", "spawn B suspend", "spawn C firmware")
	oneWorker  = try("one-worker", "set workers=1", "policy kmod20", "spawn A request minix", "spawn B request dummy")
	asyncWork  = try("asynchronous-work", "load crc16", "policy kmod20", "spawn A insmod asyncreq")
	depends    = try("dependency-coming", "spawn A insmod af_alg", "spawn B load --policy=kmod19 algif_hash")
	depLong    = try("dependency-long", "spawn A insmod victim init_ms=90000", "spawn B insmod user")
	oneRequest = try("one-request", "policy kmod20", "spawn A request minix")
	oneAlias   = try("one-alias", "policy kmod20", "spawn A request fs-minix")
	oneBuiltin = try("one-builtin", "policy kmod20", "spawn A request ext2")
	siblings   = try("one-chain", "policy kmod20", "spawn A request bridge")
	requests   = try("one-permit", "set kmod-max=1", "policy kmod20", "spawn A request minix", "spawn B request dummy")
	noHelper   = try("no-helper", "lie missing", "spawn A request minix")
	exitOne    = try("helper-exits-1", "lie exit:1", "spawn A request minix")
	killedOne  = try("requester-killed", "policy kmod20", "spawn A request minix", "kill A")
	merged     = try("merged-requests", "set dup-merge=on", "policy kmod20", "spawn A request minix", "spawn B request minix")
	mergedLate = try("merged-too-late", "set dup-merge=on", "policy kmod20", "lie exit:1", "request minix", "wait 61s", "lie real", "spawn A request minix")
	suspend    = try("suspend", "policy kmod20", "spawn A request minix", "spawn B suspend")
	raced      = try("load-and-request", "policy kmod20", "spawn A insmod victim", "spawn B request victim")
	racedBad   = try("failing-load-and-request", "policy kmod20", "spawn A insmod victim n=bad", "spawn B request victim")
	racedInit  = try("failing-init-and-request", "policy kmod20", "spawn A insmod --copy victim init_ret=-5", "spawn B request victim")
	initError  = try("request-of-failing-init", "policy kmod20", "spawn A request broken")
	ownWait    = try("verified-beside-failing-load", "spawn A insmod --copy victim init_ret=-5", "spawn B load victim")
	ownGone    = try("verified-beside-unload", "load victim", "spawn A rmmod victim", "spawn B load victim")
	ownLong    = try("verified-beside-slow-load", "spawn A insmod --copy victim init_ms=20", "spawn B load victim")
	softFails  = try("failing-soft-dependency", "policy kmod20", "set 'config=softdep minix pre: broken'", "spawn A request minix")
	depFails   = try("failing-dependency", "policy kmod20", "fail L17 ENOMEM module=af_alg", "spawn A load --policy=kmod20 algif_hash")
	blacklist  = try("blacklisted-alias", "policy kmod20", "set 'config=blacklist minix'", "spawn A request fs-minix")
)

// Conditions that more than one bug breaks.
const (
	noWaiting  = "nobody-waits-forever"
	zeroReady  = "zero-means-ready"
	noLeak     = "nothing-leaks"
	refs       = "refs-balance"
	aGets0     = `not done("A") or result("A") == 0`
	bNotLost   = `not (done("B") and result("B") == 0 and verdict("B") == "lost")`
	bGets0     = `not done("B") or result("B") == 0`
	zeroOrHere = `not finished or all(threads, .result in [0, -EEXIST])`
	permitBack = `not finished or permits.used == 0`
	depStays   = `not done("B") or result("B") != 0 or state("victim") == "live"`
)

// plantedBugs is the table: what is wrong, where, and what finds it.
func plantedBugs() []planted {
	return append(append(append(waitBugs(), loadBugs()...), requestBugs()...), loaderBugs()...)
}

const (
	simDir  = "internal/sim/"
	kmodDir = "internal/kmod/"
)

// waitBugs are waits that are missing, end too early, or are never ended.
func waitBugs() []planted {
	return []planted{
		{name: "live-wakes-nobody", says: "The end of a load that succeeded wakes nobody.",
			file: simDir + "init.go", fn: "doInit", old: "w.wake(&w.wq, -1)", new: "", given: twoLoads, promise: noWaiting},
		{name: "live-wakes-one", says: "The end of a load wakes one waiter, and there may be more.",
			file: simDir + "init.go", fn: "doInit", old: "w.wake(&w.wq, -1)", new: "w.wake(&w.wq, 1)", given: threeLoads, promise: noWaiting},
		{name: "failed-init-wakes-nobody", says: "The end of a load whose init failed wakes nobody.",
			file: simDir + "failure.go", fn: "failInit", old: "w.wake(&w.wq, -1)", new: "_ = w", given: initFails, promise: noWaiting},
		{name: "failed-init-wakes-early", says: "A failing init wakes those who wait before the module is off the list, and not after.",
			file: simDir + "failure.go", fn: "failInit", old: "t.freeModule(m)\n\tw.wake(&w.wq, -1)", new: "w.wake(&w.wq, -1)\n\tt.freeModule(m)", given: initFails, promise: noWaiting},
		{name: "early-failure-wakes-nobody", says: "A load that fails before its init wakes nobody when it leaves the list.",
			file: simDir + "failure.go", fn: "unlink", old: "if wake {", new: "if false {", given: badParam, promise: noWaiting},
		{name: "unload-wakes-nobody", says: "The end of delete_module wakes nobody.",
			file: simDir + "unload.go", fn: "Delete", old: "if w.Profile.DeleteWakes {", new: "if false {", given: unloadLoad, promise: noWaiting},
		{name: "unlock-wakes-nobody", says: "Unlocking a mutex does not wake who waits for it.",
			file: simDir + "mutex.go", fn: "Unlock", old: "t.w.wake(&m.queue, 1)", new: "", given: badParam, promise: noWaiting},
		{name: "mutex-kept-on-error", says: "A load that is refused as a duplicate keeps module_mutex.",
			file: simDir + "load.go", fn: "insert", old: "t.Unlock(&w.mm)", new: "if e == 0 { t.Unlock(&w.mm) }", given: twoLoads, promise: noWaiting},
		{name: "mutex-kept-by-refused-unload", says: "delete_module of a module that is not there keeps module_mutex.",
			file: simDir + "unload.go", fn: "Delete", old: "\tt.Unlock(&w.mm)\n\tif e != 0 {", new: "\tif e == 0 { t.Unlock(&w.mm) }\n\tif e != 0 {", given: noModule, promise: noWaiting},
		{name: "mutex-kept-while-waiting", says: "A load waits for the one before it with module_mutex held.",
			file: simDir + "duplicate.go", fn: "checkDuplicate", old: "t.Unlock(&w.mm)\n", new: "\n", given: twoLoads, promise: noWaiting},
		{name: "unformed-not-waited-for", says: "A load does not wait for one of its name that is unformed.",
			file: simDir + "duplicate.go", fn: "checkDuplicate", old: "|| old.State == trace.Unformed", new: "", given: twoLoads, promise: zeroOrHere},
		{name: "coming-not-waited-for", says: "A load does not wait for one of its name that is coming.",
			file: simDir + "duplicate.go", fn: "checkDuplicate", old: "old.State == trace.Coming ||", new: "", given: twoLoads, promise: zeroOrHere},
		{name: "predicate-forgets-live", says: "Who waits for a load goes on only when the module is gone.",
			file: simDir + "duplicate.go", fn: "finishedLoading", old: "|| m.State == trace.Live", new: "", given: twoLoads, promise: noWaiting},
		{name: "predicate-forgets-gone", says: "Who waits for a load goes on only when the module is live or going.",
			file: simDir + "duplicate.go", fn: "finishedLoading", old: "if m == nil || m.State", new: "if m == nil {\n\t\treturn false\n\t}\n\tif m.State", given: unloadLoad, promise: noWaiting},
		{name: "predicate-takes-coming", says: "A module that is coming counts as finished.",
			file: simDir + "duplicate.go", fn: "finishedLoading", old: "m.State == trace.Live", new: "m.State == trace.Live || m.State == trace.Coming", given: twoLoads, promise: zeroOrHere},
		{name: "not-checked-again", says: "Under the first rule a load takes one that failed for one that is there.",
			file: simDir + "duplicate.go", fn: "checkDuplicate", old: "if w.Profile.DupRule != RuleC {", new: "if w.Profile.DupRule == RuleB {",
			on: "sim:v4.9", given: racedBad, promise: zeroReady},
		{name: "gone-is-eexist", says: "A load that waited for one that failed is told EEXIST.",
			file: simDir + "duplicate.go", fn: "checkDuplicate", old: "(old == nil || old.State != trace.Live)", new: "old != nil && old.State != trace.Live", given: racedInit, promise: zeroReady},
		{name: "inserted-unchecked", says: "The list is not looked at again before a module goes on it.",
			file: simDir + "load.go", fn: "insert", old: "t.checkDuplicate(m.Name, false)", new: "Errno(0)", given: twoLoads, promise: `count(modules, .name == "victim") <= 1`},
		{name: "answer-before-load", says: "Who loads the same file gets an answer before there is one.",
			file: simDir + "idempotent.go", fn: "idempotentLoad", old: "mine.ret = t.loadImage", new: "mine.done = true\n\tmine.ret = t.loadImage", given: sameFile,
			promise: `not done("B") or result("B") != 0 or state("victim") == "live"`},
		{name: "same-file-wakes-nobody", says: "The end of a load does not wake those who load the same file.",
			file: simDir + "idempotent.go", fn: "idempotentLoad", old: "w.wake(&mine.q, -1)", new: "", given: sameFile, promise: noWaiting},
		{name: "same-file-kept", says: "The answer for a file is kept when its load has ended.",
			file: simDir + "idempotent.go", fn: "idempotentLoad", old: "delete(w.inodes, f.Inode)", new: "", given: again, promise: `not finished or state("victim") == "live"`},
		{name: "dependency-not-waited-for", says: "A symbol of a module that is coming is refused at once.",
			file: simDir + "symbols.go", fn: "resolveWait", old: "return e != EBUSY", new: "return true", given: depends, promise: bGets0},
		{name: "coming-owner-is-enoent", says: "A symbol of a module that is coming is unknown.",
			file: simDir + "symbols.go", fn: "resolveOnce", old: "return owner, EBUSY", new: "return owner, ENOENT", given: depends, promise: bGets0},
		{name: "dependency-wait-without-end", says: "The wait for a symbol has no time-out.",
			file: simDir + "symbols.go", fn: "resolveWait", old: "symbolTimeout", new: "0", given: depLong, promise: `not done("B") or took("B") < 65`},
		{name: "async-wakes-nobody", says: "The end of asynchronous work does not wake who waits for it.",
			file: simDir + "init.go", fn: "startAsync", old: "w.wake(&w.asyncQ, -1)", new: "", given: asyncWork, promise: noWaiting},
		{name: "async-not-waited-for", says: "A load returns before the asynchronous work of its init has ended.",
			file: simDir + "init.go", fn: "doInit", old: "if !m.asyncProbe() && (used || w.Profile.AsyncSyncAlways) {", new: "_ = used\n\tif false {", given: asyncWork,
			promise: `not done("A") or done("async-1")`},
		{name: "worker-wakes-nobody", says: "A worker that comes free does not wake the helper it is given to.",
			file: simDir + "umh.go", fn: "giveWorker", old: "w.wake(&w.workQ, -1)", new: "", given: oneWorker, promise: noWaiting},
		{name: "helper-state-wakes-nobody", says: "A change of the usermode helper's state does not wake who waits for it.",
			file: simDir + "freezer.go", fn: "setUMH", old: "w.wake(&w.umhStateQ, -1)", new: "", given: firmware, promise: noWaiting},
		{name: "frozen-before-drained", says: "User space is frozen before the callers of helpers have ended.",
			file: simDir + "freezer.go", fn: "Freeze", old: "w.setUMH(UMHFreezing)", new: "w.setUMH(UMHFreezing)\n\tw.frozen = true", given: suspend, promise: bGets0},
	}
}

// requestBugs are mistakes in request_module() and the usermode helper.
func requestBugs() []planted {
	const twoHelpers = `count(threads, .parent != "" and not .done) <= 1`
	return []planted{
		{name: "limit-one-too-many", says: "The semaphore lets one more in than there are permits.",
			file: simDir + "permits.go", fn: "downTimeout", old: "p.used < p.max", new: "p.used <= p.max", given: requests, promise: "limit-is-kept"},
		{name: "throttle-one-too-many", says: "The throttle lets one more in than there are permits.",
			file: simDir + "permits.go", fn: "throttle", old: "p.used >= p.max", new: "p.used > p.max", on: "sim:v6.1", given: requests, promise: "limit-is-kept"},
		{name: "reject-one-too-few", says: "The old limiter refuses the last that there is a place for.",
			file: simDir + "permits.go", fn: "rejectOver", old: "p.used <= p.max", new: "p.used < p.max", on: "sim:v4.9",
			given: try("one-request-one-place", "set kmod-max=1", "policy kmod20", "spawn A request minix"), promise: aGets0},
		{name: "permit-kept", says: "A request does not give its permit back.",
			file: simDir + "request.go", fn: "requestModule", old: "t.givePermit()", new: "", given: requests, promise: permitBack},
		{name: "permit-kept-on-error", says: "A request whose helper cannot be started does not give its permit back.",
			file: simDir + "request.go", fn: "requestModule", old: "t.givePermit()", new: "if ret != -int64(ENOENT) { t.givePermit() }", given: noHelper, promise: permitBack},
		{name: "permit-kept-by-killed", says: "A requester that is killed does not give its permit back.",
			file: simDir + "request.go", fn: "requestModule", old: "t.givePermit()", new: "if !t.Killed() { t.givePermit() }", given: killedOne, promise: permitBack},
		{name: "permit-back-early", says: "A request gives its permit back before its helper has ended.",
			file: simDir + "request.go", fn: "requestModule", old: "ret := t.permitted(name, wait)\n\tt.givePermit()", new: "t.givePermit()\n\tret := t.permitted(name, wait)",
			given: requests, promise: twoHelpers},
		{name: "permit-handed-on-twice", says: "A permit is handed to the next in the queue, and counted as free.",
			file: simDir + "permits.go", fn: "givePermit", old: "p.queued = p.queued[1:]", new: "p.queued = p.queued[1:]\n\t\tp.used--", given: requests, promise: permitBack},
		{name: "permit-wakes-nobody", says: "A permit that is given back wakes nobody, who then wait for their time-out.",
			file: simDir + "permits.go", fn: "givePermit", old: "t.w.wake(&p.q, -1)", new: "", given: requests, promise: `not finished or all(threads, .took < 4)`},
		{name: "exit-wakes-nobody", says: "The end of a helper does not wake its requester.",
			file: simDir + "umh.go", fn: "helperMain", old: "w.wake(&sub.q, -1)", new: "", given: oneRequest, promise: noWaiting},
		{name: "exit-status-lost", says: "A request returns 0 whatever its helper's exit status.",
			file: simDir + "umh.go", fn: "queueHelper", old: "return sub.ret", new: "return 0", given: exitOne, promise: "failure-reaches-its-caller"},
		{name: "exec-error-lost", says: "A helper that cannot be started is success.",
			file: simDir + "umh.go", fn: "child", old: "return -int64(e)", new: "return 0", given: noHelper, promise: zeroReady},
		{name: "caller-counted-for-ever", says: "Suspend goes on waiting for requests that have ended.",
			file: simDir + "umh.go", fn: "execHelper", old: "w.umhCallers--", new: "", given: suspend, promise: bGets0},
		{name: "merged-wakes-nobody", says: "The answer of a request does not wake those that share it.",
			file: simDir + "dups.go", fn: "announce", old: "w.wake(&d.q, -1)", new: "", given: merged, promise: noWaiting},
		{name: "merged-for-ever", says: "The answer that requests share is never forgotten.",
			file: simDir + "dups.go", fn: "dupRequest", old: "w.now >= first.expires", new: "false", given: mergedLate, promise: aGets0},
		{name: "merged-answer-lost", says: "Requests that share an answer get 0.",
			file: simDir + "dups.go", fn: "dupRequest", old: "return first.ret, true", new: "return 0, true",
			given: try("merged-failures", "set dup-merge=on", "policy kmod20", "spawn A request broken", "spawn B request broken"), promise: zeroReady},
		{name: "helper-failure-is-0", says: "modprobe exits 0 when it failed.",
			file: simDir + "loader.go", fn: "modprobe", old: "return 1", new: "return 0", given: initError, promise: zeroReady},
	}
}
