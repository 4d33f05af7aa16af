// Package export turns a recording into what other programs show: a Perfetto
// trace, a page and a picture, a terminal recording, a report for a mailing
// list, a script that reproduces it. All of them are functions of the recording
// alone, so that the same recording gives the same bytes.
//
// It must not know where a recording was made, nor read or write files.
package export
