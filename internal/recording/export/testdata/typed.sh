#!/bin/sh
# SPDX-License-Identifier: MIT
#
# kmodsh on sim:v6.12
# recorded on sim:v6.12, kernel 6.12.0-sim, modprobe by the rule of kmod 19
#
# Reproduces a schedule of threads in the kernel's module loader, in the style of
# tools/testing/selftests: KTAP on standard output; exit status 0 reproduced,
# 1 not, 4 it cannot be run here. It needs root, a machine that may break, the test
# driver (kmodsh_driver.ko, loaded or beside this script), and the modules, in
# /lib/modules or in the directory MODULES.
#
# Made by kmodsh export; the trace file says why each thread stops where it does.
# shellcheck disable=SC2016,SC2317

DEV=${KMODSH_DEV:-/dev/kmodsh}
POLICY=${POLICY:-kmod19}
DEADLINE=${DEADLINE:-60} # seconds for any one thing to happen
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(mktemp -d /tmp/reproducer.XXXXXX) || exit 4
LOG=$WORK/events
TESTS=0
FAILED=0

say() { echo "# $*"; }

skip() {
	echo "ok 1 # SKIP $*"
	clean_up
	exit 4
}

check() { # RESULT WHAT
	TESTS=$((TESTS + 1))
	if [ "$1" = 0 ]; then
		echo "ok $TESTS $2"
	else
		echo "not ok $TESTS $2"
		FAILED=$((FAILED + 1))
	fi
}

clean_up() {
	[ -n "$MODPROBE" ] && echo "$MODPROBE" >/proc/sys/kernel/modprobe
	exec 3>&- 2>/dev/null # the driver lets everybody go
	[ -n "$READER" ] && kill "$READER" 2>/dev/null && wait "$READER" 2>/dev/null
	rm -rf "$WORK"
}

finish() {
	echo "1..$TESTS"
	clean_up
	[ "$FAILED" = 0 ]
	exit
}

give_up() {
	say "$*"
	check 1 "the schedule"
	finish
}

# tell sends the driver a command.
tell() { { echo "$1" >&3; } 2>/dev/null || give_up "the driver refuses: $1"; }

# hook tells the driver where to stop threads; a kernel may lack the function.
hook() { { echo "$1" >&3; } 2>/dev/null || say "not on this kernel: $1"; }

# until_said waits for an event that has all of the words.
until_said() {
	n=0
	while :; do
		found=$(cat "$LOG")
		for word in "$@"; do
			found=$(echo "$found" | grep -e " $word\( \|\$\)")
		done
		[ -n "$found" ] && return 0
		n=$((n + 1))
		[ $n -gt $((DEADLINE * 10)) ] && return 1
		sleep 0.1
	done
}

# ko finds a module's file.
ko() {
	for dir in "$MODULES" "$HERE" "/lib/modules/$(uname -r)"; do
		[ -n "$dir" ] || continue
		file=$(find "$dir" -name "$1.ko*" 2>/dev/null | head -n 1)
		[ -n "$file" ] || file=$(find "$dir" -name "$(echo "$1" | tr _ -).ko*" 2>/dev/null | head -n 1)
		[ -n "$file" ] && echo "$file" && return 0
	done
	return 1
}

pid() { cat "$WORK/$1.pid"; }

# prepare makes a process that stands before its command until it is begun.
prepare() { # ID COMMAND
	mkfifo "$WORK/$1.go"
	(
		exec 3>&-
		read -r _ <"$WORK/$1.go"
		eval "exec $2"
	) >"$WORK/$1.out" 2>&1 &
	echo $! >"$WORK/$1.pid"
}

# prepare_request makes a kernel thread that will call request_module().
prepare_request() { # ID COMMAND
	tell "$2"
	until_said thread "id=$1" || give_up "there is no thread for request $1"
	grep -e " thread " "$LOG" | grep -e " id=$1\( \|\$\)" | sed -n 's/.* pid=\([0-9]*\).*/\1/p' | tail -n 1 >"$WORK/$1.pid"
	: >"$WORK/$1.request"
}

begin() {
	if [ -e "$WORK/$1.request" ]; then
		tell "start $1"
	else
		echo go >"$WORK/$1.go"
	fi
}

held() { # ID POINT
	until_said stop "point=$2" "pid=$(pid "$1")" || give_up "$1 does not come to $2: $(cat "$WORK/$1.out" 2>/dev/null)"
	say "$1 is held at $2"
}

go_on() { tell "go $(pid "$1")"; }

# waits is for one that waits for another: it must still be there.
waits() { say "$1 waits"; }

# ended waits for the end and compares what came of it.
ended() { # ID STATUS
	if [ -e "$WORK/$1.request" ]; then
		until_said "done" "id=$1" || give_up "$1 does not end"
		got=$(grep -e " done " "$LOG" | grep -e " id=$1\( \|\$\)" | sed -n 's/.* ret=\(-*[0-9]*\).*/\1/p' | tail -n 1)
	else
		n=0
		while kill -0 "$(pid "$1")" 2>/dev/null && [ $n -le $((DEADLINE * 10)) ]; do
			n=$((n + 1))
			sleep 0.1
		done
		if wait "$(pid "$1")"; then got=ok; else got=fails; fi
		sed "s/^/# $1: /" "$WORK/$1.out"
	fi
	[ "$got" = "$2" ]
	check $? "$1 ends with $2, here $got"
}

state_is() { # MODULE STATE
	got=$(sed -n "s/^$1 [^ ]* [^ ]* [^ ]* \([A-Z][a-z]*\).*/\1/p" /proc/modules)
	[ "${got:-absent}" = "$2" ]
	check $? "module $1 is $2 then, here ${got:-absent}"
}

# kmod19 is modprobe by the rule of kmod 19 and earlier: a directory in /sys/module
# without initstate counts as built in.
kmod19() {
	cat >"$WORK/modprobe" <<-'SCRIPT'
		#!/bin/sh
		for name; do :; done
		PATH=/sbin:/usr/sbin:/bin:/usr/bin
		for m in $(modprobe -R "$name" 2>/dev/null || echo "${name#fs-}"); do
			[ -d "/sys/module/$m" ] && [ ! -e "/sys/module/$m/initstate" ] && exit 0
			exec modprobe -q -- "$name"
		done
		exit 1
	SCRIPT
	chmod 755 "$WORK/modprobe"
	MODPROBE=$(cat /proc/sys/kernel/modprobe)
	echo "$WORK/modprobe" >/proc/sys/kernel/modprobe
}

echo "TAP version 13"
[ "$(id -u)" = 0 ] || skip "it needs root"
[ -e "$DEV" ] || insmod "$HERE/kmodsh_driver.ko" 2>/dev/null
[ -e "$DEV" ] || skip "the test driver is not loaded: insmod kmodsh_driver.ko"
trap 'clean_up; exit 1' INT TERM
(: 3<>"$DEV") 2>/dev/null || skip "$DEV cannot be opened: is somebody using it?"
exec 3<>"$DEV"
cat <&3 >"$LOG" &
READER=$!
[ "$POLICY" = kmod19 ] && kmod19
ko minix >/dev/null || skip "there is no module file minix: set MODULES to where it is"

# Where threads are held, and what is made to fail.
hook 'hook W4 module_param_sysfs_setup m0 quiet=1'

# The schedule.
prepare A 'insmod "$(ko minix)"'
tell "rule 1 point=W4 module=minix pid=$(pid A) hit=1 do=hold"
begin A
held A W4
prepare_request B 'request B wait name=fs-minix'
begin B
ended B 0
state_is minix Loading
prepare C 'insmod "$(ko minix)"'
begin C
waits C
prepare_request f1 'request f1 wait name=ext4'
begin f1
ended f1 0
state_is crc16 Live
state_is crc32c_generic Live
state_is ext4 Live
state_is jbd2 Live
state_is mbcache Live
state_is minix Loading
prepare_request f2 'request f2 wait name=ext4'
begin f2
ended f2 0
state_is crc16 Live
state_is crc32c_generic Live
state_is ext4 Live
state_is jbd2 Live
state_is mbcache Live
state_is minix Loading
prepare_request f3 'request f3 wait name=ext4'
begin f3
ended f3 0
state_is crc16 Live
state_is crc32c_generic Live
state_is ext4 Live
state_is jbd2 Live
state_is mbcache Live
state_is minix Loading
go_on A
ended A ok
state_is crc16 Live
state_is crc32c_generic Live
state_is ext4 Live
state_is jbd2 Live
state_is mbcache Live
state_is minix Live
ended C ok
state_is crc16 Live
state_is crc32c_generic Live
state_is ext4 Live
state_is jbd2 Live
state_is mbcache Live
state_is minix Live

finish
