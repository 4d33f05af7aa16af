package sim

import "math/bits"

// The digests of one module. What is in none of them no thread may look at but
// the one that loads or unloads the module.

func (m *Module) stateDigest() uint64 {
	if m == nil {
		return 0
	}
	return mix(hashString(m.Name), uint64(m.State[0]))
}

func (m *Module) refsDigest() uint64 {
	if m == nil {
		return 0
	}
	h := mix(uint64(m.Refs), uint64(len(m.Uses)))
	if m.InitGone {
		h++
	}
	if m.announced {
		h += 2
	}
	for _, u := range m.Users {
		h = mix(h, hashString(u.Name)) // in the order in which an unload takes them
	}
	for _, a := range m.Args { // what the exit function will do depends on them
		h = mix(h, mix(hashString(a.Name), hashString(a.Value)))
	}
	return h
}

// sysfsDigest is of what decides about a module: its directory and initstate.
func (m *Module) sysfsDigest() uint64 {
	if m == nil || !m.Sysfs.Dir {
		return 0
	}
	h := hashString(m.Name)
	for i, on := range [...]bool{m.Sysfs.Initstate(), m.opened} {
		if on {
			h += 1 << i
		}
	}
	return h
}

// detailsDigest is of what is shown of a module, and hardly ever decides.
func (m *Module) detailsDigest() uint64 {
	if m == nil {
		return 0
	}
	s := &m.Sysfs
	h := mix(hashString(m.Taints), uint64(len(s.Files))<<16+uint64(len(s.Linked))<<8)
	for i, on := range [...]bool{s.Holders, s.Parameters, s.Sections, s.Notes} {
		if on {
			h += 1 << i
		}
	}
	return h
}

// setValue keeps the digest of one resource; a change is a write.
func (w *World) setValue(r int, v uint64) {
	if w.values[r] != v {
		w.setCount(r, v)
		w.footprint.Writes.add(r)
	}
}

// setCount keeps the digest of a resource that is only counted: a change is
// nothing that steps conflict about.
func (w *World) setCount(r int, v uint64) {
	old := w.values[r]
	w.values[r] = v
	w.digest += mix(uint64(r), v) - mix(uint64(r), old)
}

// counted adds to such a resource.
func (w *World) counted(r int, n uint64) { w.setCount(r, w.values[r]+n) }

// askCount notes a look at such a resource.
func (w *World) askCount(r int) { w.asked.Counts |= 1 << r }

// seal ends the notes of a step: what it changed is found out.
func (w *World) seal() {
	w.footprint.Reads.add(resEverything)
	if w.on {
		w.compare()
	}
}

func (w *World) compare() {
	present := uint64(0)
	for _, m := range w.list {
		i := w.slot(m.Name)
		v := [...]uint64{m.stateDigest(), m.refsDigest(), m.sysfsDigest(), m.detailsDigest()}
		for part, v := range v {
			r := resState + part*moduleSlots + i
			if present&(1<<i) != 0 { // two in one slot
				v = mix(v, w.values[r])
			}
			w.setValue(r, v)
		}
		present |= 1 << i
	}
	for gone := w.listed &^ present; gone != 0; gone &= gone - 1 {
		i := bits.TrailingZeros64(gone)
		for r := resState + i; r < len(w.values); r += moduleSlots {
			w.setValue(r, 0)
		}
	}
	w.listed = present
	owner := uint64(0) // which thread it is follows from the threads' histories
	if w.mm.owner != nil {
		owner = 1
	}
	w.setValue(resMutex, owner)
	w.setValue(resPermits, w.permits.digest(w.countsPermits))
	w.setValue(resEverything, w.restDigest())
	w.setCount(resCallers, uint64(w.umhCallers))
	w.setCount(resLeaks, w.leakDigest())
}

// setNamed keeps the digest of a resource found by name. Where several share
// the last number the digest follows the order of their changes.
func (w *World) setNamed(r int, v uint64) {
	if r == lastNamed {
		v = mix(w.values[r], v)
	}
	w.setValue(r, v)
}

// permitsMatter is the number of permits up to which requests are held to be
// rivals. A search that goes through all schedules takes no more threads than
// this, so that with more permits nobody can be kept waiting.
const permitsMatter = 32

func (p *permits) digest(all bool) uint64 {
	if p.max > permitsMatter && !all {
		return 0
	}
	return mix(uint64(p.used), uint64(len(p.queued)))
}

// leakDigest is of what nobody will give back. No thread can look at it, a
// promise does.
func (w *World) leakDigest() uint64 {
	h := uint64(0)
	for i := range w.ledger.open {
		if e := &w.ledger.open[i]; e.m.freed {
			h += mix(hashString(string(e.Kind)), hashString(e.Module+" "+e.Detail))
		}
	}
	return h
}

// settingsDigest is of what no thread changes.
func (w *World) settingsDigest() uint64 {
	if w.settings == 0 {
		h := mix(hashString(w.ModprobePath), hashString(w.Policy))
		h = mix(h, hashString(w.helper))
		w.settings = mix(h, hashString(w.config.text))
	}
	return w.settings
}

// restDigest is of all that has no resource of its own.
func (w *World) restDigest() uint64 {
	h := mix(w.settingsDigest(), uint64(w.UMH[0]))
	h = mix(h, uint64(w.async)+uint64(w.root)<<16+uint64(w.rootGone)<<32)
	for i, on := range [...]bool{w.rootFrozen, w.frozen, w.modulesDisabled} {
		if on {
			h = mix(h, uint64(i))
		}
	}
	for _, m := range w.mounts {
		h = mix(h, hashString(m.fs))
		if m.m != nil {
			h++
		}
	}
	if w.Profile.Workers <= permitsMatter {
		h = mix(h, uint64(w.workers))
		for _, x := range w.workQueue {
			h = mix(h, x.helper.seen.name)
		}
	}
	for _, p := range w.faults.plan {
		if p.Hit != 0 && p.hits <= p.Hit {
			h = mix(h, uint64(p.hits)+uint64(p.id)<<32)
		}
	}
	return h
}
