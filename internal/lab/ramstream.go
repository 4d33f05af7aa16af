package lab

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// What QEMU writes of a machine (migration/ram.c, since 2.x): for each page of
// memory a big-endian number, its address with flags in the low bits, and then
// the page, or one byte for a page of zeros; a page that begins another block
// of memory has the block's name in between. Before, between and behind are the
// states of the devices, which are small.
const (
	pageSize = 4096

	ramZero     = 0x02
	ramPage     = 0x08
	ramContinue = 0x20
	ramFlags    = pageSize - 1
	// ramMax bounds what is taken for an address.
	ramMax = 1 << 40
)

// A recipe is how to make the stream again from pages that are kept elsewhere:
// a sequence of steps, each a byte and numbers of variable length
// (encoding/binary). Addresses and numbers of pages are told as the difference
// to what they would be if all followed on each other, so that recipes of
// one machine look alike. Any stream has a recipe; one of another form than the
// above merely has one that shares less.
const (
	stepLiteral = iota // length, bytes
	stepZeros          // address/4096, how many: pages of zeros with their headers
	stepPages          // address/4096, how many, page number: pages with their headers
	stepPage           // page number: the page alone
)

// splitter turns a stream into pages and a recipe.
type splitter struct {
	keep   func(page []byte, at int64) (uint32, error)
	offset int64 // of what comes next

	recipe  []byte
	literal []byte
	// The run of pages that is being told.
	step      byte
	addr, ref int64 // where it begins
	n         int64
	// What would follow on what was told.
	nextAddr, nextRef int64
}

// splitStream reads a stream to its end and returns its recipe and length. keep
// is called for each page, with the place where it is in the stream, and returns
// the page's number; what it is given is valid only during the call.
func splitStream(r io.Reader, keep func(page []byte, at int64) (uint32, error)) (recipe []byte, length int64, err error) {
	s := splitter{keep: keep}
	in := bufio.NewReaderSize(r, 1<<18)
	for {
		head, err := in.Peek(8)
		if len(head) < 8 {
			if err != io.EOF {
				return nil, 0, err
			}
			s.literal = append(s.literal, head...)
			s.flush()
			return s.recipe, s.offset + int64(len(head)), nil
		}
		n, err := s.next(in, binary.BigEndian.Uint64(head))
		if err != nil {
			return nil, 0, err
		}
		in.Discard(n)
		s.offset += int64(n)
	}
}

// next tells what comes next, and returns how many bytes that is.
func (s *splitter) next(in *bufio.Reader, head uint64) (int, error) {
	flags, addr := head&ramFlags, head&^ramFlags
	switch {
	case addr >= ramMax:
	case flags == ramZero|ramContinue:
		if b, _ := in.Peek(9); len(b) == 9 && b[8] == 0 {
			s.run(stepZeros, int64(addr/pageSize), 0)
			return 9, nil
		}
	case flags == ramPage|ramContinue:
		if b, _ := in.Peek(8 + pageSize); len(b) == 8+pageSize {
			ref, err := s.keep(b[8:], s.offset+8)
			if err != nil {
				return 0, err
			}
			s.run(stepPages, int64(addr/pageSize), int64(ref))
			return 8 + pageSize, nil
		}
	case flags == ramPage:
		b, _ := in.Peek(9)
		if len(b) < 9 || b[8] == 0 {
			break
		}
		n := 9 + int(b[8])
		if b, _ = in.Peek(n + pageSize); len(b) < n+pageSize || !printable(b[9:n]) {
			break
		}
		s.literal = append(s.literal, b[:n]...)
		s.flush()
		if err := s.page(b[n:n+pageSize], s.offset+int64(n)); err != nil {
			return 0, err
		}
		return n + pageSize, nil
	}
	return 1, s.add(byte(head >> 56))
}

// printable says whether b is a name.
func printable(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// add adds a byte to what is told as it is; as much as a page is kept as one.
func (s *splitter) add(c byte) error {
	if s.literal = append(s.literal, c); len(s.literal) < pageSize {
		return nil
	}
	s.endRun()
	err := s.page(s.literal, s.offset+1-pageSize)
	s.literal = s.literal[:0]
	return err
}

// page keeps and tells a page without a header.
func (s *splitter) page(b []byte, at int64) error {
	ref, err := s.keep(b, at)
	if err != nil {
		return err
	}
	s.recipe = append(s.recipe, stepPage)
	s.recipe = binary.AppendVarint(s.recipe, int64(ref)-s.nextRef)
	s.nextRef = int64(ref) + 1
	return nil
}

// run adds one page to the run, or begins another.
func (s *splitter) run(step byte, addr, ref int64) {
	if len(s.literal) == 0 && s.n > 0 && step == s.step && addr == s.addr+s.n && (step == stepZeros || ref == s.ref+s.n) {
		s.n++
		return
	}
	s.flush()
	s.step, s.addr, s.ref, s.n = step, addr, ref, 1
}

// endRun tells the run.
func (s *splitter) endRun() {
	if s.n == 0 {
		return
	}
	s.recipe = append(s.recipe, s.step)
	s.recipe = binary.AppendVarint(s.recipe, s.addr-s.nextAddr)
	s.recipe = binary.AppendUvarint(s.recipe, uint64(s.n))
	s.nextAddr = s.addr + s.n
	if s.step == stepPages {
		s.recipe = binary.AppendVarint(s.recipe, s.ref-s.nextRef)
		s.nextRef = s.ref + s.n
	}
	s.n = 0
}

// flush tells the run, and the literal that came after it.
func (s *splitter) flush() {
	s.endRun()
	if len(s.literal) > 0 {
		s.recipe = append(s.recipe, stepLiteral)
		s.recipe = binary.AppendUvarint(s.recipe, uint64(len(s.literal)))
		s.recipe = append(s.recipe, s.literal...)
		s.literal = s.literal[:0]
	}
}

var errRecipe = errors.New("the recipe makes no sense")

// joinStream follows a recipe: it writes the stream to w. page returns the page
// with a number; what it returns need only be valid until the next call. length
// is how long the stream has to be.
func joinStream(w io.Writer, recipe []byte, length int64, page func(uint32) ([]byte, error)) error {
	out := bufio.NewWriterSize(w, 1<<18)
	left := length
	put := func(b []byte) error {
		if left -= int64(len(b)); left < 0 {
			return errRecipe
		}
		_, err := out.Write(b)
		return err
	}
	err := eachStep(recipe, func(step byte, literal []byte, addr, ref, n int64) error {
		if step == stepLiteral {
			return put(literal)
		}
		head := [9]byte{}
		for i := range n {
			switch step {
			case stepZeros:
				binary.BigEndian.PutUint64(head[:], uint64(addr+i)*pageSize|ramZero|ramContinue)
				if err := put(head[:]); err != nil {
					return err
				}
				continue
			case stepPages:
				binary.BigEndian.PutUint64(head[:], uint64(addr+i)*pageSize|ramPage|ramContinue)
				if err := put(head[:8]); err != nil {
					return err
				}
			}
			b, err := page(uint32(ref + i))
			if err != nil {
				return err
			}
			if err := put(b); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && left != 0 {
		err = errRecipe
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// eachStep calls f for each step of a recipe: with the bytes of a literal, else
// the address and the page number at which the step begins and the number of
// pages.
func eachStep(recipe []byte, f func(step byte, literal []byte, addr, ref, n int64) error) error {
	var nextAddr, nextRef int64
	bad := false
	signed := func() int64 {
		v, k := binary.Varint(recipe)
		if k <= 0 {
			bad = true
			return 0
		}
		recipe = recipe[k:]
		return v
	}
	count := func() int64 {
		v, k := binary.Uvarint(recipe)
		if k <= 0 || v > ramMax/pageSize {
			bad = true
			return 0
		}
		recipe = recipe[k:]
		return int64(v)
	}
	for len(recipe) > 0 {
		step := recipe[0]
		recipe = recipe[1:]
		var addr, ref int64
		n := int64(1)
		var literal []byte
		switch step {
		case stepLiteral:
			n = count()
			if bad || n > int64(len(recipe)) {
				return errRecipe
			}
			literal, recipe = recipe[:n], recipe[n:]
		case stepZeros:
			addr = nextAddr + signed()
			n = count()
			nextAddr = addr + n
		case stepPages:
			addr = nextAddr + signed()
			n = count()
			ref = nextRef + signed()
			nextAddr, nextRef = addr+n, ref+n
		case stepPage:
			ref = nextRef + signed()
			nextRef = ref + 1
		default:
			return errRecipe
		}
		if bad || addr < 0 || ref < 0 || addr+n > ramMax/pageSize || ref+n > 1<<32 {
			return errRecipe
		}
		if err := f(step, literal, addr, ref, n); err != nil {
			return err
		}
	}
	return nil
}
