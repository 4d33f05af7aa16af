package scenario

// Template is what a new scenario begins with.
const Template = `# title: What happens, in one line
# shows: What a reader learns from it, in a sentence or two; lines that begin
#   with more than one blank go on with the one before.
# source: where that is known from
# targets: sim:v6.1 sim:v6.12

# Verbs, one on each line; kmodsh help lists them. Lines before the first case
# are run at the beginning of every case.
policy kmod20

case the module is loaded by a request
spawn A request fs-minix
continue
expect result("A") == 0 and state("minix") == "live"

case a name that nothing stands for
spawn A request nosuch
continue
# A line for some targets only, and a line that must fail:
[sim:v6.*] expect result("A") == 256
! load nosuch
`

// LessonTemplate is what a new lesson begins with.
const LessonTemplate = `# title: What the lesson is about, in one line
# minutes: 5
# shows: What a reader knows afterwards.
# source: where that is known from
# targets: sim:v6.12

#: Prose. Lines go on until something else comes; a line with the mark alone
#: begins a paragraph.
#:
#: Ask before you show. Then verbs, as at the prompt: each is run, and the reader
#: sees what it shows.

spawn A insmod minix

#? Is minix live now?
#? a) yes
#? b) no: A has not moved
#? hint: where does threads say that A is?
#= b

states minix

#! An exercise: what to do, in words. Let A run until minix is live.
#! hint: the verb continue lets all threads run
#! answer: continue
#! check: state("minix") == "live"

#: What there is to say about it.

#-

#: A line with - makes a pause: the reader goes on by Enter.

#+ further reading: a file of the kernel, a manual page
#@ kmodsh --on vm:6.12 shell
#@ > load minix
#@ > expect state("minix") == "live"
#@ What there is to see on a real kernel, in words.
`
