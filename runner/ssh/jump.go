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
func (d *Dialer) via(ctx context.Context, t *endpoint, chain []string) (*Client, error) {
	last := len(t.jumps) - 1
	hop, err := d.resolveJump(ctx, t.jumps[last])
	if err != nil {
		return nil, err
	}
	if last > 0 {
		hop.jumps, hop.way.command = t.jumps[:last], ""
	}
	chain = append(slices.Clip(chain), t.id())
	if slices.Contains(chain, hop.id()) {
		return nil, hop.errorAt(target.StageConnect, "is reached through itself", "fix ProxyJump in ssh_config", nil)
	}
	j := d.jump(hop, chain)
	select {
	case <-j.ready:
		return j.client, j.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// jump returns the connection to a jump host, begun by whoever asks first and
// not bound to that one's context.
func (d *Dialer) jump(hop *endpoint, chain []string) *jump {
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
		j.client, j.err = d.connect(ctx, hop, chain)
	}()
	return j
}

// resolveJump reads one entry of ProxyJump: [user@]host[:port], as a name or an ssh:// URL.
func (d *Dialer) resolveJump(ctx context.Context, spec string) (*endpoint, error) {
	h := Host{Name: spec}
	rest := strings.TrimPrefix(spec, "ssh://")
	if user, after, found := strings.Cut(rest, "@"); found {
		h.User, rest = user, after
	}
	host, port, hasPort := cutPort(rest)
	h.Address = host
	if hasPort {
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, &target.Error{Host: escape.Text(spec), Stage: target.StageConnect, Message: "the port is not a number"}
		}
		h.Port = n
	}
	hop, err := d.resolve(ctx, h)
	if err == nil {
		hop.jump = true
	}
	return hop, err
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
