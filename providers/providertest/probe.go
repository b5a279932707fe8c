package providertest

import "github.com/openfroyo/froyo/runner/op"

// probe asks a service. Where there is none, nothing listens.
func (m *Memory) probe(o op.Op) op.Result {
	m.Probed = append(m.Probed, o)
	if listener := m.Listeners[o.Subject()]; listener != nil {
		return listener(o)
	}
	return op.Result{Error: &op.Error{Class: op.Transient, Code: "probe", Message: "connection refused (1 attempt in 0s)"}}
}
