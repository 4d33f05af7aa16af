package ops

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/scenario"
)

// lessonPlace is where a reader left a lesson.
type lessonPlace struct {
	Step  int    `json:"step"`  // the step that waits, from 1
	Text  string `json:"text"`  // which text of the lesson it is of
	Right int    `json:"right"` // as of tour
	Asked int    `json:"asked"`
	Done  int    `json:"done"`
}

// Bounds of the file of places: it is read whole, and what it says is not
// trusted.
const (
	maxPlaces     = 200
	maxPlacesFile = 256 << 10 // bytes
)

// placesFile is the form of Session.LessonsFile.
type placesFile struct {
	Version int                    `json:"version"` // 1
	Lessons map[string]lessonPlace `json:"lessons"`
}

// readPlaces reads the file; one that is missing, damaged or of another version
// has no places.
func readPlaces(file string) map[string]lessonPlace {
	none := map[string]lessonPlace{}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return none
	}
	f, err := os.Open(file)
	if err != nil {
		return none
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxPlacesFile+1))
	var p placesFile
	if err != nil || len(raw) > maxPlacesFile || json.Unmarshal(raw, &p) != nil || p.Version != 1 || p.Lessons == nil || len(p.Lessons) > maxPlaces {
		return none
	}
	return p.Lessons
}

// writePlaces writes the file in one step. What goes wrong is an error for
// nobody: the place is then kept for this run only.
func writePlaces(file string, places map[string]lessonPlace) {
	raw, err := json.Marshal(placesFile{Version: 1, Lessons: places})
	if err != nil || os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".lessons-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(append(raw, '\n'))
	if cerr := tmp.Close(); err != nil || cerr != nil || os.Rename(tmp.Name(), file) != nil {
		_ = os.Remove(tmp.Name())
	}
}

// placeKey names a lesson: one of the tour by its name, a file by its path.
func placeKey(l *scenario.Lesson) string {
	if lessonNumber(l) > 0 {
		return l.Name
	}
	if abs, err := filepath.Abs(l.Name); err == nil {
		return abs
	}
	return l.Name
}

// lessonText is a mark of what a lesson is made of: a place in another text is
// none in this one.
func lessonText(l *scenario.Lesson) string {
	raw, err := json.Marshal(l.Parts)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// place returns where the reader left a lesson, if that was behind its first step.
func (s *Session) place(l *scenario.Lesson) (lessonPlace, bool) {
	if s.places == nil {
		s.places = map[string]lessonPlace{}
	}
	if s.LessonsFile != "" {
		s.places = readPlaces(s.LessonsFile)
	}
	p, ok := s.places[placeKey(l)]
	steps := len(l.Steps())
	fits := p.Text == lessonText(l) && p.Step > 1 && p.Step <= steps &&
		0 <= p.Right && p.Right <= p.Asked && p.Asked <= steps && 0 <= p.Done && p.Done <= steps
	return p, ok && fits
}

// keep notes where the lesson is; at its first step and its end there is nothing
// to be kept.
func (s *Session) keep(t *tour) {
	_, _ = s.place(t.lesson) // as others left the file
	key, step := placeKey(t.lesson), t.step()
	if t.wait == nil || step <= 1 {
		if _, there := s.places[key]; !there {
			return
		}
		delete(s.places, key)
	} else {
		p := lessonPlace{Step: step, Text: lessonText(t.lesson), Right: t.right, Asked: t.asked, Done: t.done}
		if t.wait.Kind == scenario.Question {
			p.Asked-- // it will be asked again
		}
		if len(s.places) >= maxPlaces {
			for k := range s.places { // any: nobody leaves so many lessons
				delete(s.places, k)
				break
			}
		}
		s.places[key] = p
	}
	if s.LessonsFile != "" {
		writePlaces(s.LessonsFile, s.places)
	}
}

// LessonLeft says, when a lesson is under way, where it is and how one goes on
// with it another time; "" when there is nothing to go on with.
func (s *Session) LessonLeft() string {
	t := s.lesson()
	if t == nil || t.offer == 0 && (t.wait == nil || t.step() <= 1) || s.LessonsFile == "" {
		return ""
	}
	step := t.offer
	if step == 0 {
		step = t.step()
	}
	return fmt.Sprintf("The lesson is left at step %d of %d: kmodsh tour %s goes on there.", step, len(t.lesson.Steps()), t.word())
}

// word is what a person types for the lesson.
func (t *tour) word() string {
	if n := lessonNumber(t.lesson); n > 0 {
		return fmt.Sprint(n)
	}
	if strings.ContainsAny(t.lesson.Name, " \t'\"\\") {
		return Quote(t.lesson.Name)
	}
	return t.lesson.Name
}

// step is the step that the lesson is at, from 1; before the first, 0.
func (t *tour) step() int {
	n := 0
	for _, part := range t.lesson.Parts[:t.at] {
		if part.Kind.Waits() {
			n++
		}
	}
	return n
}
