package export_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/recording/export"
)

// TestPageRepeats: the command that the page hands out is the whole command, with
// what has to be given besides, for a schedule and for a session on a machine.
func TestPageRepeats(t *testing.T) {
	for _, tc := range []struct {
		in   export.Input
		want string
	}{
		{export.Input{Token: "kmr1-x"}, `"command":"kmodsh replay kmr1-x"`},
		{export.Input{Token: "kmr1-x", Recording: &recording.Recording{Header: recording.Header{Given: recording.NewGiven([]string{"options minix debug=1"}, "", "")}}},
			`"command":"kmodsh -C CONF replay kmr1-x"`},
		{export.Input{Again: 7, File: "/tmp/race.trace"}, `"command":"kmodsh replay race.trace"`},
		{export.Input{Again: 7, File: "race.trace", Recording: &recording.Recording{Header: recording.Header{Given: recording.NewGiven(nil, "", "6.12.1")}}},
			`"command":"kmodsh --kernel PATH --modules DIR replay --on vm race.trace"`},
	} {
		if tc.in.Recording == nil {
			tc.in.Recording = &recording.Recording{}
		}
		var b bytes.Buffer
		if err := export.Write(&b, "html", tc.in); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), tc.want) {
			t.Errorf("the page has no %s", tc.want)
		}
	}
}

// TestPictureOfFlood: a picture for a slide has what fits on one, and says what it
// leaves out; no label of the clock is written over another.
func TestPictureOfFlood(t *testing.T) {
	file := filepath.Join(t.TempDir(), "flood.trace")
	session(t, "record "+file, "flood 60 ext4", "continue", "record stop")
	svg := exported(t, file, "svg")
	size := regexp.MustCompile(`viewBox="0 0 ([0-9]{4}) ([0-9]{4})"`).FindString(svg)
	if size == "" || !regexp.MustCompile(`the first [0-9]+ of [0-9]+ events, 40 of 120 threads`).MatchString(svg) {
		t.Errorf("the picture begins with\n%.900s", svg)
	}
	if strings.Contains(svg, ">f21<") || !strings.Contains(svg, ">f20<") {
		t.Error("not the first forty threads")
	}
	at, last := regexp.MustCompile(`<text x="([0-9.]+)" y="77.0"[^>]*>\+`), -100.0
	for _, m := range at.FindAllStringSubmatch(exported(t, "testdata/vm.trace", "svg"), -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		if err != nil || x-last < 30 {
			t.Errorf("a label at %s, one before it at %.1f: %v", m[1], last, err)
		}
		last = x
	}
	if last < 0 {
		t.Error("the clock went on nowhere")
	}
}

// TestPageInBrowser opens the page in a real browser, light and dark, at an
// event and by time.
func TestPageInBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		if os.Getenv("KMODSH_BROWSER") == "required" {
			t.Fatal("no browser: apt-get install chromium")
		}
		t.Skip("no browser to look at the page with: apt-get install chromium")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "race.html"), []byte(exported(t, found(t), "html")), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := export.Write(&b, "html", export.Input{Recording: hostile(t)}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hostile.html"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		page string
		wide string
		want []string
	}{
		{"race.html#event=31&theme=dark", "1200", []string{`data-theme="dark"`, `data-ready="46"`, "counts as built in", `data-i="30"`, `aria-selected="true"`, "broken: zero-means-ready"}},
		{"race.html#theme=light&axis=time", "1200", []string{`data-theme="light"`, `data-ready="46"`, "46 events, 3 threads, 1 module<", ">across: time</button>"}},
		{"race.html", "500", []string{`data-ready="46"`, ">request fs-mi…</text>", ">permits<title>"}}, // narrow: names give way to the chart
		{"race.html", "1200", []string{">request fs-minix</text>", ">permits, at most 1 of 50<title>"}},
		{"hostile.html#event=2", "1200", []string{`data-ready="3"`, "not whole:"}},
	} {
		cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir="+filepath.Join(dir, "profile"),
			"--window-size="+tc.wide+",800", "--dump-dom", "file://"+filepath.Join(dir, tc.page))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		dom, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", tc.page, err, stderr.String())
		}
		for _, want := range tc.want {
			if !bytes.Contains(dom, []byte(want)) {
				t.Errorf("%s: the page shows no %s", tc.page, want)
			}
		}
		if bad := regexp.MustCompile(`(?m)^.*(Uncaught|Refused to).*$`).FindString(stderr.String()); bad != "" {
			t.Errorf("%s: %s", tc.page, bad)
		}
	}
}

// TestPageNeedsNothing: nothing in the page is fetched from elsewhere.
func TestPageNeedsNothing(t *testing.T) {
	text := exported(t, found(t), "html")
	if bad := regexp.MustCompile(`(?i)(src|href)\s*=|url\(["']?(http|//)|@import|fetch\(|XMLHttpRequest`).FindString(text); bad != "" {
		t.Errorf("the page has %q", bad)
	}
}
