package dial

import (
	"context"
	"strconv"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// identify refuses a runner that is not the user's whose it was to be, such as one
// that a sudo started which changes no user. Of the user that logs in only root is
// certain to be who the name says: servers may map others.
func (s *Session) identify(ctx context.Context, user string, l *link) error {
	login := s.transport.User()
	got, uid := l.runner.Ready.User, strconv.Itoa(l.runner.Ready.UID)
	switch {
	case user == "root" && l.runner.Ready.UID == 0, user != "root" && (user == login || got == user || uid == user):
		return nil
	case user != "root":
		// The name may be another of the same user's, as toor is of root's.
		s.cost.RoundTrips.Add(1)
		outcomes, err := l.perform(ctx, "", []target.Step{{Op: op.Op{Getent: &op.Getent{DB: "passwd", Key: user}}, Timeout: bootstrap.StartTime}}, true)
		if err != nil {
			return err
		}
		const id = 2
		if entry := outcomes[0].Result.Getent; entry != nil && entry.Found && len(entry.Fields) > id && entry.Fields[id] == uid {
			return nil
		}
	}
	is := "the runner is of " + escape.Text(escape.Short(got)) + " (uid " + uid + "), expected " + escape.Text(user)
	if user == login {
		return s.errorAt(target.StageBecome, is, "", "on this host the login "+escape.Text(login)+" leads to another user: name the one that it is (-u, ansible_user)", nil)
	}
	return s.errorAt(target.StageBecome, is, "",
		"what stands for sudo there changed the user to another, or to none: what does sudo -u "+escape.Text(user)+" id say on the host?", nil)
}
