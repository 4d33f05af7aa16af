package ops

import (
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/wording"
)

// TourText is a piece of a lesson: prose, or a line that was run.
type TourText struct {
	Prose string      `json:"prose,omitempty"`
	Line  *SourceLine `json:"line,omitempty"`
}

// TourResult is what a lesson shows up to where it waits for the reader.
type TourResult struct {
	Lesson  string `json:"lesson"`
	Number  int    `json:"number,omitempty"` // in the tour, where it begins
	Title   string `json:"title,omitempty"`
	Shows   string `json:"shows,omitempty"`
	Minutes int    `json:"minutes,omitempty"`
	Target  string `json:"target,omitempty"` // where it begins
	Part    int    `json:"part"`
	Parts   int    `json:"parts"`
	Step    int    `json:"step"`             // questions, exercises and pauses come to, from 1
	Steps   int    `json:"steps"`            // of them there are
	Offer   int    `json:"offer,omitempty"`  // the step where it was left, where it goes on when told
	From    int    `json:"from,omitempty"`   // the step that was gone to: all before it was done for the reader
	Mended  bool   `json:"mended,omitempty"` // what the reader had changed was undone for a line of the lesson
	// Correct says whether the answer, or the exercise, is right.
	Correct *bool             `json:"correct,omitempty"`
	Answer  string            `json:"answer,omitempty"` // the right one, which the reader asked for
	Check   string            `json:"check,omitempty"`  // what the exercise asks for
	Got     []condition.Value `json:"got,omitempty"`    // and what there is
	Hint    string            `json:"hint,omitempty"`
	Again   bool              `json:"again,omitempty"` // gone back to where the exercise began
	Texts   []TourText        `json:"texts"`
	// Question, Choices and Exercise are what it waits for; Pause says that it
	// goes on when told.
	Question string   `json:"question,omitempty"`
	Choices  []string `json:"choices,omitempty"`
	Exercise string   `json:"exercise,omitempty"`
	Pause    bool     `json:"pause,omitempty"`
	// Done: the lesson is over.
	Done      bool                `json:"done,omitempty"`
	Right     int                 `json:"right,omitempty"` // questions answered rightly at once
	Asked     int                 `json:"asked,omitempty"`
	Exercises int                 `json:"exercises,omitempty"` // done by the reader
	Reading   []string            `json:"reading,omitempty"`
	Real      []scenario.RealLine `json:"real,omitempty"` // the same on a real kernel
	Next      string              `json:"next,omitempty"`
	Ended     bool                `json:"ended,omitempty"` // stopped
	Left      string              `json:"left,omitempty"`  // how to go on another time

	lesson     *scenario.Lesson
	lessonWord string // what a person types for it
}

func (t *tour) result() *TourResult {
	return &TourResult{Lesson: t.lesson.Name, Part: t.at, Parts: len(t.lesson.Parts), Step: t.step(), Steps: len(t.lesson.Steps()), Texts: []TourText{}, lesson: t.lesson, lessonWord: t.word()}
}

func (r *TourResult) add(text TourText) { r.Texts = append(r.Texts, text) }

// ask fills in what the lesson waits for.
func (r *TourResult) ask(t *tour) {
	p := t.wait
	r.Step = t.step()
	switch p.Kind {
	case scenario.Question:
		r.Question, r.Choices = p.Text, p.Choices
	case scenario.Exercise:
		r.Exercise = p.Text
	default:
		r.Pause = true
	}
}

// WriteText writes the lesson as a page to read.
func (r *TourResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.width = min(t.width, 78)
	if r.Ended {
		t.line("the lesson is over; tour lists them all, and tour N begins one")
		if r.Left != "" {
			t.wrap("", 0, r.Left)
		}
		return t.err
	}
	if r.Title != "" {
		head := r.Title
		if r.Number > 0 {
			head = fmt.Sprintf("Lesson %d. %s", r.Number, head)
		}
		t.wrap("", 0, t.paint(bold, head))
		t.wrap("", 0, t.paint(dim, fmt.Sprintf("About %s, %s, on %s. During a lesson every verb works; an empty line goes on.", wording.Count(r.Minutes, "minute"), wording.Count(r.Steps, "step"), r.Target)))
	}
	switch {
	case r.Offer > 0:
		t.wrap("", 0, fmt.Sprintf("You left this lesson at step %d of %d.", r.Offer, r.Steps))
		t.wrap("", 0, fmt.Sprintf("Enter goes on there. tour %s --restart begins anew, tour %s --from N at another step.", r.lessonWord, r.lessonWord))
		return t.err
	case r.From > 1:
		t.wrap("", 0, fmt.Sprintf("All before step %d was done for you, exercises by their model answers.", r.From))
	}
	r.judged(t)
	if r.Mended {
		t.wrap("", 0, t.paint(dim, "(What you had done stood in the way of what comes now: all was brought to where the lesson expects it, exercises done by their model answers.)"))
	}
	for _, x := range r.Texts {
		if x.Line == nil {
			t.line("")
			t.paragraphs(x.Prose, "")
			continue
		}
		t.line("")
		if err := (&SourceResult{Lines: []SourceLine{*x.Line}}).WriteText(w, Style{Width: t.width, Color: st.Color, ASCII: st.ASCII}); err != nil {
			return err
		}
	}
	r.asks(t)
	if r.Done {
		r.over(t)
	}
	return t.err
}

// judged says whether an answer was right.
func (r *TourResult) judged(t *text) {
	switch {
	case r.Answer != "":
		t.line("The answer is %s.", r.Answer)
	case r.Hint != "" && r.Correct == nil:
		t.wrap("hint: ", 6, r.Hint)
	case r.Again && r.Check != "" && r.Correct == nil:
		t.line("From where the exercise began:")
	case r.Again && r.Correct == nil:
		t.line("back to where the exercise began")
	case r.Correct == nil:
	case *r.Correct:
		t.line("%s", t.paint(green, "Right."))
	case r.Check != "":
		t.line("%s", t.paint(yellow, "Not yet."))
		t.wrap("  it asks for  ", 15, r.Check)
		for _, v := range r.Got {
			t.wrap("  and now      ", 15, v.Text+" is "+v.Value)
		}
		t.line("  hint helps, again goes back to where the exercise began, show does it")
	default:
		t.line("%s", t.paint(yellow, "No. Think again:"))
		if r.Hint != "" {
			t.wrap("hint: ", 6, r.Hint)
		}
	}
}

// asks writes what the lesson waits for.
func (r *TourResult) asks(t *text) {
	switch {
	case r.Question != "":
		t.line("")
		t.paragraphs(r.Question, t.paint(bold, "? "))
		for _, c := range r.Choices {
			t.wrap("    ", 7, c)
		}
		t.line("%s", t.paint(dim, fmt.Sprintf("Step %d of %d. Answer with a letter; hint helps, show tells which is right.", r.Step, r.Steps)))
	case r.Exercise != "":
		t.line("")
		t.paragraphs(r.Exercise, t.paint(bold, "Exercise. "))
		t.line("%s", t.paint(dim, fmt.Sprintf("Step %d of %d. Type verbs, then check; hint, show and again help.", r.Step, r.Steps)))
	case r.Pause:
		t.line("%s", t.paint(dim, "Enter goes on."))
	}
}

// over writes the end of a lesson.
func (r *TourResult) over(t *text) {
	t.line("")
	end := "That was the lesson."
	if r.Asked > 0 {
		end += fmt.Sprintf(" %d of %s answered rightly at once.", r.Right, wording.Count(r.Asked, "question"))
	}
	t.wrap("", 0, end)
	t.paragraphs(r.Shows, "")
	if len(r.Real) > 0 {
		t.line("%s", t.paint(bold, "Now on a real kernel"))
	}
	for _, c := range r.Real {
		switch c.Kind {
		case scenario.RealCommand:
			t.line("    %s", clean(c.Text, t.st.ASCII))
		case scenario.RealTyped:
			line, refused := strings.CutPrefix(c.Text, "!")
			if refused {
				line += "   # is refused"
			}
			t.line("      > %s", clean(strings.TrimSpace(line), t.st.ASCII))
		default:
			t.wrap("  ", 2, c.Text)
		}
	}
	if len(r.Reading) > 0 {
		t.line("%s", t.paint(bold, "Further reading"))
		for _, x := range r.Reading {
			t.wrap("  - ", 4, x)
		}
	}
	if r.Next != "" {
		t.wrap("next: ", 6, "tour "+r.Next)
	}
}

// paragraphs writes a text, a blank line between its paragraphs.
func (t *text) paragraphs(s, head string) {
	for i, p := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if i > 0 {
			t.line("")
		}
		t.wrap("", 0, head+p)
		head = ""
	}
}

// LessonRow is one lesson of the tour.
type LessonRow struct {
	Number  int    `json:"n"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes"`
	Steps   int    `json:"steps"`
	Left    int    `json:"left,omitempty"` // the step where the reader left it
}

// LessonsResult lists the lessons.
type LessonsResult struct {
	Lessons []LessonRow `json:"lessons"`
}

// WriteText writes a table.
func (r *LessonsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	rows := [][]cell{header("", "lesson", "min", "what it shows")}
	for _, l := range r.Lessons {
		rows = append(rows, []cell{number(fmt.Sprint(l.Number)), str(l.Name), number(fmt.Sprint(l.Minutes)), str(l.titled())})
	}
	t.table(rows)
	t.wrap("", 0, "tour N begins one, on a simulated kernel: nothing can break.")
	return t.err
}

// titled is the title, with where the lesson was left.
func (l LessonRow) titled() string {
	if l.Left == 0 {
		return l.Title
	}
	return fmt.Sprintf("%s (left at step %d of %d)", l.Title, l.Left, l.Steps)
}
