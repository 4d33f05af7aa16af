package sim

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateModel = flag.Bool("update-model", false, "rewrite the table of switches in docs/model.md")

// TestModelPage keeps the table of switches in docs/model.md what the code
// says.
func TestModelPage(t *testing.T) {
	const path = "../../docs/model.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := bytes.Cut(page, []byte("-update-model -->\n"))
	_, tail, ok2 := bytes.Cut(rest, []byte("<!-- end of switches -->"))
	if !ok || !ok2 {
		t.Fatal("the marks around the table are gone")
	}
	want := string(head) + "-update-model -->\n" + switchTable() + "<!-- end of switches -->" + string(tail)
	if *updateModel {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("the switches in docs/model.md are not those of the code; run: go test ./internal/sim -update-model")
	}
}

func switchTable() string {
	var b strings.Builder
	b.WriteString("| switch | values |")
	profiles := Profiles()
	for _, p := range profiles {
		b.WriteString(" " + p.Name + " |")
	}
	b.WriteString(" what it does | from |\n| --- | --- |" + strings.Repeat(" --- |", len(profiles)) + " --- | --- |\n")
	for _, s := range Switches() {
		fmt.Fprintf(&b, "| `%s` | %s |", s.Name, strings.ReplaceAll(s.Values, "|", ", "))
		for _, p := range profiles {
			b.WriteString(" " + p.Get(s.Name) + " |")
		}
		fmt.Fprintf(&b, " %s | %s |\n", s.Says, s.Source)
	}
	return b.String()
}

// TestSwitches throws every switch to each of its values and back.
func TestSwitches(t *testing.T) {
	for _, p := range Profiles() {
		for _, s := range Switches() {
			values := strings.Split(s.Values, "|")
			if s.Values == "N" {
				values = []string{"1", "7"}
			}
			for _, v := range values {
				q := p
				if err := q.Set(s.Name + "=" + v); err != nil || q.Get(s.Name) != v {
					t.Errorf("%s: %s=%s: %v, it is %s", p.Name, s.Name, v, err, q.Get(s.Name))
				}
				if err := q.Set(s.Name + "=" + p.Get(s.Name)); err != nil || q != p {
					t.Errorf("%s: %s thrown and back changes the profile: %v", p.Name, s.Name, err)
				}
			}
			if q := p; q.Set(s.Name+"=none of these") == nil {
				t.Errorf("%s takes any value", s.Name)
			}
		}
	}
	for _, bad := range []string{"v3", "v6.12,nosuch=on", "v6.12,dup-rule", "v6.12,kmod-max=0"} {
		if _, err := ParseProfile(bad); err == nil {
			t.Errorf("ParseProfile(%q) took it", bad)
		}
	}
}
