package ops

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite generated pages")

// TestVerbsPage keeps docs/verbs.md what the table says.
func TestVerbsPage(t *testing.T) {
	const path = "../../docs/verbs.md"
	want := verbsPage()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/verbs.md is not what the table of verbs says; run: go test ./internal/ops -update")
	}
}

// verbsPage returns the reference of all verbs and topics in Markdown.
func verbsPage() []byte {
	var b bytes.Buffer
	b.WriteString("# Verbs\n\nMade from the table of verbs in `internal/ops`; do not edit.\n\n")
	b.WriteString("| verb | what it does |\n| --- | --- |\n")
	for _, v := range Verbs() {
		b.WriteString("| [" + v.Name + "](#" + v.Name + ") | " + v.Short + " |\n")
	}
	for _, v := range Verbs() {
		b.WriteString("\n" + below(v.help().Text))
	}
	for _, t := range topics() {
		b.WriteString("\n" + below(helpText(t.Text)))
	}
	return b.Bytes()
}

// below makes the headings of a page those of a part of one.
func below(page string) string { return "#" + strings.ReplaceAll(page, "\n#", "\n##") }
