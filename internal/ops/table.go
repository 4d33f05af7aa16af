package ops

import "strings"

// cell is one field of a table.
type cell struct {
	text  string
	color sgr
	right bool // align right
}

func str(s string) cell                { return cell{text: s} }
func painted(s string, color sgr) cell { return cell{text: s, color: color} }
func number(s string) cell             { return cell{text: s, right: true} }
func header(names ...string) (row []cell) {
	for _, n := range names {
		row = append(row, painted(n, bold))
	}
	return row
}

// maxColumn bounds the width of all columns but the last, which is folded.
const maxColumn = 40

// table writes rows in columns two spaces apart. The last column is folded to
// the width; the others take what they need.
func (t *text) table(rows [][]cell) { t.tableWith(rows, func(int) []string { return nil }) }

// tableWith is table with notes below the rows, each on lines of its own.
func (t *text) tableWith(rows [][]cell, notes func(row int) []string) {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i].text = clean(row[i].text, t.st.ASCII)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 || i < len(widths)-1 {
				widths[i] = max(widths[i], min(width1(row[i].text), maxColumn))
			}
		}
	}
	for i, row := range rows {
		t.row(row, widths)
		for _, n := range notes(i) {
			t.wrap("    ", 4, n)
		}
	}
}

func (t *text) row(row []cell, widths []int) {
	var b strings.Builder
	at, pad := 0, 0
	for i, f := range row {
		b.WriteString(strings.Repeat(" ", pad))
		at += pad
		if i == len(row)-1 {
			lines := fold(f.text, t.width-at)
			for j, l := range lines {
				if j > 0 {
					b.WriteString("\n" + strings.Repeat(" ", at))
				}
				b.WriteString(t.paint(f.color, l))
			}
			break
		}
		n := width1(f.text)
		gap := max(0, widths[i]-n)
		if f.right {
			b.WriteString(strings.Repeat(" ", gap))
			at, gap = at+gap, 0
		}
		b.WriteString(t.paint(f.color, f.text))
		at, pad = at+n, gap+2
	}
	t.print(strings.TrimRight(b.String(), " ") + "\n")
}
