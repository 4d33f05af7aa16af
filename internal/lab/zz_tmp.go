package lab

import "context"

func (t *target) checkpoint(ctx context.Context, pos int) error             { return nil }
func (t *target) restoreTo(ctx context.Context, pos int) (int, error)       { return 0, nil }
func (t *target) forkAt(ctx context.Context, pos int) (*target, int, error) { return nil, 0, nil }
func (t *target) nearest(pos int) (int, bool)                               { return 0, false }
func (t *target) forget(pos int)                                            {}
