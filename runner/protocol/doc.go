// Package protocol is what the controller and a runner say to each other: which
// frames there are, how they stand on a stream, and how bulk content is kept
// from blocking the line.
//
// A frame is one line of JSON with one key, its kind: {"cmd":{"id":1,...}}.
// Bulk content follows the line of its data frame as raw bytes, at most
// [MaxChunk] of them. A frame whose kinds are all unknown is ignored, so that
// either end may learn new ones; to keep that true, writers send such frames
// now and then ([Writer.Grease]).
//
// The runner speaks first. Whatever stands before the line that repeats the
// magic it was started with is noise of login shells and banners, and is
// skipped, never parsed ([Reader.SkipTo]).
//
//	runner      magic line, READY
//	controller  CMD, its DATA ...      many at once, before any answer
//	runner      WINDOW ... DATA ...    as content is taken in or given out
//	runner      NOTE                   what a CMD waits for, for people
//	runner      OUTPUT                 what the program of a live CMD prints
//	runner      DONE                   one for each CMD, in any order
//	controller  CANCEL                 gives up one CMD; its DONE still comes
//	controller  PING / runner PONG     every [PingEvery]; [Silence] counts as the end
//	controller  EXIT / runner BYE      when all commands are done
//	either      ERROR                  the other broke these rules; the last frame
//
// In one line, where EVENT is WINDOW, DATA or NOTE, and ERROR a DONE whose result
// holds one:
//
//	READY → (CMD → EVENT* → DONE | ERROR)* → EXIT
//
// Commands without "after" may run at the same time and in any order. One
// with "after" waits for those commands, and does not run where one of them
// ended in an error, was not run, or had another result than it must have:
//
//	             ┌─ result as expected ──→ DONE {result}
//	CMD → runs ──┤
//	  │          └─ another result ──────→ DONE {result, mismatch}  ┐ whatever is
//	  │            or an error ──────────→ DONE {result.error}      ┘ after it ↓
//	  └─ a command before it failed ─────→ DONE {not_run}, and so on
//
// Content flows under credit. For each command a sender may have [WindowSize]
// bytes on the way; the receiver gives credit back with WINDOW as it takes
// them in. A command whose op has a blob (file.write, the stdin of exec) gets
// its DATA right behind it, without being asked. The content of fs.read comes
// as DATA before its DONE. The last DATA has "end"; after a DONE nothing more
// is expected, and what still arrives for it is dropped.
//
// A net.connect relays a connection: its DATA goes both ways, each piece as it
// comes, and an "end" is the end of that direction alone. The controller has no
// credit until the WINDOW that says that the connection is there. DONE comes
// when both directions have ended, or with the error that ended them; CANCEL
// closes the connection. A relay waits for no slot among the ops under way and
// takes none, since it lasts as long as the controller likes.
//
//	CMD → WINDOW → (DATA | WINDOW)* both ways → DONE
//
// An exec with "live" has what its program prints sent as OUTPUT, before its DONE,
// under a credit of its own that the controller gives back with WINDOW at its own
// pace. What there is no credit for is left out and counted: the program never
// waits for the line. DONE holds the output as ever.
//
// A command with a key is noted in the host's journal of its run once it was
// performed, however that went, and before its DONE. EXIT removes the journal; who
// lost the line without one reads it with journal.read, and knows what was done.
//
// It is a leaf: it imports runner/op, runner/codec and the standard library
// only, never fmt or encoding/json, since the runner's size is speed.
package protocol
