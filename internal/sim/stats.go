package sim

import (
	"fmt"
	"strings"
)

// Stats are the counters of CONFIG_MODULE_STATS (kernel/module/stats.c 6.12),
// as /sys/kernel/debug/modules shows them; kept only while the switch
// module-stats is on. Loads of the same file that were done once count once,
// and an init that fails counts nowhere: it leaves through the init path.
type Stats struct {
	FailedReads, InvalidReadBytes            int64
	FailedDecompress, InvalidDecompressBytes int64
	FailedBecoming, InvalidBecomingBytes     int64
	FailedLoads, InvalidModBytes             int64
	Modules, TotalModSize                    int64
	Duplicates                               []Duplicate // at most maxDuplicates
}

// Duplicate is a module name that lost a race against a load of itself.
type Duplicate struct {
	Module         string
	Becoming, Load int // lost at L4, lost at L6
}

// maxDuplicates is how many names are kept (MAX_FAILED_MOD_PRINT).
const maxDuplicates = 112

// Stats returns the counters.
func (w *World) Stats() Stats { return w.stats }

// count adds a failure to two counters.
func (w *World) count(n, bytes *int64, size int64) {
	if w.Profile.ModuleStats {
		*n++
		*bytes += size
	}
}

// lost notes that a load of name found one before it (try_add_failed_module).
func (w *World) lost(name string, early bool) {
	if !w.Profile.ModuleStats {
		return
	}
	i := -1
	for j := range w.stats.Duplicates {
		if w.stats.Duplicates[j].Module == name {
			i = j
		}
	}
	if i < 0 {
		if len(w.stats.Duplicates) == maxDuplicates {
			return
		}
		w.stats.Duplicates = append(w.stats.Duplicates, Duplicate{Module: name})
		i = len(w.stats.Duplicates) - 1
	}
	if early {
		w.stats.Duplicates[i].Becoming++
	} else {
		w.stats.Duplicates[i].Load++
	}
}

// statsText is the counters in words, "" where they are not kept: those that
// are not 0, by their names in /sys/kernel/debug/modules.
func (w *World) statsText() string {
	if !w.Profile.ModuleStats {
		return ""
	}
	s := &w.stats
	var list []string
	for _, c := range []struct {
		name string
		n    int64
	}{
		{"modcount", s.Modules}, {"total_mod_size", s.TotalModSize},
		{"failed_kreads", s.FailedReads}, {"invalid_kread_bytes", s.InvalidReadBytes},
		{"failed_decompress", s.FailedDecompress}, {"invalid_decompress_bytes", s.InvalidDecompressBytes},
		{"failed_becoming", s.FailedBecoming}, {"invalid_becoming_bytes", s.InvalidBecomingBytes},
		{"failed_load_modules", s.FailedLoads}, {"invalid_mod_bytes", s.InvalidModBytes},
	} {
		if c.n != 0 {
			list = append(list, fmt.Sprintf("%s %d", c.name, c.n))
		}
	}
	for _, d := range s.Duplicates {
		list = append(list, fmt.Sprintf("%s lost %d times as becoming, %d as load", d.Module, d.Becoming, d.Load))
	}
	if len(list) == 0 {
		return "all 0"
	}
	return strings.Join(list, ", ")
}
