package target

import "github.com/openfroyo/froyo/runner/op"

// Stage is how far a connection came before it failed.
type Stage string

// The stages, in their order.
const (
	StageConnect Stage = "connect" // no connection: down, refused, no route, timeout
	StageHostKey Stage = "hostkey" // the host's key is unknown or changed
	StageAuth    Stage = "auth"    // the host refused us
	StageBecome  Stage = "become"  // sudo refused us
	StageStart   Stage = "start"   // the runner could not be put in place or started
	StageLost    Stage = "lost"    // the connection or the runner ended in the middle
	StageWire    Stage = "wire"    // the runner broke the protocol
)

// Error is a host that cannot be worked with. It never harms another host.
type Error struct {
	Host    string
	Stage   Stage
	Message string // what happened, lower case, one line
	Detail  string // evidence from the host, control characters escaped
	Hint    string // what to do
	Cause   error
}

func (e *Error) Error() string { return e.Host + ": " + e.Message }
func (e *Error) Unwrap() error { return e.Cause }

// Unreachable reports whether the host could not be reached or was lost, as
// opposed to reached and refusing.
func (e *Error) Unreachable() bool {
	return e.Stage != StageBecome && e.Stage != StageStart
}

// UnknownKeyError is that nothing says whether a host's key is its own. It is the Cause of the Error that tells so.
type UnknownKeyError struct {
	Address string
	Port    int
	Key     string // its type and fingerprint, escaped
	Jumps   bool   // the host is reached through others
	Cause   error
}

func (e *UnknownKeyError) Error() string { return "the host key is not known: " + e.Key }
func (e *UnknownKeyError) Unwrap() error { return e.Cause }

// LockLostError is a host whose lock the run no longer holds. Nothing more is done
// on it.
type LockLostError struct {
	Host    string
	Message string // what the runner that noticed it said, escaped, one line
	// Reason is its error, with who has the host now where that shows. Its texts are
	// not escaped.
	Reason *op.Error
	// Lost is how the run noticed, where its own runner ended before another run
	// locked the host; else nil.
	Lost *Error
}

func (e *LockLostError) Error() string {
	text := e.Host + ": " + e.Message
	if e.Lost != nil {
		text += " (" + e.Lost.Message + ")"
	}
	return text
}

func (e *LockLostError) Unwrap() error { return e.Reason }
