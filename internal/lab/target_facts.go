package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// split is where the time of a start went.
type split struct {
	prepare, probe, qemu time.Duration
	kernel               time.Duration // of a boot: QEMU's start to the agent's
	restore              time.Duration // of a resume
	agent                time.Duration
}

func (s split) total() time.Duration {
	return s.prepare + s.probe + s.qemu + s.kernel + s.restore + s.agent
}

// agentTime is how long the agent took from its start until it served, by the
// moments it told, and no longer than up.
func agentTime(moments []wire.Moment, up time.Duration) time.Duration {
	if len(moments) == 0 {
		return 0
	}
	first, last := moments[0].At, moments[0].At
	for _, m := range moments {
		first, last = min(first, m.At), max(last, m.At)
	}
	return min(max(0, time.Duration(last-first)), up)
}

// Info implements kernel.Target.
func (t *target) Info(ctx context.Context) (kernel.Info, error) {
	var i kernel.Info
	err := t.call(ctx, wire.OpInfo, nil, &i)
	if err != nil {
		return kernel.Info{}, err
	}
	i.Target = t.name
	i.Facts = append(i.Facts, t.facts()...)
	return i, nil
}

// System implements kernel.Describer.
func (t *target) System(ctx context.Context) (s kernel.System, err error) {
	err = t.call(ctx, wire.OpSystem, nil, &s)
	return s, err
}

// Params implements kernel.ParamReader.
func (t *target) Params(ctx context.Context) (p map[string]map[string]string, err error) {
	err = t.call(ctx, wire.OpParams, nil, &p)
	return p, err
}

// facts are the lines about the machine itself.
func (t *target) facts() []kernel.Fact {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vm
	snapshot := t.saved
	switch {
	case t.unsaved != "" && t.saved != "":
		snapshot = t.unsaved + "; " + t.saved
	case t.unsaved != "":
		snapshot = "none: " + t.unsaved
	case t.resumed:
		snapshot = "resumed"
	case snapshot == "":
		snapshot = "none"
	}
	console := v.path
	if err := v.console.fileLost(); err != nil {
		console += " (not whole: " + err.Error() + ")"
	}
	facts := []kernel.Fact{
		{Name: "accelerator", Value: t.accel.String()},
		{Name: "start", Value: t.split.describe(t.resumed)},
		{Name: "snapshot", Value: snapshot},
		{Name: "qemu", Value: v.qmp.version},
		{Name: "console", Value: console, Here: true},
		{Name: "kernel image", Value: t.boot.Kernel.Image, Here: true},
	}
	if s := t.past.pool.usage(); s != "" {
		facts = append(facts, kernel.Fact{Name: "checkpoints", Value: s})
	}
	if t.again != "" {
		facts = append(facts, kernel.Fact{Name: "trouble", Value: t.again})
	}
	_, _, trouble := v.console.told()
	for _, line := range trouble {
		damaged := strings.HasPrefix(line, squashfsTrouble)
		if damaged {
			line += "; whether " + t.boot.Disk + " is damaged tells: kmodsh lab doctor"
		}
		facts = append(facts, kernel.Fact{Name: "trouble", Value: line, Here: damaged})
	}
	return facts
}

// describe says how long a start took, and what.
func (s split) describe(resumed bool) string {
	parts := []string{"initramfs " + round(s.prepare)}
	if s.probe > 10*time.Millisecond {
		parts = append(parts, "accelerator probe "+round(s.probe))
	}
	parts = append(parts, "QEMU "+round(s.qemu))
	how := "booted"
	if resumed {
		how = "resumed"
		parts = append(parts, "restore "+round(s.restore))
	} else {
		parts = append(parts, "kernel "+round(s.kernel))
	}
	parts = append(parts, "agent "+round(s.agent))
	return fmt.Sprintf("%s in %s: %s", how, round(s.total()), strings.Join(parts, ", "))
}

// round makes a duration short: two decimals of a second.
func round(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
