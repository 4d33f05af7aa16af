package ops

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/scenario"
)

// TourLine makes of what is typed during a lesson the verb that is meant: an
// empty line goes on, a letter answers a question, hint and show help with it, and
// check, hint, show and again are those of an exercise. Other lines are as they are.
func (s *Session) TourLine(line string) string {
	t := s.lesson()
	if t == nil {
		return line
	}
	word := strings.ToLower(strings.TrimSpace(line))
	switch {
	case word == "":
		return "tour"
	case t.offer > 0 && (isLetter(word) || slices.Contains(exerciseWords, word)):
		return "tour " + word
	case t.wait != nil && t.wait.Kind == scenario.Question && len(strings.TrimSuffix(word, ")")) == 1 && word[0] >= 'a' && word[0] <= 'z':
		return "tour " + word[:1]
	case t.wait != nil && t.wait.Kind != scenario.Pause && slices.Contains(exerciseWords, word):
		return "tour " + word
	}
	return line
}

// TourWaits says what the lesson under way waits for, for a prompt: "", "?",
// "exercise" or "...".
func (s *Session) TourWaits() string {
	t := s.lesson()
	if t == nil {
		return ""
	}
	if t.wait == nil || t.wait.Kind == scenario.Pause {
		return "Enter goes on"
	}
	if t.wait.Kind == scenario.Question {
		return "your answer?"
	}
	return "exercise"
}
