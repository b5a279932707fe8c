// Command hostile is a guest that misbehaves as its units ask it to. It speaks
// the abi without the SDK, which would keep it from most of what it does.
package main

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// unit is what a request asks for.
type unit struct {
	Do    string `json:"do"`
	N     int    `json:"n"`
	Reply string `json:"reply"`
	// Announce and Perform are ops: what it says that it does, and what it does, from
	// the time on that When says: "apply", "again", "potential".
	Announce codec.Raw `json:"announce"`
	Perform  codec.Raw `json:"perform"`
	When     string    `json:"when"`
	Action   string    `json:"action"`
	// Replies are answers as they are, by verb and the number of log entries: "plan0".
	Replies map[string]string `json:"replies"`
}

var (
	in, out []byte
	mark    uint32
	calls   int
	sink    [][]byte
	depth   int
)

//go:wasmexport froyo_abi
func version() int32 { return abi.Version }

//go:wasmexport froyo_mark
func markAt() uint32 { return address(unsafe.Pointer(&mark)) }

//go:wasmexport froyo_buf
func buffer(n int32) uint32 {
	if len(in) < int(n) {
		in = make([]byte, n)
	}
	return address(unsafe.Pointer(&in[0]))
}

func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

//go:wasmexport froyo_call
func call(n int32) int64 {
	calls++
	mark = 0
	var c abi.Call
	if err := codec.Unmarshal(in[:n], &c); err != nil {
		panic(err.Error())
	}
	out = append(out[:0], `{"replies":[`...)
	for i, r := range c.Requests {
		var u unit
		if err := codec.Unmarshal(r.Unit, &u); err != nil {
			panic(err.Error())
		}
		if i > 0 {
			out = append(out, ',')
		}
		mark = uint32(i) + 1
		out = append(out, reply(u, r)...)
		mark = 0
		if whole, ok := instead(u); ok {
			return whole
		}
	}
	out = append(out, "]}"...)
	return packed(address(unsafe.Pointer(&out[0])), len(out))
}

func packed(at uint32, n int) int64 { return int64(at)<<32 | int64(n) }

// instead answers the whole call with rubbish.
func instead(u unit) (int64, bool) {
	switch u.Do {
	case "garbage":
		out = append(out[:0], "\x00\xff{\x1b[31m"...)
	case "count":
		out = append(out[:0], `{"replies":[{"actual":1},{"actual":2},{"actual":3}]}`...)
	case "outside memory":
		return packed(0xfffffff0, 1000), true
	case "endless":
		return packed(0, 1<<31), true
	case "nothing":
		return 0, true
	default:
		return 0, false
	}
	return packed(address(unsafe.Pointer(&out[0])), len(out)), true
}

// reply does what the unit says, and answers where it comes to that.
func reply(u unit, r abi.Request) string {
	if crash(u) {
		return `{"actual":"survived"}`
	}
	switch u.Do {
	case "fine":
		return `{"actual":{"n":` + strconv.Itoa(u.N) + `}}`
	case "state":
		return `{"actual":` + strconv.Itoa(calls) + `}`
	case "sleep":
		time.Sleep(time.Duration(u.N) * time.Second)
		return `{"actual":"slept"}`
	case "clock":
		return `{"actual":` + strconv.FormatInt(time.Now().Unix(), 10) + `}`
	case "random":
		return `{"actual":` + strconv.FormatInt(rand.Int64(), 10) + `}`
	case "stat":
		if len(r.Log) < u.N {
			return `{"need":[{"fs.stat":{"path":"/srv/` + strconv.Itoa(len(r.Log)) + `"}}]}`
		}
		return `{"actual":` + strconv.Itoa(len(r.Log)) + `}`
	case "flood":
		return `{"need":[` + strings.Repeat(`{"fs.stat":{"path":"/srv/x"}},`, u.N-1) + `{"fs.stat":{"path":"/srv/y"}}]}`
	case "raw":
		return u.Reply
	case "script":
		return u.Replies[string(r.Verb)+strconv.Itoa(len(r.Log))]
	case "lie":
		return lie(u, r)
	case "noise":
		return noise(u.N, r)
	}
	return `{"error":{"class":"permanent","message":"there is no such behaviour"}}`
}

// lie announces one op and asks for another. What it reads tells it whether a
// unit before it has changed the host.
func lie(u unit, r abi.Request) string {
	announced, performed := `[{"op":`+string(u.Announce)+`}]`, `[{"op":`+string(u.Perform)+`}]`
	changed := string(r.Actual) == "true"
	switch r.Verb {
	case abi.Read:
		if len(r.Log) == 0 {
			return `{"need":[{"fs.stat":{"path":"/srv/marker"}}]}`
		}
		return `{"actual":` + strconv.FormatBool(r.Log[0].Result.Stat.Exists) + `}`
	case abi.Potential:
		return `{"change":{"action":"` + u.Action + `","effects":` + announced + `}}`
	case abi.Plan:
		if u.When == "potential" && !changed {
			return `{"change":{"action":"none"}}`
		}
		if u.When != "apply" && changed {
			announced = performed
		}
		return `{"change":{"action":"` + u.Action + `","effects":` + announced + `}}`
	}
	for _, e := range r.Log {
		if same(e, u.Perform) {
			return `{"outcome":{"changed":true}}`
		}
	}
	return `{"need":[` + string(u.Perform) + `]}`
}

func same(e abi.Entry, text codec.Raw) bool {
	logged, err := codec.Marshal(e.Op)
	return err == nil && string(logged) == string(text)
}

// noise answers at random, and for every seed the same: rubbish, and what might be an answer.
func noise(seed int, r abi.Request) string {
	n := rand.New(rand.NewPCG(uint64(seed), uint64(len(r.Log))))
	words := []string{
		"{", "}", "[", "]", ":", ",", `"need"`, `"change"`, `"actual"`, `"outcome"`, `"error"`, `"effects"`, `"op"`, `"unknown"`, `"path"`,
		`"file.write"`, `"exec"`, `"/srv/x"`, `"none"`, `"action"`, "null", "true", "1e9", "-1", `"\u0000"`, "\x00", "\xff",
	}
	whole := []string{
		`{"need":[{"exec":{"argv":["id"],"read_only":true}}]}`, `{"need":[{"file.remove":{"path":"/srv/x"}}]}`,
		`{"change":{"action":"none","effects":[{"op":{"file.remove":{"path":"/srv/x"}}}]}}`,
		`{"change":{"action":"update","effects":[{"op":{"exec":{}},"unknown":["argv"]}]}}`,
		`{"outcome":{"changed":true,"outputs":{"x":1}}}`, `{"error":{"class":"odd"}}`, `{"actual":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	}
	if n.IntN(3) == 0 {
		return whole[n.IntN(len(whole))]
	}
	var b strings.Builder
	for range n.IntN(40) + 1 {
		b.WriteString(words[n.IntN(len(words))])
	}
	return b.String()
}

// crash ends the guest in one of many ways. It reports whether the unit asked for that.
func crash(u unit) bool {
	switch u.Do {
	case "loop":
		for {
			calls++
		}
	case "recurse":
		depth = recurse(1)
	case "allocate":
		for {
			sink = append(sink, make([]byte, 1<<20))
		}
	case "panic":
		panic("no \x1b[31mway")
	case "deadlock":
		<-make(chan int)
	case "exit":
		os.Exit(7)
	case "print":
		for range 1000 {
			println("noise \x1b]0;title\x07")
			os.Stdout.WriteString("more of it\n")
		}
		os.Exit(1)
	case "unmarked":
		mark = 0
		panic("somewhere")
	case "liar":
		mark = 1
		panic("not me")
	case "wild mark":
		mark = 1 << 31
		panic("nobody")
	default:
		return false
	}
	return true
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

func main() {}
