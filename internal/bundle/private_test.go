package bundle

import "testing"

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"eth0: 52:54:00:12:34:56 up":                                        "eth0: *** up",
		"options wifi password=hunter2 debug=1":                             "options wifi password=*** debug=1",
		"options wifi wpa_psk=\"two words\" debug=1\nnext":                  "options wifi wpa_psk=*** debug=1\nnext",
		"alias pci:v00008086d00001533sv* igb":                               "alias pci:v00008086d00001533sv* igb",
		"[    1.5] loop: module loaded":                                     "[    1.5] loop: module loaded",
		"module verification failed: signature and/or required key missing": "module verification failed: signature and/or required key missing",
		"blacklist btusb # passing thoughts":                                "blacklist btusb # passing thoughts",
	} {
		if got := Mask(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := MaskValue("wepkey", "123"); got != hidden {
		t.Errorf("a key's value becomes %q", got)
	}
	if got := MaskValue("debug", "5"); got != "5" {
		t.Errorf("a value becomes %q", got)
	}
}

func TestAboutModulesCmdline(t *testing.T) {
	for line, want := range map[string]string{
		"BOOT_IMAGE=/vmlinuz root=UUID=1234 ro quiet":                               "BOOT_IMAGE=*** root=*** ro quiet",
		"mine.level=1 modprobe.blacklist=a,b module_blacklist=c lockdown=integrity": "mine.level=1 modprobe.blacklist=a,b module_blacklist=c lockdown=integrity",
		`mine.text="a b" ip=10.0.0.1::10.0.0.2 mine.mac=52:54:00:12:34:56`:          `mine.text="a b" ip=*** mine.mac=***`,
		`"mine.text=a b" "key=my secret" mine.flag`:                                 `"mine.text=a b" key=*** mine.flag`,
		"rd.luks.uuid=1 systemd.set_credential=a:b iscsi.password=x":                "rd.luks.uuid=*** systemd.set_credential=*** iscsi.password=***",
		"quiet nomodule -- --token secret":                                          "quiet nomodule",
	} {
		if got := AboutModulesCmdline(line); got != want {
			t.Errorf("%q becomes %q, want %q", line, got, want)
		}
	}
}

func TestAboutModulesLeavesTheCommandLine(t *testing.T) {
	got := AboutModules([]string{"[    0.0] Kernel command line: mine.key=1 nomodule", "[    0.1] Command line: module", `[    0.2] Unknown kernel command line parameters "nomodule key=1", will be passed to user space.`, "[    1.0] mine: module loaded"}, []string{"mine"})
	if len(got) != 1 || got[0] != "[    1.0] mine: module loaded" {
		t.Errorf("%q", got)
	}
}
