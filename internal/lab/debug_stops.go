package lab

import (
	"context"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

var _ kernel.Stopper = (*target)(nil)

// StopsAt implements kernel.Stopper: the stages of loaders, and with the test
// driver the points that it attaches to.
func (t *target) StopsAt() []string {
	var dr wire.Driver
	if err := t.call(context.Background(), wire.OpDriver, nil, &dr); err != nil {
		dr.Loaded = false // a guest that does not answer will say why at the next step
	}
	version := Series(t.boot.Kernel.Release)
	list := []string{}
	for _, p := range trace.Points() {
		if p.StopsIn(version) && (dr.Loaded || p.Phase == trace.PhaseHelper) {
			list = append(list, p.ID)
		}
	}
	return list
}
