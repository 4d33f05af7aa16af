package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

const (
	// seqDevice is the sequencer's, which is there once its module is.
	seqDevice = "/dev/snd/seq"
	// seqClients is how many global clients there are
	// (SNDRV_SEQ_GLOBAL_CLIENTS).
	seqClients = 16
	// seqInfoSize is that of struct snd_seq_client_info, which begins with the
	// client's number as an int (include/uapi/sound/asequencer.h).
	seqInfoSize = 188
	// seqGetClientInfo is SNDRV_SEQ_IOCTL_GET_CLIENT_INFO, _IOWR('S', 0x10).
	seqGetClientInfo = 3<<30 | seqInfoSize<<16 | 'S'<<8 | 0x10
)

// seqClient asks the sequencer about one of its global clients, which has
// snd_seq_client_use_ptr look it up (sound/core/seq/seq_clientmgr.c): one that is not
// there is requested, once.
func (r *taskRun) seqClient() (int64, error) {
	n, err := strconv.Atoi(r.task.Name)
	if err != nil || n < 0 || n >= seqClients {
		return -int64(syscall.EINVAL), nil
	}
	fd, err := unix.Open(seqDevice, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return kernel.ReturnOf(err), fmt.Errorf("there is no %s: the sequencer is a module, load snd_seq first", seqDevice)
	}
	if err != nil {
		return kernel.ReturnOf(err), fmt.Errorf("opening %s: %w", seqDevice, err)
	}
	defer unix.Close(fd)
	var info [seqInfoSize]byte
	binary.NativeEndian.PutUint32(info[:], uint32(n))
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), seqGetClientInfo, uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return -int64(errno), nil
	}
	r.out.Verdict = kernel.OK
	return 0, nil
}
