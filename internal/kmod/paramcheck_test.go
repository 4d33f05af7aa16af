package kmod_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kmod"
)

// TestParamValues holds values against types as the kernel's own parsers do:
// kernel/params.c and lib/kstrtox.c, Linux 6.12.
func TestParamValues(t *testing.T) {
	m, err := kmod.ReadModule(kmod.Tiny{
		Info: []string{
			"name=mine", "parmtype=b:bool", "parmtype=ib:invbool", "parmtype=bi:bint", "parmtype=by:byte", "parmtype=s:short", "parmtype=us:ushort",
			"parmtype=i:int", "parmtype=ui:uint", "parmtype=hx:hexint", "parmtype=l:long", "parmtype=ul:ulong", "parmtype=ull:ullong",
			"parmtype=c:charp", "parmtype=a:array of int", "parmtype=ac:array of charp", "parmtype=ab:array of bool", "parmtype=two_words:int", "parm=own:its own setter",
		},
		Limits: map[string]uint32{"a": 3},
	}.Image())
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1024)
	for params, want := range map[string]string{
		"b": "", "b=1": "", "b=yes": "", "b=on": "", "b=off": "", "b=true": "", "b=": "EINVAL", "b=o": "EINVAL", "b=2": "EINVAL",
		"ib": "EINVAL", "ib=0": "", "bi": "", "bi=n": "", "bi=2": "EINVAL",
		"by=255": "", "by=256": "ERANGE", "by=-1": "EINVAL",
		"s=-32768": "", "s=-32769": "ERANGE", "s=32768": "ERANGE", "us=65535": "", "us=65536": "ERANGE",
		"i=+5": "", "i=-5": "", "i=-+5": "EINVAL", "i=--5": "EINVAL", "i=0x7fffffff": "", "i=0x80000000": "ERANGE", "i=-2147483648": "", "i=-2147483649": "ERANGE",
		"i=010": "", "i=08": "EINVAL", "i=0x": "EINVAL", "i=0X1f": "", "i=": "EINVAL", "i": "EINVAL", "i=1k": "EINVAL", "i=1_000": "EINVAL", "i=1.5": "EINVAL", `i="7"`: "", `"i=7"`: "", "i=\"7\n\"": "",
		"ui=+1": "", "ui=-1": "EINVAL", "ui=4294967296": "ERANGE", "hx=0xffffffff": "", "l=9223372036854775807": "", "l=9223372036854775808": "ERANGE",
		"ul=18446744073709551615": "", "ul=18446744073709551616": "ERANGE", "ull=1": "",
		"c=": "", "c": "EINVAL", "c=" + long: "", "c=x" + long: "ENOSPC", `c="a b"`: "",
		"a=1,2,3": "", "a=1,2,3,4": "EINVAL", "a=1,,2": "EINVAL", "a=": "EINVAL", "a": "EINVAL", "a=1,99999999999": "ERANGE",
		"ac=,": "", "ab=1,n": "", "ab=1,": "EINVAL",
		"two-words=1": "", "two-words=x": "EINVAL", "own=anything": "", "own": "",
		"dyndbg": "", "async_probe": "", "i=1\tui=x": "EINVAL", "=3": "passed over", "-- i=x": "passed over", "--": "", "twowords=1": "passed over", `"i=1 2"`: "EINVAL",
	} {
		trouble, _ := m.Params().Check(params)
		got := ""
		for _, tr := range trouble {
			if got = tr.Errno; got == "" {
				got = "passed over"
			}
		}
		if got != want {
			t.Errorf("%.40q: %q, want %q (%v)", params, got, want, trouble)
		}
	}
	if trouble, _ := m.Params().Check("twowords=1"); len(trouble) != 1 || !strings.Contains(trouble[0].Mend, "did you mean two_words?") {
		t.Errorf("no near name: %v", trouble)
	}
}

// TestLintOptions: what lint says of parameters, those on the kernel's command
// line and those of built-in modules among them.
func TestLintOptions(t *testing.T) {
	mine := fits()
	mine.Limits = map[string]uint32{"ports": 2}
	r := kernelTree(t, map[string][]byte{
		"extra/mine.ko":           mine.Image(),
		"modules.builtin":         []byte("kernel/drivers/inside.ko\n"),
		"modules.builtin.modinfo": []byte("inside.parm=delay:how long\x00inside.parmtype=delay:uint\x00"),
	})
	conf := t.TempDir()
	if err := os.WriteFile(filepath.Join(conf, "a.conf"), []byte("options mine level=1 on=maybe levle=3 ports=1,2,3\noptions inside delay=1\noptions first x=1\noptions mine odd=?\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := kmod.ReadConfig([]string{conf}, `mine.level=0x mine.on inside.delay=soon inside.dealy=2 inside.delay=5`)
	if err != nil {
		t.Fatal(err)
	}
	found, err := kmod.NewResolver(r.Tree(), c).Lint()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, strings.ReplaceAll(f.Where+" "+f.What, conf+"/", ""))
	}
	want := []string{
		`a.conf:1 on=maybe: the parameter is of type bool: "maybe" is neither 1, y, on nor 0, n, off; the kernel refuses mine for it (EINVAL)`,
		`a.conf:1 levle=3: the module has no parameter levle; the kernel passes it over and logs "unknown parameter 'levle' ignored"; did you mean level?`,
		`a.conf:1 ports=1,2,3: the parameter is of type array of ushort: 3 values, and it can only take 2; the kernel refuses mine for it (EINVAL)`,
		`a.conf:2 no effect: inside is built in, and its parameters are set on the kernel's command line (inside.NAME=VALUE)`,
		`a.conf:3 x=1: the module has no parameter x; the kernel passes it over and logs "unknown parameter 'x' ignored"; leave it out`,
		`/proc/cmdline level=0x takes the place of level=1, a.conf:1: the last one counts`,
		`/proc/cmdline level=0x: the parameter is of type int: "0x" is no number; the kernel refuses mine for it (EINVAL)`,
		`/proc/cmdline on takes the place of on=maybe, a.conf:1: the last one counts`,
		`/proc/cmdline delay=soon: the parameter is of type uint: "soon" is no number; the kernel boots without it, and logs that it is invalid`,
		`/proc/cmdline dealy=2: inside, which is built in, has no parameter dealy; the kernel passes it over without a word; did you mean delay?`,
		`/proc/cmdline delay=5 takes the place of delay=soon, /proc/cmdline: the last one counts`,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("finding %d is not as wanted:\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
