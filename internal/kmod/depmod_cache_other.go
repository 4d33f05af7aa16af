//go:build !linux

package kmod

import "errors"

// keyOf gives no key: on other systems depmod keeps nothing.
func keyOf(string) (fileKey, error) { return fileKey{}, errors.ErrUnsupported }

func readOwn(string, int64) ([]byte, error) { return nil, errors.ErrUnsupported }
