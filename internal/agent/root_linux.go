package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// roots is what was done to the root file system of a guest. Helpers are
// started on the root of the first process, which it shares with the threads of
// the kernel (kernel/umh.c; CLONE_FS in init/main.c, rest_init).
type roots struct {
	mu       sync.Mutex
	switched int
	silent   *silence // nil while programs can be started
}

// getRootfs and setRootfs are the setting rootfs.
func (d *debugger) getRootfs() string {
	d.roots.mu.Lock()
	defer d.roots.mu.Unlock()
	if d.roots.silent != nil {
		return "frozen"
	}
	return "thawed"
}

func (d *debugger) setRootfs(value string) error {
	d.roots.mu.Lock()
	defer d.roots.mu.Unlock()
	switch {
	case value == "thawed" && d.roots.silent != nil:
		d.roots.silent.end()
		d.roots.silent = nil
	case value == "frozen" && d.roots.silent == nil:
		s, err := newSilence("/")
		if err != nil {
			return fmt.Errorf("a root file system that does not answer: %w", err)
		}
		d.roots.silent = s
		d.spawn(s.serve)
	case value != "thawed" && value != "frozen":
		return fmt.Errorf("rootfs %q: frozen or thawed", clipText(value, 16))
	}
	return nil
}

// silence keeps the programs that the kernel starts from a file system waiting
// for it, in their exec: fanotify(7) asks whether a file may be opened to be
// executed, and is answered for all others only.
type silence struct {
	fan *os.File

	mu   sync.Mutex
	held []int // descriptors of files whose openers wait
}

func newSilence(path string) (*silence, error) {
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_UNLIMITED_QUEUE, unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.FanotifyMark(fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, path); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &silence{fan: os.NewFile(uintptr(fd), "fanotify")}, nil
}

// serve answers until the silence ends.
func (s *silence) serve() {
	buf := make([]byte, 4096)
	for {
		n, err := s.fan.Read(buf)
		if err != nil {
			return
		}
		for b := buf[:n]; len(b) >= int(unix.FAN_EVENT_METADATA_LEN); {
			e := (*unix.FanotifyEventMetadata)(unsafe.Pointer(&b[0]))
			if e.Event_len < unix.FAN_EVENT_METADATA_LEN || int(e.Event_len) > len(b) {
				return
			}
			b = b[e.Event_len:]
			if e.Fd >= 0 {
				s.asked(int(e.Pid), e.Fd)
			}
		}
	}
}

// asked has a process wait that the kernel started, and lets any other go on.
func (s *silence) asked(pid int, fd int32) {
	if kernelStarted(pid) {
		s.mu.Lock()
		s.held = append(s.held, int(fd))
		s.mu.Unlock()
		return
	}
	answer := unix.FanotifyResponse{Fd: fd, Response: unix.FAN_ALLOW}
	s.fan.Write((*[unsafe.Sizeof(answer)]byte)(unsafe.Pointer(&answer))[:]) // it fails when the opener was killed
	unix.Close(int(fd))
}

// end lets all go on: fanotify allows what was asked and not answered when it
// is closed (fanotify_release, fs/notify/fanotify/fanotify_user.c).
func (s *silence) end() {
	s.fan.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fd := range s.held {
		unix.Close(fd)
	}
	s.held = nil
}

// getRoots and switchRoot are the setting switch-root.
func (d *debugger) getRoots() string {
	d.roots.mu.Lock()
	defer d.roots.mu.Unlock()
	return strconv.Itoa(d.roots.switched)
}

// switchRoot makes another root: a copy of all mounts, in which the first
// process, and with it the kernel's threads, go on. Processes that run stay on
// the old one, and there helpers find no modules any more, or are killed, as
// some ways of leaving an initramfs do.
func (d *debugger) switchRoot(how string) error {
	if how != "keep" && how != "lose" && how != "kill" {
		return fmt.Errorf("switch-root %q: keep, lose or kill", clipText(how, 16))
	}
	d.roots.mu.Lock()
	defer d.roots.mu.Unlock()
	dir := filepath.Join(runDir, "root-"+strconv.Itoa(d.roots.switched+1))
	err := os.Mkdir(dir, 0o755)
	if err == nil || errors.Is(err, os.ErrExist) {
		err = unix.Mount("/", dir, "", unix.MS_BIND|unix.MS_REC, "")
	}
	if err == nil && how == "lose" {
		err = unix.Mount("tmpfs", modulesDir, "tmpfs", unix.MS_RDONLY, "")
	}
	if err == nil {
		err = unix.Chroot(dir)
	}
	if err == nil {
		err = unix.Chdir("/")
	}
	if err != nil {
		return fmt.Errorf("switching the root: %w", err)
	}
	d.roots.switched++
	if how == "kill" {
		return killHelpers()
	}
	return nil
}

// killHelpers kills all processes that the kernel has started.
func killHelpers() error {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == 1 || !kernelStarted(pid) {
			continue
		}
		if _, err := os.Readlink("/proc/" + e.Name() + "/exe"); err == nil { // a thread of the kernel has none
			unix.Kill(pid, unix.SIGKILL) // it may have ended
		}
	}
	return nil
}
