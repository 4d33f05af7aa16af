package tui

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/vt"
)

// pictureDir is where the README's pictures are, from here.
const pictureDir = "../../docs/pictures"

// pictures are the screens in the README: keys typed into the built-in race on
// the simulated kernel, in a terminal of a size.
var pictures = []struct {
	name, title, keys string
	w, h              int
}{
	{"race", "The built-in race: B was told success, and the module is still coming", "c<down>c", 112, 32},
	{"faults", "The menu of faults: each is told in words before it is chosen", "<space><space>F<enter><end>" + strings.Repeat("<up>", 7), 112, 26},
	{"futures", "Two futures side by side: kmod 20 waits, kmod 19 lies", "co<down>c:fork main<enter>:policy kmod20<enter>cD", 112, 24},
}

// TestPictures draws the README's pictures and compares them with the files:
// what is shown there is what the program draws. -update writes them.
func TestPictures(t *testing.T) {
	for _, p := range pictures {
		for _, light := range []bool{false, true} {
			name := p.name + "-dark.svg"
			if light {
				name = p.name + "-light.svg"
			}
			t.Run(name, func(t *testing.T) {
				d := startSim(t, p.w, p.h, Options{Color: TrueColor, Light: light, Environ: []string{"TERM=xterm-256color", "LANG=C.UTF-8", "COLORTERM=truecolor"}}, true)
				d.keys(p.keys)
				got := picture(d.screen(), p.title, light)
				if err := xml.Unmarshal(got, new(struct {
					XMLName xml.Name `xml:"svg"`
				})); err != nil {
					t.Fatalf("not well-formed: %v", err)
				}
				file := filepath.Join(pictureDir, name)
				if *update {
					if err := os.MkdirAll(pictureDir, 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatalf("%v; make pictures writes it", err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s is not what the program draws now; make pictures writes it anew, look at it", file)
				}
			})
		}
	}
}

// TestReadmeShowsPictures: each picture that is drawn is in the README, and none
// that is not.
func TestReadmeShowsPictures(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(pictureDir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2*len(pictures) {
		t.Errorf("%d files in docs/pictures, %d pictures are drawn", len(files), 2*len(pictures))
	}
	for _, f := range files {
		if !bytes.Contains(readme, []byte("docs/pictures/"+filepath.Base(f))) {
			t.Errorf("%s is not in README.md", f)
		}
	}
}

// The cells of a picture, in its units.
const (
	cellW, cellH = 8.4, 18.0
	margin       = 14.0
	titleH       = 28.0 // the window's title
)

// picture draws a terminal's cells as SVG. Each run of cells of one look is one
// text, stretched to its cells so that any fixed font will do; lines and blocks
// between cells are drawn, since fonts leave gaps.
func picture(e *vt.Emulator, title string, light bool) []byte {
	back, fore, edge := "#16191f", "#d6dae1", "#2b3038"
	if light {
		back, fore, edge = "#ffffff", "#24292f", "#d0d7de"
	}
	w := float64(e.Width())*cellW + 2*margin
	h := float64(e.Height())*cellH + titleH + margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, "<title>%s</title>\n", escape(title))
	fmt.Fprintf(&b, `<rect x="0.5" y="0.5" width="%.1f" height="%.1f" rx="8" fill="%s" stroke="%s"/>`+"\n", w-1, h-1, back, edge)
	for i, c := range []string{"#e5534b", "#c69026", "#57ab5a"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="15" r="5" fill="%s"/>`+"\n", 20+18*i, c)
	}
	fmt.Fprintf(&b, `<g font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14" fill="%s">`+"\n", fore)
	for y := range e.Height() {
		for x := 0; x < e.Width(); {
			s, text := uv.Style{}, strings.Builder{}
			if c := e.CellAt(x, y); c != nil {
				s = c.Style
			}
			from := x
			for x < e.Width() {
				c := e.CellAt(x, y)
				if c == nil || c.Width == 0 {
					c = &uv.Cell{Content: " ", Width: 1}
				}
				if style(c.Style) != style(s) || x > from && drawn(c.Content) != drawn(lastRune(text.String())) {
					break
				}
				text.WriteString(c.Content)
				x += max(1, c.Width)
			}
			run(&b, s, from, x, y, text.String(), fore, back)
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

func lastRune(s string) string {
	r := []rune(s)
	return string(r[len(r)-1:])
}

// strokes are the signs that are drawn: from the middle of a cell to which of
// its edges (left, right, up, down) a line goes, and how thick.
var strokes = map[rune]struct {
	to    string
	width float64
}{
	'─': {"lr", 1}, '━': {"lr", 2.4}, '│': {"ud", 1}, '└': {"ur", 1}, '├': {"udr", 1}, '═': {"lr", 5},
}

func drawn(s string) bool {
	for _, r := range s {
		_, ok := strokes[r]
		return ok || r == '█' || r == '░' || r == '┄'
	}
	return false
}

// run draws the cells from a to z of a line, which look alike.
func run(b *bytes.Buffer, s uv.Style, a, z, y int, text, fore, back string) {
	x, top, w := margin+float64(a)*cellW, titleH+float64(y)*cellH, float64(z-a)*cellW
	ink, ground := hex(s.Fg), hex(s.Bg)
	if s.Attrs&uv.AttrReverse != 0 {
		if ink == "" {
			ink = fore
		}
		ink, ground = back, ink
	}
	if ground != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, top, w, cellH, ground)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	if ink == "" {
		ink = fore
	}
	if drawn(text) {
		strokesOf(b, text, x, top, ink, back)
		return
	}
	bold := ""
	if s.Attrs&uv.AttrBold != 0 {
		bold = ` font-weight="bold"`
	}
	fill := ""
	if ink != fore {
		fill = ` fill="` + ink + `"`
	}
	for _, word := range words.FindAllStringIndex(text, -1) { // blanks side by side are one in SVG
		part := text[word[0]:word[1]]
		lead, n := len([]rune(text[:word[0]])), len([]rune(part))
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s%s>%s</text>`+"\n",
			x+float64(lead)*cellW, top+13.4, float64(n)*cellW, bold, fill, escape(part))
	}
}

// words finds what has no two blanks side by side in it.
var words = regexp.MustCompile(`\S+( \S+)*`)

// strokesOf draws lines and blocks, equal ones side by side as one.
func strokesOf(b *bytes.Buffer, text string, x, top float64, ink, back string) {
	r := []rune(text)
	for i := 0; i < len(r); {
		n := i
		for n < len(r) && r[n] == r[i] {
			n++
		}
		left, right, mid := x+float64(i)*cellW, x+float64(n)*cellW, top+cellH/2
		line := func(x1, y1, x2, y2, width float64, more string) {
			fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="%.1f"%s/>`+"\n", x1, y1, x2, y2, ink, width, more)
		}
		st := strokes[r[i]]
		switch {
		case r[i] == '█' || r[i] == '░':
			opacity := ""
			if r[i] == '░' {
				opacity = ` fill-opacity="0.25"`
			}
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"%s/>`+"\n", left, top+3, right-left, cellH-6, ink, opacity)
		case r[i] == '┄':
			line(left, mid, right, mid, 1.4, ` stroke-dasharray="2.2 2"`)
		case r[i] == '═': // two lines: a thick one with the ground in it
			line(left, mid, right, mid, 5, "")
			fmt.Fprintf(b, `<path d="M%.1f %.1fL%.1f %.1f" stroke="%s" stroke-width="2.2"/>`+"\n", left, mid, right, mid, back)
		case st.to == "lr":
			line(left, mid, right, mid, st.width, "")
		default:
			for k := i; k < n; k++ {
				c := x + (float64(k)+0.5)*cellW
				up, down := mid, mid
				if strings.Contains(st.to, "u") {
					up = top
				}
				if strings.Contains(st.to, "d") {
					down = top + cellH
				}
				line(c, up, c, down, st.width, "")
				if strings.Contains(st.to, "r") {
					line(c, mid, c+cellW/2, mid, st.width, "")
				}
			}
		}
		i = n
	}
}

func hex(c color.Color) string {
	if c == nil {
		return ""
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes all
	return b.String()
}
