package fleet

import (
	"context"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/samehost"
)

// Connections are the sessions with hosts, and what these tell beside the results of ops. They may be opened before the run that
// takes them over begins: what they tell until then waits for it.
type Connections struct {
	Pool  *Pool
	Notes *Notes
	// Live is what programs print, nil where that is not wanted as they do.
	Live *Live

	machines *samehost.Hosts
	early    context.CancelFunc // ends what Ahead opens; guarded by mu

	order   sync.RWMutex // held while what waited is told, so that nothing newer is told before
	mu      sync.Mutex
	sink    event.Sink              // nil until somebody listens
	preview event.Sink              // is told what waits, too; nil for nothing
	waiting []event.Event           // for a sink
	same    func(one, other string) // nil until somebody listens
	pairs   [][2]string             // for same
	logins  map[string]Login        // by host
	limits  map[string]string       // what sudo allows where that is not all, by host
}

// Connect returns the connections that openers open. live asks for what programs print as they do.
func Connect(openers Openers, live bool) *Connections {
	c := &Connections{Notes: NewNotes(), early: func() {}, logins: map[string]Login{}, limits: map[string]string{}}
	if live {
		c.Live = NewLive()
	}
	c.machines = samehost.New(c.sameHost)
	c.Pool = NewPool(func(ctx context.Context, h *inventory.Host) (Session, error) {
		hooks := HooksOf(h, c.Notes, c.Live, c, c.machines)
		c.note(h.Name, &hooks)
		return openers.Open(ctx, h, hooks)
	})
	return c
}

// Ahead begins to open the sessions with the first of hosts, beside other work. What goes wrong is told to who asks for them.
func (c *Connections) Ahead(ctx context.Context, hosts []*inventory.Host, forks int) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	before := c.early
	c.early = func() { before(); cancel() }
	c.mu.Unlock()
	for _, h := range hosts[:min(len(hosts), forks)] {
		go func() { _, _ = c.Pool.member(ctx, h) }()
	}
}

// Preview tells a sink what is to wait for who listens.
func (c *Connections) Preview(sink event.Sink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.preview = sink
}

// Listen sends what is told to a sink from now on, and what was told before; same is told of two names of one machine.
func (c *Connections) Listen(sink event.Sink, same func(one, other string)) {
	c.order.Lock()
	c.mu.Lock()
	waiting, pairs := c.waiting, c.pairs
	c.sink, c.same, c.waiting, c.pairs, c.preview = sink, same, nil, nil, nil
	c.mu.Unlock()
	for _, e := range waiting {
		sink.Emit(e)
	}
	c.order.Unlock()
	for _, p := range pairs {
		same(p[0], p[1])
	}
}

// Emit implements event.Sink, for what sessions tell.
func (c *Connections) Emit(e event.Event) {
	c.order.RLock()
	defer c.order.RUnlock()
	c.mu.Lock()
	sink := c.sink
	if sink == nil {
		c.waiting = append(c.waiting, e)
		sink = c.preview
	}
	c.mu.Unlock()
	if sink != nil {
		sink.Emit(e)
	}
}

func (c *Connections) sameHost(one, other string) {
	c.mu.Lock()
	same := c.same
	if same == nil {
		c.pairs = append(c.pairs, [2]string{one, other})
	}
	c.mu.Unlock()
	if same != nil {
		same(one, other)
	}
}

// note notes how a host let us in, and what sudo allows there.
func (c *Connections) note(host string, hooks *Hooks) {
	hooks.LoggedIn = func(l Login) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.logins[host] = l
	}
	tell := hooks.Restricted
	hooks.Restricted = func(user string, commands []string) {
		c.mu.Lock()
		c.limits[host] = strings.Join(commands, ", ")
		c.mu.Unlock()
		tell(user, commands)
	}
}

// Login tells how a host let us in, and to which commands sudo limits who acts there, "" where to none.
func (c *Connections) Login(host string) (l Login, in bool, limit string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, in = c.logins[host]
	return l, in, c.limits[host]
}

// Close ends the connections, also those that are being opened. It may be called again, and then waits for the same end.
func (c *Connections) Close(ctx context.Context) {
	c.mu.Lock()
	early := c.early
	c.mu.Unlock()
	early()
	c.Pool.Close(ctx)
}
