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
