package agent

import (
	"errors"
	"os"
)

// writeFile writes to a file of the kernel that is there, in one write.
func writeFile(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
