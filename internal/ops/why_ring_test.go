package ops_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestWhyRing: modules that need each other by modules.dep are named in a ring, for
// each of them and for who needs one of them.
func TestWhyRing(t *testing.T) {
	dir := t.TempDir()
	dep := "a.ko: b.ko c.ko\nb.ko: c.ko\nc.ko: a.ko\nself.ko: self.ko\nuser.ko: sound.ko b.ko\nsound.ko:\n"
	for i := range 20 {
		dep += fmt.Sprintf("l%d.ko: l%d.ko\n", i, (i+1)%20)
	}
	if err := os.WriteFile(dir+"/modules.dep", []byte(dep), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a":     "modules.dep goes round: a needs b needs c needs a: whichever",
		"c":     "modules.dep goes round: c needs a needs b needs c: whichever",
		"self":  "modules.dep goes round: self needs self: whichever",
		"user":  "modules.dep goes round: b needs c needs a needs b: whichever",
		"sound": "",
		"l3":    "modules.dep goes round: l3 needs l4 needs l5 needs l6 needs ... (13 more) needs l0 needs l1 needs l2 needs l3: whichever",
	} {
		got := strings.Join(strings.Fields(answers(t, ops.New(), []string{"why", "--tree", dir, "--conf", dir, name})), " ")
		if !strings.Contains(got, want) || want == "" && strings.Contains(got, "goes round") {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
