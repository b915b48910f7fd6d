// The constants of the hook's protocol (docs/protocol.md). They stand a second time in
// src/broker/protocol.ts; a test compares the two.
#ifndef VS_PROTOCOL_H
#define VS_PROTOCOL_H

#define VS_PROTOCOL_VERSION 2
#define VS_MAX_FRAME_BYTES 4194304

#define VS_TYPE_HELLO 1
#define VS_TYPE_RESOLVE 2
#define VS_TYPE_SPAWNED 3
#define VS_TYPE_FAILED 4
#define VS_TYPE_REAPED 5
#define VS_TYPE_FILTER 6
#define VS_TYPE_STATUS 7
#define VS_TYPE_NAMES 8

#define VS_TYPE_OK 16
#define VS_TYPE_VALUES 17
#define VS_TYPE_DENIED 18
#define VS_TYPE_REPORT 19

#define VS_FLAG_SPAWN 1
#define VS_FLAG_MALFORMED 2
#define VS_FLAG_SHARED 4

// How a program is shown a value: bits of each name in a request.
#define VS_EXPOSURE_ENV 1
#define VS_EXPOSURE_ARGV 2
#define VS_EXPOSURE_FILE 4
#define VS_EXPOSURE_STDIN 8
// The name stands in no argument: its placeholders may be left as text.
#define VS_EXPOSURE_OPTIONAL 16

// Of a FILTER: a terminal shows what comes out.
#define VS_FILTER_FLAG_TERMINAL 1

// What became of a name: the status of each value in an answer.
#define VS_STATUS_RELEASED 0
#define VS_STATUS_TEXT 1

#define VS_MAX_NAME_LENGTH 128
// A grant's name is made by the broker; this is what the hook has room for.
#define VS_MAX_GRANT_LENGTH 64

#define VS_WATCH_BITS 65536
#define VS_WATCH_BYTES 8192

// A human may be asked, for up to 110 s (src/cli/approval-settings.ts), and a busy vault takes its time;
// a hung broker must not hang a program for ever.
#define VS_ANSWER_TIMEOUT_MS 120000
// Nobody is asked before a hello is answered.
#define VS_HELLO_TIMEOUT_MS 30000
// An exit code is worth a short wait only: the shell's prompt hangs on it.
#define VS_REPORT_TIMEOUT_MS 2000

// The exit code of a process that vault-shell ended before its main.
#define VS_EXIT_NOT_STARTED 125

#endif
