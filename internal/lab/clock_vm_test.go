package lab

import (
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// TestVMClock has the time of a guest stand while nobody asks for anything, and
// go on by what a module's init sleeps, and little more, while somebody does.
func TestVMClock(t *testing.T) {
	vm := openDebugVM(t, "6.12")
	uptime := func() time.Duration {
		t.Helper()
		i, err := vm.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return i.Uptime
	}
	before := uptime()
	time.Sleep(2 * time.Second) // a person thinks
	if passed := uptime() - before; passed > 500*time.Millisecond {
		t.Errorf("%s went by in a machine that was left alone", passed)
	}
	if vm.accel.Name != AccelTCG {
		return // its clock is a real one while it runs
	}
	before = uptime()
	if _, err := vm.Load(t.Context(), kernel.LoadRequest{Name: "victim", Params: []string{"init_ms=10000"}}); err != nil {
		t.Fatal(err)
	}
	if passed := uptime() - before; passed < 10*time.Second || passed > 12*time.Second { // a timer that far off is up to 2 s late (kernel/time/timer.c, LVL_GRAN)
		t.Errorf("a load with an init of 10 s took %s", passed)
	}
}
