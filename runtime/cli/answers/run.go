package answers

import (
	"io"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/console"
)

// Of collects what the programs of a run print where they are asked for: by a command line, or by an action that one
// runs, also where its plan was saved or its run is resumed. nil is that nothing is asked for.
func Of(l *client.Loaded) *Answers {
	spec := &l.Job.Spec
	if spec.Command == "" {
		return nil
	}
	return &Answers{
		Named: spec.Action != nil, Order: inventory.Names(l.Job.Hosts()),
		Prints: func(typ string) bool { return prints(l.Types().Type(typ)) },
	}
}

// Sinks are what is told of the run's events.
func (a *Answers) Sinks() []event.Sink {
	if a == nil {
		return nil
	}
	return []event.Sink{a}
}

// Show writes what was printed.
func (a *Answers) Show(c *console.Console) error {
	if a == nil {
		return nil
	}
	_, err := io.WriteString(c.Stdout, a.Text(c.Style(c.Stdout)))
	return err
}
