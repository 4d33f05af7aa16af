package ops

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/recording/export"
)

var update = flag.Bool("update", false, "rewrite generated pages")

// TestVerbsPage keeps docs/verbs.md and docs/reference.md what the tables say.
func TestVerbsPage(t *testing.T) {
	upToDate(t, "../../docs/verbs.md", verbsPage())
	upToDate(t, "../../docs/reference.md", referencePage())
}

func upToDate(t *testing.T, path string, want []byte) {
	t.Helper()
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
		t.Errorf("%s is not what the tables say; run: go test ./internal/ops -update", path)
	}
}

// referencePage returns the reference of what is no verb and no point.
func referencePage() []byte {
	var b bytes.Buffer
	b.WriteString("# Reference\n\nMade from tables of the program by `go test ./internal/ops -update`; do not edit. Verbs are in\n[verbs.md](verbs.md), points in [points.md](points.md).\n")
	b.WriteString("\n## Exit status\n\n| status | what it says |\n| --- | --- |\n")
	for _, s := range ExitStatuses() {
		b.WriteString("| " + s[0] + " | " + s[1] + " |\n")
	}
	b.WriteString("\n## Promises\n\nWhat `promise NAME` and `explore --promise NAME` check. Any condition is one, too.\n\n| promise | what it says | condition |\n| --- | --- | --- |\n")
	for _, p := range condition.Promises() {
		b.WriteString("| `" + p.Name + "` | " + p.Says + " | `" + strings.ReplaceAll(p.Cond, "|", "\\|") + "` |\n")
	}
	b.WriteString("\n## Policies\n\nHow a helper decides \"built in\" and \"done\"; `help policies` explains them.\n\n")
	for _, p := range kmod.PolicyNames() {
		b.WriteString("- `" + p + "`\n")
	}
	b.WriteString("\n## Strategies of explore\n\n")
	for _, s := range explore.Strategies() {
		b.WriteString("- `" + string(s) + "`\n")
	}
	b.WriteString("\n## Formats of export\n\n| format | file | what it is |\n| --- | --- | --- |\n")
	names, suffixes, says := export.Formats()
	for i, n := range names {
		b.WriteString("| `" + n + "` | `" + suffixes[i] + "` | " + says[i] + " |\n")
	}
	b.WriteString("\n## Verdicts\n\n| verdict | what it says |\n| --- | --- |\n")
	for _, v := range kernel.Verdicts() {
		b.WriteString("| `" + string(v) + "` | " + v.Says() + " |\n")
	}
	return b.Bytes()
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
