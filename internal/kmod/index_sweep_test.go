package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"example.org/kmodsh/internal/kernel"
)

// readIndexFiles are the files of a tree that lookups read.
var readIndexFiles = []string{"modules.dep", "modules.alias", "modules.symbols", "modules.builtin", "modules.builtin.modinfo", "modules.softdep", "modules.weakdep"}

// mutation is a file that was damaged. Told says that no reader may take it for
// sound: what a bad disk, an editor or a full disk leaves cannot be seen to be one
// only where a name has become another name.
type mutation struct {
	what string
	data []byte
	told bool
}

// mutations damages a file at one byte in every way.
func mutations(good []byte, at int, end byte, each func(mutation)) {
	with := func(what string, told bool, middle string, skip int) {
		b := append(append(bytes.Clone(good[:at]), middle...), good[min(at+skip, len(good)):]...)
		each(mutation{fmt.Sprintf("%s at %d", what, at), b, told})
	}
	with("cut", at > 0 && good[at-1] != end, "", len(good))
	for bit := range 8 {
		c := good[at] ^ 1<<bit
		with(fmt.Sprintf("bit %d", bit), false, string([]byte{c}), 1)
	}
	control := end != 0 // a NUL ends what has NULs at its ends
	inside := good[at] != end
	with("NUL", control && inside, "\x00", 0)
	with("ESC", control && inside, "\x1b[2J", 0)
	with("CRLF", control && !inside, "\r", 0)
	with("blanks", false, strings.Repeat(" ", 9), 0)
	with("up", false, "/../../../", 0)
	with("root", false, "/", 0)
	with("long", false, strings.Repeat("x", 3*maxIndexKey), 0)
	with("utf", false, "\u202e\xff", 0)
}

// TestDamageSweep damages every byte of every text that lookups read, in every
// way of mutations. Nothing crashes or leads out of the tree; what no reader may
// take for sound is told or is the answer; and where nothing is told and nothing
// damaged is the answer, the answers are those of the whole tree but for the names
// that were changed. With KMODSH_LONG=1 also with a second file damaged beside it.
func TestDamageSweep(t *testing.T) {
	whole := smallTree(t, false)
	whole["modules.weakdep"] = &fstest.MapFile{Data: []byte("weakdep ext4 crypto-crc32c old\n")}
	good := answersOf(t, NewResolver(NewTree(whole, "T"), nil))
	long := os.Getenv("KMODSH_LONG") != ""
	count, silent := 0, 0
	for n, file := range readIndexFiles {
		data, end := whole[file].Data, byte('\n')
		if file == "modules.builtin.modinfo" {
			end = 0
		}
		for at := range data {
			if line := bytes.LastIndexByte(data[:at], '\n') + 1; data[line] == '#' {
				continue
			}
			mutations(data, at, end, func(m mutation) {
				count++
				if !long && count%3 != 0 {
					return
				}
				files := fstest.MapFS{}
				for name, f := range whole {
					files[name] = f
				}
				files[file] = &fstest.MapFile{Data: m.data}
				told := sweepOne(t, files, file+", "+m.what, good)
				if m.told && !told {
					t.Errorf("%s, %s: nothing was told", file, m.what)
				}
				if !told {
					silent++
				}
				if long {
					other := readIndexFiles[(n+1)%len(readIndexFiles)]
					files[other] = &fstest.MapFile{Data: append(bytes.Clone(whole[other].Data[:at%len(whole[other].Data)]), 0xff)}
					sweepOne(t, files, file+", "+m.what+", and "+other+" cut", good)
				}
			})
		}
	}
	t.Logf("%d kinds of damage, of %d nothing was told", count, silent)
}

// sweepOne asks a damaged tree everything and says whether its damage was told.
func sweepOne(t *testing.T, files fstest.MapFS, what string, good []string) (told bool) {
	tree := NewTree(files, "T")
	tree.OnDamage(func(err error) {
		told = true
		if !errors.Is(err, kernel.ErrDamaged) || !strings.HasPrefix(err.Error(), "T/modules.") {
			t.Errorf("%s: told %v", what, err)
		}
	})
	answers := answersOf(t, NewResolver(tree, nil))
	if t.Failed() {
		t.Fatalf("%s", what)
	}
	text := strings.Join(answers, "\n")
	if strings.Contains(text, "damaged") || strings.Contains(text, "no list") || strings.Count(text, "no plan") > strings.Count(strings.Join(good, "\n"), "no plan") {
		return true
	}
	// What is new in the answers is at most a few names: one line was changed.
	if !told {
		fresh := slices.DeleteFunc(answers, func(s string) bool { return slices.Contains(good, s) })
		if len(fresh) > 16 {
			t.Errorf("%s: nothing told, and %d answers are others: %q", what, len(fresh), fresh)
		}
	}
	return told
}
