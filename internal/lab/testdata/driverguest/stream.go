package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
)

// reload unloads the driver and loads it with other parameters. Nobody has it
// open.
func reload(params string) error {
	if err := unix.DeleteModule("kmodsh_driver", unix.O_NONBLOCK); err != nil {
		return fmt.Errorf("unloading the driver: %w", err)
	}
	if err := load("kmodsh_driver", params); err != nil {
		return fmt.Errorf("loading the driver: %w", err)
	}
	return nil
}

func (g *guest) hangUp() error {
	g.closed = true
	return g.Close()
}

// checkUnload ends the session while a task is held and request threads wait,
// and takes the driver out at once.
func checkUnload(g *guest) error {
	if err := g.hookAll(); err != nil {
		return err
	}
	if err := g.Send(inject.Rule{N: 1, Point: "W4", Do: inject.DoHold}); err != nil {
		return err
	}
	c, err := start("load", victim)
	if err != nil {
		return err
	}
	if _, err := g.stop("W4"); err != nil {
		return err
	}
	// Another one sleeps for long.
	if err := g.Send(inject.Rule{N: 2, Point: "U0", Do: inject.DoDelay, Delay: 5 * time.Minute}); err != nil {
		return err
	}
	late, err := start("unload", "nothing")
	if err != nil {
		return err
	}
	if _, err := g.until("the delay", func(e inject.Event) bool { return e.Kind == inject.Hit && e.Do == inject.DoDelay }); err != nil {
		return err
	}
	if err := g.Send(inject.Request{ID: "never", Name: "nbd", Mode: inject.Wait, Count: 5}); err != nil {
		return err
	}
	busy := unix.DeleteModule("kmodsh_driver", unix.O_NONBLOCK)
	if err := g.hangUp(); err != nil {
		return err
	}
	// Request threads hold the driver until they have ended.
	for end := time.Now().Add(patience); ; {
		err = reload("")
		if !errors.Is(err, unix.EAGAIN) || time.Now().After(end) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	e := c.wait()
	live := row(victim)
	if n := late.wait(); n != int(unix.ENOENT) {
		e = n
	}
	unix.DeleteModule(victim, unix.O_NONBLOCK)
	return errors.Join(err, want(busy == unix.EAGAIN, fmt.Sprint("with a session it can be unloaded: ", busy),
		e == 0 && live == "Live", fmt.Sprint("the held load: ", e, live), row("nbd") == "", "nobody asked for nbd"))
}

// valid are lines that garbage is made from.
var valid = []string{
	"hook W4 module_param_sysfs_setup m0", "hook W5 sysfs_create_file_ns k0 attr=initstate in=load quiet=1", "hook fn:vfs_open vfs_open s1",
	"hook L17 do_init_module v1", "hook x call_usermodehelper_exec m0", "hook y do_init_module u0", "hook L1 kernel_read_file y0",
	"hook L14 mod_sysfs_setup k0", "hook z mod_sysfs_setup h1", "hook notifier:LIVE notifier:LIVE m0", "return L17 do_init_module d0",
	"return q vfs_open c0", "unhook W4", "unhook L17", "rule 1 point=W4 module=dummy do=delay ms=1", "rule 2 point=L17 do=hold deadline=1",
	"rule 3 point=W5 name=%69 pid=7 comm=init traced=1 req=9 hit=2 do=fail errno=12", "unrule 1", "go all", "go 17", "trace 2", "untrace 2",
	"request r wait name=nothing n=3", "request s nowait name=nothing traced=1", "request t fs", "start r", "start s", "start t",
	"state", "stops", "sync 18446744073709551615", "request u suspend", "request v resume n=2", "start u", "start v", "umh freezing", "memory", "settle", "reset",
}

// garble breaks a line in one of many ways.
func garble(r *rand.Rand, line string) string {
	b := []byte(line)
	switch r.IntN(9) {
	case 0:
		b[r.IntN(len(b))] = byte(r.UintN(256))
	case 1:
		b = b[:r.IntN(len(b))]
	case 2:
		i := r.IntN(len(b))
		b = append(b[:i:i], append([]byte(strings.Repeat(string(rune('!'+r.IntN(90))), r.IntN(600))), b[i:]...)...)
	case 3:
		w := strings.Split(line, " ")
		r.Shuffle(len(w), func(i, j int) { w[i], w[j] = w[j], w[i] })
		b = []byte(strings.Join(w, " "))
	case 4:
		b = append(b, []byte(fmt.Sprintf(" n=%d", r.Int64()-1<<62))...)
	case 5:
		b = []byte(strings.ReplaceAll(line, "=", "=%"))
	case 6:
		b = append(b, " "+valid[r.IntN(len(valid))]...)
	case 7:
		b = make([]byte, r.IntN(700))
		for i := range b {
			b[i] = byte(r.UintN(256))
		}
	}
	return string(b)
}

// checkGarbage writes broken lines, and whole ones in no order, while modules
// come and go: a thousand, or as many as the command line asks for.
func checkGarbage(g *guest) error {
	if err := g.hangUp(); err != nil {
		return err
	}
	f, err := os.OpenFile(inject.Device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	room := make([]byte, 64<<10)
	taken := 0
	lines := 1000
	if n, err := strconv.Atoi(cmdline("driverguest.garbage")); err == nil {
		lines = n
	}
	for i := range lines {
		line := valid[r.IntN(len(valid))]
		if r.IntN(4) > 0 {
			line = garble(r, line)
		}
		end := "\n"
		if r.IntN(20) == 0 {
			end = ""
		}
		if line+end == "" {
			continue
		}
		if _, err := f.WriteString(line + end); err == nil {
			taken++
		}
		if i%200 == 199 {
			c, err := start("load", victim)
			if err != nil {
				return err
			}
			// It may be held or made to fail; not for ever.
			f.WriteString("rule 1 point=x do=record\nunrule 1\n")
			for range 100 {
				f.WriteString("go all\n")
				if row(victim) == "Live" {
					break
				}
			}
			f.WriteString("reset\n")
			c.wait()
			unix.DeleteModule(victim, unix.O_NONBLOCK)
			f.SetReadDeadline(time.Now().Add(time.Millisecond))
			f.Read(room)
		}
	}
	f.Write(make([]byte, 16384))
	f.Write(make([]byte, 16385))
	if _, err := syscall.Write(int(f.Fd()), nil); err != nil {
		return err
	}
	unix.IoctlGetInt(int(f.Fd()), 0x1234)
	f.Read(make([]byte, 10))
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Printf("value garbage lines %d of which taken %d\n", lines, taken)
	fresh, err := newGuest()
	if err != nil {
		return err
	}
	defer fresh.Close()
	return errors.Join(checkHold(fresh), want(taken > 100 && taken < lines, fmt.Sprint(taken, " lines were good")))
}

// marks sends n marks in few writes.
func marks(f *os.File, n int) error {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "sync %d\n", i)
		if b.Len() > 16000 || i == n-1 {
			if _, err := f.WriteString(b.String()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return nil
}

// session opens the device for raw writing and reading by the parser.
type session struct {
	f    *os.File
	rest string
	room []byte
}

func (s *session) next() (inject.Event, error) {
	for {
		if line, rest, ok := strings.Cut(s.rest, "\n"); ok {
			s.rest = rest
			return inject.ParseEvent(line)
		}
		n, err := s.f.Read(s.room)
		if err != nil {
			return inject.Event{}, err
		}
		s.rest += string(s.room[:n])
	}
}

// checkStream has 60,000 events wait for a reader that comes late.
func checkStream(g *guest) error {
	if err := g.hangUp(); err != nil {
		return err
	}
	f, err := os.OpenFile(inject.Device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	const n = 60000
	began := time.Now()
	if err := marks(f, n); err != nil {
		return err
	}
	took := time.Since(began)
	s := &session{f: f, room: make([]byte, 64<<10)}
	last := int64(0)
	for i := range n {
		e, err := s.next()
		if err != nil {
			return err
		}
		if e.Seq != uint64(i+1) || e.N != uint64(i) || e.Lost != 0 || e.Time < last {
			return fmt.Errorf("event %d: %+v", i, e)
		}
		last = e.Time
	}
	fmt.Printf("value events written per second %.0f\n", n/took.Seconds())
	return nil
}

// checkLoss overflows a small ring: what is lost is counted.
func checkLoss(g *guest) error {
	if err := g.hangUp(); err != nil {
		return err
	}
	if err := reload("ring=256"); err != nil {
		return err
	}
	defer reload("")
	f, err := os.OpenFile(inject.Device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := marks(f, 1000); err != nil {
		return err
	}
	s := &session{f: f, room: make([]byte, 64<<10)}
	for i := range 256 {
		if e, err := s.next(); err != nil || e.Seq != uint64(i+1) || e.Lost != 0 {
			return fmt.Errorf("event %d: %+v, %v", i, e, err)
		}
	}
	if err := marks(f, 1); err != nil {
		return err
	}
	e, err := s.next()
	if err != nil {
		return err
	}
	f.Close()
	return want(e.Seq == 1001 && e.Lost == 744, fmt.Sprintf("after the loss: %+v", e))
}
