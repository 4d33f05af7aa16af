package applet

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLikeKmodRandom makes small trees, configurations and command lines by
// chance, and holds our answers to those of the installed kmod: the files that
// depmod writes byte for byte, then some command lines on them. KMODSH_RANDOM is
// how many trees; the first one's seed follows behind a colon.
func TestLikeKmodRandom(t *testing.T) {
	var trees, first uint64
	if n, _ := fmt.Sscanf(os.Getenv("KMODSH_RANDOM"), "%d:%d", &trees, &first); n == 0 {
		t.Skip("compares with kmod's tools for as long as one likes: KMODSH_RANDOM=TREES[:SEED] runs it")
	}
	others, library := peers(t), fakeLibrary(t)
	if len(others) == 0 || library == "" || !namespaces() {
		t.Fatal("no tools of kmod that can be kept off this machine's kernel (apt-get install kmod gcc libc6-dev)")
	}
	for seed := first; seed < first+trees; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := chance{rand.New(rand.NewPCG(seed, 0))}
			more := chance{rand.New(rand.NewPCG(seed, 1))}
			text := more.moreTree() + r.tree()
			tree := filepath.Join(t.TempDir(), "tree")
			if err := os.WriteFile(tree, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			lines := append([]string{r.compression() + randomIndexes}, r.lines(40, strings.Contains(text, "-- fake/system --"))...)
			lines = append(lines, more.moreLines(20)...)
			ours := newBox(t, tree, peer{}, "")
			var theirs []*box
			for _, p := range others {
				theirs = append(theirs, newBox(t, tree, p, library))
			}
			for i, l := range lines {
				got := comparable(ours.run(l))
				if !strings.Contains(l, "modprobe") {
					got = inVain.ReplaceAllString(got, "")
				}
				if strings.Contains(got, "Cycle detected") {
					break // so there is no index: what ours does then, tables of its own hold
				}
				compareRandom(t, i, l, got, theirs)
			}
		})
	}
}

// compareRandom holds an answer of ours to those of kmod. What a newer kmod
// answers as ours does is no difference. A box whose kernel went another way,
// or whose tool broke off half way, gets no more questions; nor do those of
// older tools then.
func compareRandom(t *testing.T, i int, line, got string, theirs []*box) {
	newest, broken := "", false
	for j, b := range theirs {
		if b == nil {
			continue
		}
		want := comparable(b.run(line))
		if !strings.Contains(line, "modprobe") {
			want = inVain.ReplaceAllString(want, "")
		}
		if i == 0 && b.peer.version < "34" { // nodes of another order
			got, want = sums.ReplaceAllString(got, ""), sums.ReplaceAllString(want, "")
		}
		round := roundAndRound.FindString(want)
		if round != "" {
			t.Logf("%d: %s: kmod %s comes to no end, or breaks off: %s", i, line, b.peer.version, round)
		}
		broken = broken || round != "" || unlike(line, got, want)
		same := got == want || broken
		if newest == "" {
			newest = want
		}
		if !same && (newest != got || newest == want) {
			t.Errorf("%d: %s\n-kmod %s +ours:\n%s", i, line, b.peer.version, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
		if (!same || broken) && strings.HasSuffix(line, "log; cat /proc/modules") {
			theirs[j] = nil
		}
	}
}

// unlike says whether kmod's answer is one that ours differs from on purpose:
// --remove-holders of modules whose holders are held themselves, holders of what is
// not loaded, and a wait that was in vain.
func unlike(line, got, want string) bool {
	return strings.Contains(line, "--remove-holders") && strings.Contains(want, " is in use.") ||
		strings.Contains(want, "/holders': No such file or directory") || // of one that is not loaded and has a remove command
		strings.Contains(line, "timeout 3 ") && waitedInVain.MatchString(want)
}

// comparable is an answer without what differs on purpose: what ours says beyond
// kmod, what kmod says with -v twice, a kernel that is asked once more, and the
// configuration, which insmod and rmmod of kmod read in vain.
func comparable(answer string) string {
	answer = ownWords.ReplaceAllString(answer, "")
	answer = chatter.ReplaceAllString(answer, "")
	var lines []string
	for l := range strings.Lines(answer) {
		if n := len(lines); n == 0 || lines[n-1] != l || !strings.HasPrefix(l, "load ") {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "")
}

var (
	waitedInVain  = regexp.MustCompile(`(?m)^(remove \S+ flags=.*\n){2}`)
	sums          = regexp.MustCompile(`(?m)^[0-9a-f]{32}  .*\n`)
	roundAndRound = regexp.MustCompile(`(?m)^(status 1(24|37|39)|Segmentation fault)$`)
	chatter       = regexp.MustCompile(`(?m)^\w+: (INFO|DEBUG):? .*\n`)
	inVain        = regexp.MustCompile(`(?m)^libkmod: ERROR: .*/modules.(soft|weak)dep line .*\n`)
	ownWords      = regexp.MustCompile(`(?m)^modprobe: (?:why: .*|\S+(: (in use by|held by no module|it has no exit|it is) .*| needs \S+, which was refused))\n`)
)

// randomIndexes runs depmod and shows what it wrote, but for modules.weakdep,
// which kmod has since 33.
const randomIndexes = `timeout 5 depmod -b $ROOT -C etc/depmod.d 1.0; cd lib/modules/1.0; cat modules.dep modules.alias modules.symbols modules.softdep modules.devname; md5sum modules.*.bin`
