package kmod

// derReader reads the elements of a DER encoding (X.690) one after the other.
// What is not as expected empties it, so that all further reads give nothing.
type derReader struct{ b []byte }

// The tags of use here.
const (
	derInteger           = 0x02
	derOctets            = 0x04
	derOID               = 0x06
	derSequence          = 0x30
	derSet               = 0x31
	derContext0Primitive = 0x80
	derContext0          = 0xa0
	derContext1          = 0xa1
)

// peek returns the tag of the next element, 0 at the end.
func (d *derReader) peek() byte {
	if len(d.b) == 0 {
		return 0
	}
	return d.b[0]
}

// next takes the contents of the next element, which has to have that tag.
func (d *derReader) next(tag byte) []byte {
	b := d.b
	d.b = nil
	if len(b) < 2 || b[0] != tag || tag == 0 {
		return nil
	}
	n, head := int(b[1]), 2
	if n >= 0x80 {
		more := n - 0x80
		if more == 0 || more > 4 || len(b) < 2+more {
			return nil
		}
		n = 0
		for _, c := range b[2 : 2+more] {
			n = n<<8 | int(c)
		}
		head += more
	}
	if n < 0 || n > len(b)-head {
		return nil
	}
	d.b = b[head+n:]
	return b[head : head+n : head+n]
}

// into takes the next element and returns a reader of what is in it.
func (d *derReader) into(tag byte) derReader { return derReader{d.next(tag)} }
