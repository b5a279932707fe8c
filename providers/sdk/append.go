package sdk

import (
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// The functions below write what codec.Append does. What most requests lead to
// they write themselves, at a fraction of the cost, and leave the rest to it.

// answer encodes an abi.Answer of n replies, each as soon as it is there.
func answer(n int, reply func(i int) abi.Reply) []byte {
	out := append(make([]byte, 0, 4<<10), `{"replies":[`...)
	for i := range n {
		if i > 0 {
			out = append(out, ',')
		}
		r := reply(i)
		var err error
		if out, err = appendReply(out, &r); err != nil {
			// A reply is plain data with checked JSON in it: this is a fault of the SDK, for the host to trap.
			panic(err)
		}
	}
	return append(out, "]}"...)
}

// appendReply writes a reply, of which one field is set.
func appendReply(dst []byte, r *abi.Reply) ([]byte, error) {
	switch {
	case r.Need != nil:
		return appendNeed(dst, r.Need)
	case len(r.Actual) > 0:
		dst = append(append(dst, `{"actual":`...), r.Actual...)
		return append(dst, '}'), nil
	case r.Change != nil && r.Change.Reason == "" && len(r.Change.Needs)+len(r.Change.Guards)+len(r.Change.Decides)+len(r.Change.Edits)+len(r.Change.Notes) == 0 && len(r.Change.Diffs) == 0 && len(r.Change.Effects) == 0:
		dst = codec.AppendString(append(dst, `{"change":{"action":`...), string(r.Change.Action))
		return append(dst, "}}"...), nil
	}
	return codec.Append(dst, r)
}

func appendNeed(dst []byte, need []op.Op) ([]byte, error) {
	dst = append(dst, `{"need":[`...)
	for i := range need {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendOp(dst, &need[i]); err != nil {
			return dst, err
		}
	}
	return append(dst, "]}"...), nil
}

func appendOp(dst []byte, o *op.Op) ([]byte, error) {
	switch o.Kind() {
	case op.KindStat:
		dst = codec.AppendString(append(dst, `{"fs.stat":{"path":`...), o.Stat.Path)
		if o.Stat.Follow {
			dst = append(dst, `,"follow":true`...)
		}
		if o.Stat.Unsafe {
			dst = append(dst, `,"unsafe":true`...)
		}
		return append(dst, "}}"...), nil
	case op.KindRead:
		dst = codec.AppendString(append(dst, `{"fs.read":{"path":`...), o.Read.Path)
		if o.Read.Limit != 0 {
			dst = strconv.AppendInt(append(dst, `,"limit":`...), o.Read.Limit, 10)
		}
		if o.Read.Unless != "" {
			dst = codec.AppendString(append(dst, `,"unless":`...), o.Read.Unless)
		}
		if o.Read.Size != 0 {
			dst = strconv.AppendInt(append(dst, `,"size":`...), o.Read.Size, 10)
		}
		if o.Read.NoFollow {
			dst = append(dst, `,"no_follow":true`...)
		}
		if o.Read.Unsafe {
			dst = append(dst, `,"unsafe":true`...)
		}
		return append(dst, "}}"...), nil
	}
	return codec.Append(dst, o)
}
