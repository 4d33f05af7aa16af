package kernel

import "fmt"

// ReleaseNumbers returns the first two numbers of a kernel's release, such as
// 6.12.117+deb12-amd64; ok is false where it does not begin with two.
func ReleaseNumbers(release string) (major, minor int, ok bool) {
	n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor)
	return major, minor, n == 2
}
