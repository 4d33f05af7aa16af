package explore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// tokenVersion is raised when the meaning of a schedule changes.
const tokenVersion = 1

// tokenMark begins every token; the digit is tokenVersion.
const tokenMark = "ks1-"

// maxToken bounds what ParseToken reads, in bytes, and maxTokenSteps the
// schedule it makes of it.
const (
	maxToken      = 64 << 10
	maxTokenSteps = 1 << 16
)

// ErrStale is wrapped when a token belongs to another system, profile or
// scenario than the one it is to be replayed on.
var ErrStale = errors.New("the token is of another run")

// Token writes a schedule of the problem as one printable word: the version,
// the problem's fingerprint, the turns of the threads, and a checksum.
func Token(p *Problem, s Schedule) string {
	b := binary.BigEndian.AppendUint32(nil, p.Fingerprint())
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] == s[i] {
			j++
		}
		b = binary.AppendUvarint(b, uint64(s[i]))
		b = binary.AppendUvarint(b, uint64(j-i))
		i = j
	}
	b = binary.BigEndian.AppendUint16(b, uint16(crc32.ChecksumIEEE(b)))
	return tokenMark + base64.RawURLEncoding.EncodeToString(b)
}

// ParseToken reads what Token wrote, and says whether it is a token of this
// problem: the error wraps ErrStale when it is not.
func ParseToken(p *Problem, text string) (Schedule, error) {
	fingerprint, s, err := readToken(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	if now := p.Fingerprint(); now != fingerprint {
		return nil, fmt.Errorf("%w: it was made with fingerprint %08x, and %s on %s has %08x now; the schedule cannot be trusted to mean the same, explore again",
			ErrStale, fingerprint, p.Name, p.Profile.Name, now)
	}
	return s, nil
}

func readToken(text string) (fingerprint uint32, s Schedule, err error) {
	if len(text) > maxToken {
		return 0, nil, fmt.Errorf("a token of %d bytes: at most %d are read", len(text), maxToken)
	}
	body, ok := strings.CutPrefix(text, tokenMark)
	if !ok {
		if strings.HasPrefix(text, "ks") {
			return 0, nil, fmt.Errorf("the token is of another version than %s: explore again with this kmodsh", strings.TrimSuffix(tokenMark, "-"))
		}
		return 0, nil, fmt.Errorf("no token: it would begin with %s", tokenMark)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return 0, nil, fmt.Errorf("the token is damaged: %w", err)
	}
	if len(b) < 6 || binary.BigEndian.Uint16(b[len(b)-2:]) != uint16(crc32.ChecksumIEEE(b[:len(b)-2])) {
		return 0, nil, errors.New("the token is damaged: its checksum does not fit; was all of it copied?")
	}
	fingerprint = binary.BigEndian.Uint32(b)
	for b = b[4 : len(b)-2]; len(b) > 0; {
		thread, n := binary.Uvarint(b)
		if n <= 0 || thread >= 1<<16 {
			return 0, nil, errors.New("the token is damaged: a thread is missing")
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 || count == 0 || count > maxTokenSteps || len(s)+int(count) > maxTokenSteps {
			return 0, nil, errors.New("the token is damaged: a number of steps is out of range")
		}
		b = b[n+m:]
		for range count {
			s = append(s, uint16(thread))
		}
	}
	return fingerprint, s, nil
}
