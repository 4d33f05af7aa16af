package kernel

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTask(t *testing.T) {
	for text, want := range map[string]Task{
		"load ext4":                         {Verb: "load", Name: "ext4"},
		"load --policy=kmod19 ext4 a=1 b":   {Verb: "load", Name: "ext4", Params: []string{"a=1", "b"}, Policy: "kmod19"},
		"insmod --copy victim init_ms=3000": {Verb: "insmod", Name: "victim", Params: []string{"init_ms=3000"}, Copy: true},
		"request --nowait fs-xfs":           {Verb: "request", Name: "fs-xfs", NoWait: true},
		"unload --deps --holders --force x": {Verb: "unload", Name: "x", Deps: true, Holders: true, Force: true},
		"rmmod --force x":                   {Verb: "rmmod", Name: "x", Force: true},
		"request":                           {Verb: "request"},
		"load ext4 -- x=1":                  {Verb: "load", Name: "ext4", Params: []string{"x=1"}},
		"load -- ext4 -- --first-time":      {Verb: "load", Name: "ext4", Params: []string{"--", "--first-time"}},
		"insmod minix -- x=1":               {Verb: "insmod", Name: "minix", Params: []string{"--", "x=1"}},
		"unload --deps -- x":                {Verb: "unload", Name: "x", Deps: true},
	} {
		got, err := ParseTask(strings.Fields(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
		if again, err := ParseTask(strings.Fields(got.String())); err != nil || !cmp.Equal(got, again) {
			t.Errorf("%s: written as %q, which is read as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "load --copy ext4", "request a b", "rmmod -f x", "request --policy=kmod19 x", "getfs --nowait ext4", "load -- -x", "unload x -- -y"} {
		_, err := ParseTask(strings.Fields(text))
		var words *WordsError
		if !errors.As(err, &words) {
			t.Errorf("%q: %v, want a *WordsError", text, err)
		}
	}
}
