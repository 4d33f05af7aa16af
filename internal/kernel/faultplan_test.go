package kernel

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const somePlan = `# kmodsh fault plan 1
# name: the window, and more

hold W4 module=minix
# a remark
delay r8 20ms thread=B
fail L13 -einval hit=2
	lie exit:3
`

func TestFaultPlan(t *testing.T) {
	p, err := ParseFaultPlan(strings.NewReader(somePlan))
	want := FaultPlan{Name: "the window, and more", Helper: "exit:3", Faults: []Fault{
		{Point: "W4", Hold: true, Module: "minix"}, {Point: "R8", Delay: 20 * time.Millisecond, Thread: "B"}, {Point: "L13", Fail: 22, Hit: 2},
	}}
	if d := cmp.Diff(want, p); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	for _, tt := range []struct{ text, says string }{
		{"", "line 1: the file is empty"},
		{"hold W4\n", "line 1: no fault plan of this version"},
		{"# kmodsh fault plan 2\nhold W4\n", "line 1: no fault plan of this version"},
		{planMark + "\nhold W99\n", `line 2: "W99" is no point`},
		{planMark + "\n\nhold L6\n", "line 3: no thread may be held at L6"},
		{planMark + "\ndelay W4\n", "line 2: delay W4: how long is missing"},
		{planMark + "\ndelay W4 -3s\n", "line 2: \"-3s\" is no time"},
		{planMark + "\nfail W4 EPERM\n", "line 2: the step at W4 can fail with ENOMEM, EEXIST"},
		{planMark + "\nfail H3 ENOENT\n", "line 2: the step at H3 insert cannot be made to fail"},
		{planMark + "\nhold W4 who=me\n", "line 2: \"who=me\" is none of"},
		{planMark + "\nhold W4 hit=0\n", "line 2: hit=0: want a number from 1"},
		{planMark + "\nload ext4\n", `line 2: "load" is no fault`},
		{planMark + "\nlie exit:0\nlie real\n", "line 3: lie FORM, once"},
		{planMark + "\nhold W4\x07\n", "line 2: a control character"},
		{planMark + "\n" + strings.Repeat("#\n", planLines), "line 1001: more than"},
		{planMark + "\n#" + strings.Repeat("x", planLine), "line 2: more than"},
	} {
		if _, err := ParseFaultPlan(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.40q: %v, want %s", tt.text, err, tt.says)
		}
	}
}

// FuzzFaultPlan: what was read is written and read again the same.
func FuzzFaultPlan(f *testing.F) {
	f.Add(somePlan)
	f.Add(planMark + "\ndelay W4 1h2m3.5s module=a-b thread=x=y hit=7\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseFaultPlan(strings.NewReader(text))
		if err != nil {
			return
		}
		var b strings.Builder
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := ParseFaultPlan(strings.NewReader(b.String()))
		if d := cmp.Diff(p, again); err != nil && !strings.Contains(err.Error(), "more than") || err == nil && d != "" {
			t.Fatalf("%q: %v\n%s", b.String(), err, d)
		}
	})
}
