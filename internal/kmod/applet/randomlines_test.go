package applet

import (
	"fmt"
	"os"
	"strings"
)

// lines are command lines. Of a system they say where the tree is half of the
// time only.
func (r chance) lines(n int, system bool) (lines []string) {
	for range n {
		where := "-d $ROOT -S 1.0 -C etc/m.d "
		if system && r.in(2) {
			where = ""
		}
		line := r.line(where) + "; log; cat /proc/modules"
		if r.in(4) { // then the order of all that is printed counts
			line = strings.Replace(line, "; log", " 2>&1; log", 1)
		}
		lines = append(lines, line)
	}
	return lines
}

func (r chance) line(where string) string {
	switch r.IntN(14) {
	case 0, 1:
		return r.modinfo(where != "")
	case 2, 3, 4:
		return r.modprobe(where, r.of("-R", "-D", "-D", "-nv", "-nvi", "-nvb", "-Db", "-Di", "-Rb", "-qR", "-aR", "-aD", "-anv", "-n -v --first-time", "-Dq", "-Rv", "-DR", "-Da --ignore-install", "-D --use-blacklist", "--show-dep", "--resolve", "-vD"))
	case 5:
		return r.modprobe(where, r.of("-rnv", "-rnv --first-time", "-arnv", "-rnvi", "-rnvf", "-rD", "-rnv --ignore-remove"))
	case 6, 7, 8:
		return r.modprobe(where, r.of("", "", "-v", "-b", "-bv", "-i", "-a", "-av", "-q", "--first-time", "-f", "-vi", "--force-vermagic", "--force-modversion", "-q --first-time", "-ab", "-aq", "-av --first-time", "-s", "-ai", "-vf"))
	case 9:
		return r.modprobe(where, r.of("-r", "-rv", "-rv --first-time", "-ar", "-arv", "-rq", "-ri", "-rvf", "-rs", "-arq --first-time", "-rvi", "-r --remove-holders", "-rv --remove-holders", "-rnv --remove-holders", "-rw 1", "-rvw 5", "-r --wait=20 --first-time", "-arw 1"))
	case 10:
		return "rmmod " + r.of("", "-v ", "-f ", "-s ", "-fv ", "-- ", "--forc ", "-w ") + r.words(2) + r.of("", "", " -v")
	case 11:
		return "insmod " + r.file() + r.of("", " x=1", " x y=2", ` 'y="a b"'`, " ''")
	case 12:
		return r.of("lsmod", "modprobe "+where+"-c", "modprobe "+where+"-c nothing", "modprobe "+where+"--showconf", "modprobe -d $ROOT -S 1.0 -C etc/m.d/b.conf -c",
			"modprobe -d $ROOT -S 1.0 -C etc/m.d -C etc/m.d/b.conf -D "+quoted(r.word()), "modprobe -d $ROOT -S 1.0 -C etc/nothing -D "+quoted(r.word()),
			"modprobe -d $ROOT -S 2.0 -C etc/m.d "+r.of("-D", "-R", "", "-r", "-c", "-a")+" "+quoted(r.word()),
			"modprobe --show-exports "+r.file(), "modprobe --show-modversions "+r.file(), "modprobe --dump-modv "+r.file(),
			"MODPROBE_OPTIONS="+quoted(r.of("-v", "-D", "-R", "-b", "-q", "-C etc/m.d/b.conf", "-a", "--", "-x", "-v -b", "-q '-v'"))+" modprobe "+where+r.of("", "-D", "-R")+" "+quoted(r.word()))
	}
	tool, mistake := r.of("modprobe", "modinfo", "insmod", "rmmod", "lsmod"), r.mistake()
	if tool == "insmod" && strings.HasPrefix(mistake, "--") && mistake != "-- --x" { // it has flags that came after 34
		mistake = "--nothing"
	}
	return tool + " " + mistake
}

// compression is the start of a line that compresses some of the modules.
func (r chance) compression() string {
	if !r.in(3) {
		return ""
	}
	program := []string{"xz --check=crc32", "zstd -q --rm"}
	if os.Getenv("KMODSH_RANDOM_GZIP") != "" {
		program = append(program, "gzip -n")
	}
	var b strings.Builder
	for _, m := range moduleNames {
		if r.in(2) {
			fmt.Fprintf(&b, "find lib/modules -name %s.ko -exec %s {} + && ", m, r.of(program...))
		}
	}
	return b.String()
}

// mistake is what is no command line.
func (r chance) mistake() string {
	return r.of("", "--nothing", "-y", "-C", "--config", "--c", "--s", "--force-", "--first-time=1", "--set-version", "-S", "-F", "--", "-- --x", "-", "--=x", "-w x y", "--wait", "--wait=1x y", "--all=", "-vC", "--fo", "--re", "-d", "--help=1", "nothing --nothing")
}

// file is the path of a module file, that need not be there.
func (r chance) file() string {
	return r.of("", "./", "$ROOT/") + "lib/modules/1.0/" + r.of("kernel/", "kernel/", "kernel/drivers/", "updates/", "extra/", "kernel/a/b/") + r.of(moduleNames...) + r.of(".ko", ".ko", ".ko", ".ko", "", ".o", ".ko.xz", ".ko.zst", ".ko.gz")
}

func (r chance) modprobe(where, flags string) string {
	line := "modprobe " + where + flags
	if strings.Contains(flags, "w") { // kmod's may wait for ever
		line = "timeout 3 " + line
	}
	if strings.Contains(flags, "a") || strings.Contains(flags, "r") {
		return line + " " + r.words(3)
	}
	if r.in(20) {
		return line + " " + r.of("./", "$ROOT/") + "lib/modules/1.0/kernel/" + r.of(moduleNames...) + ".ko"
	}
	line += " " + quoted(r.word())
	for range r.IntN(3) {
		line += " " + r.of("x=1", "x", "'w=a b'", `'q="a b"'`, "--", "y=", "'z=a  b'", "''", "=1")
	}
	return line
}

func (r chance) words(most int) string {
	var f []string
	for range 1 + r.IntN(most) {
		f = append(f, quoted(r.word()))
	}
	return strings.Join(f, " ")
}

func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'" }

func (r chance) modinfo(where bool) string {
	line := "modinfo "
	if where {
		line += "-b $ROOT -k 1.0 "
	}
	line += r.of("", "", "-0 ", "-p ", "-a ", "-d ", "-l ", "-n ", "-F alias ", "-F parm ", "-F nothing ", "-F filename ", "-0 -F author ", "-m ", "-0p ", "-F name ", "-F softdep ", "-F '' ", "-0n ", "--field=license ", "--par ", "-F parmtype ", "-F signature ", "-F alias -p ", "-m -n ", "-0m ")
	if r.in(3) {
		return line + r.file() + r.of("", " "+r.word(), " "+r.file())
	}
	return line + r.words(3)
}
