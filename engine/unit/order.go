package unit

import "slices"

// Order is what a unit's arguments say of its place among the units of a host
// that run side by side, as its type declares in CUE. Edges that the runbook
// says are beside it.
type Order struct {
	// Path is where the resource is on the host, in its one spelling; "" where it has another name than a path.
	Path string
	// Claims are what on the host the unit owns or needs.
	Claims []Claim
	// Transaction names what units share that are done one after the other, those
	// that stand together in one transaction; "" is nothing.
	Transaction string
	// Alone says that nothing else of the host is at work beside the unit, which
	// could cut it off.
	Alone bool
	// Lockout says whether the unit could cut off who is to log in.
	Lockout Lockout
	// Brings are the kinds of things that other units may need and this one may bring when it changes the host,
	// beside what the files are that it changes; nil is that its type does not say, so that it may be anything.
	Brings []string
}

// Lockout says whether a unit could cut off who logs in to its host.
type Lockout struct {
	// May is that it could, whoever that is.
	May bool
	// Login is whom it could cut off, "" for none in particular.
	Login string
	// Wanted is that the runbook wants it guarded, whatever it could do.
	Wanted bool
	// Unkept is why the guard could not undo it, "" where it could.
	Unkept string
}

// Of reports whether the unit could cut off a user, who is "" where it is not known who logs in.
func (l Lockout) Of(login string) bool {
	return l.May || l.Login != "" && (login == "" || l.Login == login)
}

// Anything is what a type brings of which nothing more can be told.
const Anything = "anything"

// Connections is what a type brings whose units start what other programs connect to.
const Connections = "connections"

// MayBring reports whether the unit may bring a thing of a kind, "" for one of which that is not known. One that owns things
// of that kind by their names brings none of another name.
func (o *Order) MayBring(kind, name string) bool {
	owns := false
	for _, c := range o.Claims {
		if c.Owns && c.Namespace == kind && kind != "" && name != "" {
			if owns = true; c.Name == name {
				return true
			}
		}
	}
	return !owns && o.brings(kind)
}

func (o *Order) brings(kind string) bool {
	return o.Brings == nil || slices.Contains(o.Brings, Anything) || slices.Contains(o.Brings, kind) || kind == "" && len(o.Brings) > 0
}

// Claim is one thing on a host that a unit is about. Of two units that claim one
// thing, of which one owns it, the one that is declared first goes first.
type Claim struct {
	// Namespace tells things of one name apart: PathNamespace, or a name that types agree on.
	Namespace string
	Name      string
	// Owns says that the unit manages the thing: makes, changes or removes it.
	// Otherwise it only needs it.
	Owns bool
	// Edits says that it manages a part of a file, Whole that no other may: what is at the path is the unit's alone.
	Edits, Whole bool
}

// PathNamespace is the namespace of paths on the host: absolute, in their one
// spelling. A path is claimed with all that is below it.
const PathNamespace = "path"
