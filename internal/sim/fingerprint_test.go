package sim

import "testing"

// TestFingerprintIsOfWhatIsInstalled: it is the same for the same set-up made
// twice, whatever the addresses, and another one for another.
func TestFingerprintIsOfWhatIsInstalled(t *testing.T) {
	seen := map[string]int{}
	for _, change := range []func(*Setup){
		func(*Setup) {}, func(*Setup) {},
		func(s *Setup) { s.Modules[0].Spec.Body.Async = &AsyncWork{} },
		func(s *Setup) { s.Modules[0].Spec.Body.Async = &AsyncWork{Sleep: 1} },
		func(s *Setup) { s.Builtins = nil },
	} {
		setup := teachingSetup()
		change(&setup)
		sys, err := Install(setup)
		if err != nil {
			t.Fatal(err)
		}
		seen[sys.Fingerprint()]++
	}
	if len(seen) != 4 { // the first two are the same
		t.Errorf("%d fingerprints, want 4", len(seen))
	}
}
