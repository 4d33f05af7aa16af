package lab

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os/exec"
	"testing"
)

// unsigned cuts a signature off (include/linux/module_signature.h).
func unsigned(module []byte) []byte {
	const magic = "~Module signature appended~\n"
	rest, ok := bytes.CutSuffix(module, []byte(magic))
	if !ok {
		return module
	}
	n := len(rest) - 12 - int(binary.BigEndian.Uint32(rest[len(rest)-4:]))
	return bytes.Clone(rest[:n])
}

// replaced replaces n pieces of a module, all for -1, by others of the same length.
func replaced(from, to string, n int) func(*testing.T, []byte) []byte {
	return func(t *testing.T, module []byte) []byte {
		t.Helper()
		if !bytes.Contains(module, []byte(from)) || len(from) != len(to) {
			t.Fatalf("no %q in the module", from)
		}
		return bytes.Replace(module, []byte(from), []byte(to), n)
	}
}

// changed changes a byte of a module.
func changed(at int, to byte) func(*testing.T, []byte) []byte {
	return func(_ *testing.T, module []byte) []byte {
		module[at] = to
		return module
	}
}

// spoiltVersion changes the checksum of a symbol that a module was built with.
func spoiltVersion(symbol string) func(*testing.T, []byte) []byte {
	return func(t *testing.T, module []byte) []byte {
		t.Helper()
		f, err := elf.NewFile(bytes.NewReader(module))
		if err != nil {
			t.Fatal(err)
		}
		s := f.Section("__versions")
		table := module[s.Offset : s.Offset+s.Size]
		at := bytes.Index(table, append([]byte(symbol), 0))
		if at < 8 {
			t.Fatalf("no version of %s", symbol)
		}
		table[at-8] ^= 0xff
		return module
	}
}

// spoiltSize makes struct module another size.
func spoiltSize(t *testing.T, module []byte) []byte {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range f.Sections {
		if s.Name == ".gnu.linkonce.this_module" {
			head := module[int(binary.LittleEndian.Uint64(module[40:]))+64*i:]
			binary.LittleEndian.PutUint64(head[32:], s.Size-64)
			return module
		}
	}
	t.Fatal("no struct module")
	return nil
}

// piped is what a program makes of its input.
func piped(t *testing.T, in []byte, program string, flags ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, flags...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v", program, flags, err)
	}
	return out
}
