package agent

// The clock of a guest whose processors are emulated with counted instructions
// (wire.CountedClock) goes on by what its processors do, and leaps to the next
// timer at once when all are idle. So a sleep takes no time of the host's; but
// idle is also a guest that waits for the host, for a block of its disk or the
// next question, and then the clock would run away by as much as the host is
// slow. The keeper of the clock is a process that keeps one processor from being
// idle, at the lowest priority there is, as long as
//
//   - a request to the disk is under way;
//   - somebody runs, or can run;
//   - no question of the host is open: the clock all but stands.
//
// Otherwise it sleeps for a little while at a time, and the clock leaps by that.

const (
	// opClock is the job of the keeper.
	opClock = "clock"
	// pausesEach is how many PAUSE instructions the keeper does between two looks.
	pausesEach = 64
)

// Leaps in nanoseconds: each is twice the one before, as long as nobody runs. A
// look takes the emulator some 100 us and as many switches between its threads,
// so that leaps of 16 ms were a fifth of what a minute took. Who answers a
// question while the keeper sleeps has the clock leap on by the rest of that, which
// is no more than was leapt since somebody last ran.
const (
	leapMin = int64(1e6)
	leapMax = int64(64e6)

	// nudgeTime is how long the keeper sleeps to see who really runs.
	nudgeTime = int64(1e3)
)

// leap returns the length of the next leap, 0 for none, after one of last.
// open is the number of open questions, running that of tasks that run or can,
// the keeper among them, and inflight that of requests to the disk.
func leap(last int64, open, running, inflight int) int64 {
	switch {
	case open == 0 || running > 1 || inflight > 0:
		return 0
	case last == 0:
		return leapMin
	}
	return min(2*last, leapMax)
}

// firstNumber reads the first number of a text: of /proc/loadavg the load, and
// so on; 0 when there is none.
func firstNumber(text []byte) (n int, rest []byte) {
	i := 0
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9' && n < 1<<24; i++ {
		n = 10*n + int(text[i]-'0')
	}
	return n, text[i:]
}

// runningOf reads the number of tasks that run or can out of /proc/loadavg:
// "0.20 0.18 0.12 1/80 11206" (proc(5)). What makes no sense is a busy machine.
func runningOf(text []byte) int {
	blanks := 0
	for i, c := range text {
		if c != ' ' {
			continue
		}
		if blanks++; blanks == 3 {
			n, rest := firstNumber(text[i+1:])
			if len(rest) == 0 || rest[0] != '/' {
				break
			}
			return n
		}
	}
	return 2
}

// inflightOf reads the requests under way out of /sys/block/DISK/inflight: two
// numbers, of reads and of writes (Documentation/ABI/stable/sysfs-block).
func inflightOf(text []byte) int {
	r, rest := firstNumber(text)
	w, _ := firstNumber(rest)
	return r + w
}
