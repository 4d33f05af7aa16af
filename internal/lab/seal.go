package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// A seal is the last page of a file that is kept for long and read by others
// than us: a disk image and an initramfs by the guest, a saved machine by QEMU.
// These end where their own format says, and don't look at what follows; in an
// initramfs it is the data of a file. It holds the length of
// the rest and its sum, so that what a broken disk, a copy that was cut off or a
// person's hand made of the file is found out, not booted.
const (
	sealSize  = 4096 // a disk is made of whole sectors
	sealMagic = "kmodsh sealed 1\n"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli) // processors can do it themselves

// errNotSealed: a file does not end with a seal.
var errNotSealed = errors.New("its end is not what was written")

// seal appends the seal to a finished file.
func seal(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, f)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, sealSize), sealMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(n))
	b = binary.LittleEndian.AppendUint32(b, sum.Sum32())
	if _, err := f.WriteAt(b[:sealSize], n); err != nil {
		return err
	}
	return f.Close()
}

// checkSeal returns how long a sealed file is without its seal. With whole it
// reads all of it, 4 GB a second; without, it sees only whether it has its end.
// What is wrong is a *damagedError.
func checkSeal(path string, whole bool) (length int64, err error) {
	damaged := func(why string) (int64, error) { return 0, &damagedError{path, errors.New(why)} }
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	length = st.Size() - sealSize
	if length < 0 {
		return damaged(fmt.Sprintf("it has only %d bytes", st.Size()))
	}
	b := make([]byte, len(sealMagic)+12)
	if _, err := f.ReadAt(b, length); err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(b, []byte(sealMagic)) {
		return 0, &damagedError{path, errNotSealed}
	}
	b = b[len(sealMagic):]
	if want := binary.LittleEndian.Uint64(b); want != uint64(length) {
		return damaged(fmt.Sprintf("it should have %d bytes and has %d", want, length))
	}
	if !whole {
		return length, nil
	}
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.LimitReader(f, length)); err != nil {
		return 0, err
	}
	if sum.Sum32() != binary.LittleEndian.Uint32(b[8:]) {
		return damaged("it is not what was written")
	}
	return length, nil
}

// dropDamaged removes a sealed file of the cache that has not its end, so that
// it is made again; step is the progress it is told under.
func (c *Cache) dropDamaged(dir, name, step string, p Progress) error {
	path := c.path(dir, name)
	if _, err := checkSeal(path, false); isDamaged(err) {
		p.step(step, 0, 0, err.Error()+"; it is made again")
		return c.remove(path)
	}
	return nil
}

// damagedError says that a file of the lab's does not hold what was put there.
type damagedError struct {
	path string
	err  error
}

func (e *damagedError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.path, e.err) }
func (e *damagedError) Unwrap() error { return e.err }

// isDamaged says whether an error is of a file that is not what was written.
func isDamaged(err error) bool {
	var damaged *damagedError
	return errors.As(err, &damaged)
}
