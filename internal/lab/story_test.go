package lab

import (
	"testing"

	"pgregory.net/rapid"

	"example.org/kmodsh/internal/trace"
)

// TestStory lets a target save and go anywhere in a tree of futures: after each
// move the log holds what had happened by then, and nothing else.
func TestStory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type moment struct {
			story  *story
			events []int64 // times of all events until then
		}
		log := trace.NewLog(1000)
		now := moment{}
		saved := []moment{{}}
		clock := int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "moves") {
			switch rapid.IntRange(0, 2).Draw(t, "move") {
			case 0:
				for range rapid.IntRange(0, 4).Draw(t, "events") {
					clock++
					log.Append(trace.Event{Time: clock})
					now.events = append(now.events[:len(now.events):len(now.events)], clock)
				}
			case 1:
				// Some that came last may not belong to it yet.
				late := rapid.IntRange(0, len(now.events)-int(now.story.last())).Draw(t, "late")
				end := len(now.events) - late
				now.story = now.story.goOn(log, uint64(end))
				saved = append(saved, moment{now.story, now.events[:end:end]})
			case 2:
				to := rapid.SampledFrom(saved).Draw(t, "to")
				shared := now.story.common(to.story)
				log.Rewrite(shared.last(), to.story.since(shared))
				now = to
			}
			events, _ := log.After(0, 0)
			if len(events) != len(now.events) {
				t.Fatalf("the log has %d events, there were %d", len(events), len(now.events))
			}
			for i, e := range events {
				if e.Time != now.events[i] || e.Seq != uint64(i+1) {
					t.Fatalf("event %d is number %d of time %d, want time %d", i, e.Seq, e.Time, now.events[i])
				}
			}
		}
	})
}
