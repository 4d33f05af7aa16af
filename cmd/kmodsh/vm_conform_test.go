//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// conformed are the scenarios on which model and kernel are compared: loads and
// an unload of one module, requests that come while it is set up, an init that
// fails while others wait, unloads that meet, a module that needs another, and
// the loader's own order.
var conformed = []struct{ name, lines string }{
	{"three", "spawn A insmod victim\nspawn B insmod --copy victim\nspawn C rmmod victim"},
	{"requests", "policy kmod19\nspawn A insmod minix\nspawn B request fs-minix\nspawn C request minix"},
	{"failing", "policy kmod20\nspawn A insmod victim init_ret=-5\nspawn B insmod victim\nspawn C request victim"},
	{"unloads", "load victim\nspawn A rmmod victim\nspawn B rmmod victim\nspawn C insmod victim"},
	{"dependency", "spawn A insmod victim\nspawn B insmod user\nspawn C rmmod victim"},
	{"loads", "spawn A load user\nspawn B load user\nspawn C unload user"},
}

// conformSchedules is how many schedules TestVMConform compares on each kernel
// when it is one test of many; KMODSH_SCHEDULES names another number.
const conformSchedules = 25

// shares deals n schedules out to the scenarios: three for each as long as there
// are few, since each begins with a machine of its own.
func shares(n int) []int {
	list := make([]int, len(conformed))
	each := max(3, (n+len(list)-1)/len(list))
	for i := range list {
		list[i] = min(n, each)
		n -= list[i]
	}
	return list
}

// TestVMConform asks whether model and kernel agree on random schedules. Fifty
// on each kernel take some minutes:
//
//	KMODSH_SCHEDULES=50 go test ./cmd/kmodsh -run TestVMConform -timeout 1h -v
func TestVMConform(t *testing.T) {
	total := conformSchedules
	if text := os.Getenv("KMODSH_SCHEDULES"); text != "" {
		var err error
		if total, err = strconv.Atoi(text); err != nil || total < 1 {
			t.Fatalf("KMODSH_SCHEDULES=%s is no number of schedules", text)
		}
	}
	onKernels(t, func(t *testing.T, bin, series string) {
		agreed, aside, moves := 0, 0, 0
		for i, n := range shares(total) {
			if n == 0 {
				continue
			}
			file := filepath.Join(t.TempDir(), conformed[i].name+".kmodsh")
			text := fmt.Sprintf("# title: %s\n# shows: what model and kernel do\n# source: made up\n# targets: sim:v6.1 sim:v6.12\n\n%s\n", conformed[i].name, conformed[i].lines)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, errs, status := command(t, bin, "", "--json", "conform", file, "--sim", "v"+series, "--vm", series, "-n", strconv.Itoa(n), "--seed", series[2:], "--tries", "20")
			var r ops.ConformResult
			if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 {
				var text strings.Builder
				_ = r.WriteText(&text, ops.Style{ASCII: true, Width: 140}) // a builder takes all
				t.Errorf("%s: exit %d, %v\n%s%s", conformed[i].name, status, err, &text, errs)
				continue
			}
			for _, c := range r.Cases {
				for _, text := range c.Aside {
					t.Logf("%s: set aside: %s", conformed[i].name, text)
				}
				agreed, aside, moves = agreed+c.Schedules, aside+c.SetAside, moves+c.Moves
			}
		}
		if agreed+aside < total && !t.Failed() || agreed < (total+1)/2 {
			t.Errorf("%d schedules agree, of %d, %d set aside", agreed, total, aside)
		}
		t.Logf("%d schedules agree, %d moves, %d set aside", agreed, moves, aside)
	})
}
