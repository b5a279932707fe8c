package ssh

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/ssh/proxy"
	"github.com/openfroyo/froyo/runner/target"
	"golang.org/x/crypto/ssh"
)

// shown is what a host has shown to be it.
type shown struct {
	key     ssh.PublicKey // without its certificate
	other   bool          // it is not the one that it must be
	trusted bool          // it was accepted
}

// attempt is one handshake under way.
type attempt struct {
	dialer     *Dialer
	target     *endpoint
	hostKeys   *hostKeys
	algorithms []string

	keyError  *target.Error // why the host's key was refused
	host      shown         // the host's key
	answered  bool          // the password was asked for
	unread    error         // why it could not be given
	clock     *time.Timer   // until the handshake has taken too long; it stands still while the password is read
	encrypted bool          // a key could not be used for want of its passphrase
	exposed   string        // the file of one that others may read
	notes     []string      // why some keys could not be used
	banner    string
	sources   map[string]string      // where keys are from, by the key
	byAgent   map[string]bool        // those that the agent signs with
	asked     atomic.Pointer[string] // the key that the agent is asked to sign with, while it is
	tried     int                    // which attempt it is
	first     *firstWords
	dropped   bool // the host closed the connection before it said what it is
	login     Login
}

// handshake proves the host's identity and ours. It closes raw on failure.
func (a *attempt) handshake(ctx context.Context, raw net.Conn) (*ssh.Client, error) {
	a.clock = time.NewTimer(a.target.way.timeout)
	defer a.clock.Stop()
	if _, ok := raw.(*proxy.Conn); !ok {
		a.first = &firstWords{Conn: raw}
		raw = a.first
	}
	// Signing may hang in the agent, where closing the connection does not reach.
	ended := make(chan error, 1)
	var client *ssh.Client
	go func() {
		var err error
		client, err = a.negotiate(raw)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			return client, nil
		}
		if program, ok := raw.(*proxy.Conn); ok && !a.host.trusted && a.keyError == nil {
			return nil, a.proxyFailed(program, err)
		}
		_ = raw.Close() // err says more
		return nil, a.failed(err)
	case <-ctx.Done():
		_ = raw.Close() // which ends the negotiation
		return nil, ctx.Err()
	case <-a.clock.C:
		_ = raw.Close()
		return nil, a.silent(context.DeadlineExceeded)
	}
}

// firstWords keeps what a host says first.
type firstWords struct {
	net.Conn
	said []byte // for the negotiation alone, until it has ended
}

func (f *firstWords) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	const most = 200
	if room := most - len(f.said); room > 0 {
		f.said = append(f.said, p[:min(n, room)]...)
	}
	return n, err
}

// line is the first line, unless it is that of an SSH server.
func (f *firstWords) line() string {
	line, _, _ := strings.Cut(string(f.said), "\n")
	if strings.HasPrefix(line, "SSH-") {
		return ""
	}
	return strings.TrimRight(line, "\r")
}

func (a *attempt) negotiate(raw net.Conn) (*ssh.Client, error) {
	rules := &a.target.rules
	conn, channels, requests, err := ssh.NewClientConn(raw, a.target.keyName(), &ssh.ClientConfig{
		Config:            ssh.Config{Ciphers: rules.ciphers, MACs: rules.macs, KeyExchanges: rules.exchanges, RekeyThreshold: rules.rekey},
		User:              a.target.user,
		Auth:              a.methods(),
		HostKeyCallback:   a.checkHostKey,
		HostKeyAlgorithms: a.algorithms,
		BannerCallback:    a.keepBanner,
	})
	if err != nil {
		return nil, err
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func (a *attempt) checkHostKey(_ string, remote net.Addr, key ssh.PublicKey) error {
	a.host.key = key
	if cert, ok := key.(*ssh.Certificate); ok {
		a.host.key = cert.Key
	}
	if pin := a.target.trust.pin; pin != "" && ssh.FingerprintSHA256(a.host.key) != pin {
		a.host.other = true
		a.keyError = a.target.errorAt(target.StageHostKey, "the host key is "+describe(a.host.key)+", and "+escape.Text(pin)+" is expected",
			"someone may be listening in; compare it with what the host's console shows: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", nil)
		return a.keyError
	}
	if why := a.target.rules.refuses(key); why != "" {
		a.keyError = a.target.errorAt(target.StageHostKey, "the host key is refused: "+why, "", nil)
		return a.keyError
	}
	if err := a.hostKeys.check(a.target, remote, key); err != nil {
		a.keyError = err
		return err
	}
	a.host.trusted = true
	return nil
}

func (a *attempt) keepBanner(message string) error {
	const most = 2 << 10
	a.banner += message[:min(len(message), most-len(a.banner))]
	return nil
}
