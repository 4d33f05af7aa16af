package lab

import (
	"os/exec"
	"strings"
	"testing"
)

// ordered are versions, oldest first: the examples of deb-version(7) and the
// kernels Debian had.
var ordered = []string{
	"~~", "~~a", "~", "", "0-1", "1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0-1", "1.0-1+b1", "1.0-2~bpo1", "1.0-2",
	"1.0-10", "1.0a", "1.0+dfsg", "1.2", "1.10", "6.1.0-9-amd64", "6.1.0-56-amd64", "6.1.0-100-amd64", "6.1.192-2",
	"6.9.7+bpo-amd64", "6.12~rc6-amd64", "6.12.9+deb13-amd64", "6.12.117+deb12-amd64", "6.12.117+deb13-amd64", "1:0.1", "2:0.0.1",
}

func TestCompareVersions(t *testing.T) {
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := compareVersions(a, b); got != want {
				t.Errorf("compareVersions(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

// TestCompareLikeDpkg compares the order with the real tool's.
func TestCompareLikeDpkg(t *testing.T) {
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("no dpkg here to compare with")
	}
	for i, a := range ordered {
		if i == 0 || strings.Trim(ordered[i-1], "~a") == "" {
			continue // dpkg wants a digit
		}
		if err := exec.Command("dpkg", "--compare-versions", ordered[i-1], "lt", a).Run(); err != nil {
			t.Errorf("dpkg does not put %q before %q: %v", ordered[i-1], a, err)
		}
	}
}

func TestPickPackage(t *testing.T) {
	names := strings.Fields(`linux-image-amd64 linux-image-6.12-amd64 linux-image-6.1.0-9-amd64
		linux-image-6.1.0-56-amd64-unsigned linux-image-6.1.0-56-amd64 linux-image-6.1.0-56-amd64-dbg
		linux-image-6.1.0-57-cloud-amd64 linux-image-6.1.0-57-rt-amd64 linux-image-6.1.0-57-amd64-dbg
		linux-image-6.12.9+deb12-amd64 linux-image-6.12.117+deb12-amd64-unsigned linux-image-6.12.115+deb12-amd64
		linux-image-6.12.118+deb12-cloud-amd64-unsigned linux-image-6.10.11+bpo-amd64 linux-image-6.10.6+bpo-amd64
		linux-image-6.12.200+deb13-arm64 linux-image-5.10.0-0.deb10.30-amd64 linux-image-5.10.0-0.deb10.4-amd64
		linux-image-6.11~rc5-amd64 linux-image-6.1.99/../../x-amd64`)
	tests := []struct{ spec, want string }{
		{"6.1", "linux-image-6.1.0-56-amd64"},
		{"6.12", "linux-image-6.12.117+deb12-amd64-unsigned"},
		{"6.10", "linux-image-6.10.11+bpo-amd64"},
		{"5.10", "linux-image-5.10.0-0.deb10.30-amd64"},
		{"6.1.0-9-amd64", "linux-image-6.1.0-9-amd64"},
		{"6.11", ""},
		{"4.19", ""},
		{"6", ""},
	}
	for _, tt := range tests {
		p, ok := pickPackage(names, tt.spec)
		if p.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, want %q", tt.spec, p.Name, tt.want)
		}
	}
	if got, want := listSeries(names), "5.10, 6.1, 6.10, 6.12"; got != want {
		t.Errorf("listSeries: %q, want %q", got, want)
	}
	for spec, good := range map[string]bool{"6.1": true, "6.1.0-56-amd64": true, "6.12.117+deb12-amd64": true,
		"": false, "6": false, "6.1; rm -rf": false, "-o": false, "../x": false, "host": false, "6.1.0-rt-amd64": false} {
		if (checkSeries(spec) == nil) != good {
			t.Errorf("checkSeries(%q) = %v", spec, checkSeries(spec))
		}
	}
}

func TestSeries(t *testing.T) {
	for release, want := range map[string]string{"6.1.0-56-amd64": "6.1", "6.12.117+deb12-amd64": "6.12", "6.12-rc1": "6.12", "7": "7"} {
		if got := Series(release); got != want {
			t.Errorf("Series(%q) = %q, want %q", release, got, want)
		}
	}
}
