package ssh

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/target"
)

// jump is a connection to a jump host, shared by all hosts behind it: sshd
// drops logins that come too many at a time.
type jump struct {
	ready  chan struct{} // closed when client or err is set
	client *Client
	err    error
	cancel context.CancelFunc
}

func (j *jump) close() error {
	j.cancel()
	<-j.ready
	if j.client == nil {
		return nil
	}
	return j.client.Close()
}

// via returns the connection to the last jump host before t.
func (d *Dialer) via(ctx context.Context, t *endpoint) (*Client, error) {
	last := len(t.jumps) - 1
	hop, err := d.resolveJump(ctx, t.jumps[last])
	if err != nil {
		return nil, err
	}
	if last > 0 {
		hop.jumps, hop.way.command = t.jumps[:last], ""
	}
	j := d.jump(hop)
	select {
	case <-j.ready:
		return j.client, j.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// jump returns the connection to a jump host, begun by whoever asks first and
// not bound to that one's context.
func (d *Dialer) jump(hop *endpoint) *jump {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := hop.shared()
	j := d.jumps[id]
	if j != nil {
		return j
	}
	ctx, cancel := context.WithCancel(context.Background())
	j = &jump{ready: make(chan struct{}), cancel: cancel}
	d.jumps[id] = j
	go func() {
		defer close(j.ready)
		j.client, j.err = d.connect(ctx, hop)
	}()
	return j
}

// maxJumps is how many jump hosts may stand one behind the other.
const maxJumps = 16

// checkJumps refuses a host whose jump hosts lead to one of themselves, before anything connects: each would
// wait for the other, and ssh would start itself without end.
func (d *Dialer) checkJumps(ctx context.Context, t *endpoint) error {
	way, passed := []string{t.name}, []string{t.id()}
	for at := t; len(at.jumps) > 0; {
		// The others of a list are reached through the first, which goes by its own settings.
		hop, err := d.resolveJump(ctx, at.jumps[0])
		if err != nil {
			return t.failed(ctx, err)
		}
		way = append(way, hop.name)
		if slices.Contains(passed, hop.id()) {
			return t.errorAt(target.StageConnect, "ProxyJump of "+at.way.place+" leads in a circle: "+strings.Join(way, ", "),
				`give one of them "ProxyJump none", in a block "Host" of its own above that line`, nil)
		}
		if len(way) > maxJumps {
			return t.errorAt(target.StageConnect, "ProxyJump of "+at.way.place+" leads over more than "+strconv.Itoa(maxJumps)+" hosts: "+strings.Join(way[:4], ", ")+", ...",
				`give one of them "ProxyJump none", in a block "Host" of its own above that line`, nil)
		}
		at, passed = hop, append(passed, hop.id())
	}
	return nil
}

// resolveJump resolves one entry of ProxyJump, once for all hosts behind it.
func (d *Dialer) resolveJump(ctx context.Context, spec string) (*endpoint, error) {
	d.mu.Lock()
	known := d.hops[spec]
	d.mu.Unlock()
	if known == nil {
		user, host, port := cutJump(spec)
		h := Host{Name: spec, User: user, Address: host}
		if port != "" {
			n, err := strconv.Atoi(port)
			if err != nil {
				return nil, &target.Error{Host: escape.Text(spec), Stage: target.StageConnect, Message: "the port is not a number"}
			}
			h.Port = n
		}
		hop, err := d.resolve(ctx, h)
		if err != nil {
			return nil, err
		}
		known, hop.jump = hop, true
		d.mu.Lock()
		d.hops[spec] = hop
		d.mu.Unlock()
	}
	hop := *known // which whoever asks may change
	return &hop, nil
}

// cutJump takes an entry of ProxyJump apart: [user@]host[:port], as a name or an ssh:// URL.
func cutJump(spec string) (user, host, port string) {
	host = strings.TrimPrefix(spec, "ssh://")
	if before, after, found := strings.Cut(host, "@"); found {
		user, host = before, after
	}
	host, port, _ = cutPort(host)
	return user, host, port
}

// cutPort splits host:port and [v6]:port; a bare IPv6 address has no port.
func cutPort(s string) (host, port string, found bool) {
	if strings.HasPrefix(s, "[") {
		host, rest, _ := strings.Cut(s[1:], "]")
		port, found := strings.CutPrefix(rest, ":")
		return host, port, found
	}
	if strings.Count(s, ":") > 1 {
		return s, "", false
	}
	return strings.Cut(s, ":")
}
