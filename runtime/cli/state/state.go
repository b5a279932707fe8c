// Package state is froyo state: what is kept between runs, but for the runs themselves.
//
// It imports runtime/cli/here, engine/state and engine/record.
package state

// Command is froyo state.
type Command struct {
	Handlers    handlersCommand    `cmd:"" aliases:"notifications" help:"Pending handlers: changes notified them, and they have not run since."`
	Protections protectionsCommand `cmd:"" help:"Resources that must not be removed."`
	Machines    machinesCommand    `cmd:"" help:"Machines behind the hosts' names."`
}
