package lab

import (
	"context"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

var _ kernel.Accountant = (*target)(nil)

// Account implements kernel.Accountant. It is no position: nothing is changed.
func (t *target) Account(ctx context.Context) (kernel.Account, error) {
	done, err := t.begin(ctx)
	if err != nil {
		return kernel.Account{}, err
	}
	defer done()
	var a kernel.Account
	return a, t.call(ctx, wire.OpAccount, nil, &a)
}
