package sshtest

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// patience is how long processes get to end by themselves once their
// connection is gone.
const patience = 10 * time.Second

// stop ends the server and checks that nothing it ran is left.
func (s *Server) stop(t testing.TB) {
	_ = s.listener.Close() // it is no longer waited for
	s.Cut()
	ended := make(chan struct{})
	go func() {
		s.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return
	case <-time.After(patience):
	}
	s.mu.Lock()
	for group := range s.running {
		t.Errorf("process group %d did not end when its connection did", group)
		if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
			t.Log(err)
		}
	}
	s.mu.Unlock()
	<-ended
}

// serve speaks with one client until the connection ends.
func (s *Server) serve(raw net.Conn) {
	conn, channels, requests, err := ssh.NewServerConn(raw, s.config())
	if err != nil {
		return
	}
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	if s.options.Mute {
		_ = conn.Wait()
		return
	}
	s.done.Go(func() { ssh.DiscardRequests(requests) })
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			s.done.Go(func() { s.session(conn, channel) })
		case "direct-tcpip":
			if s.options.NoForwarding {
				_ = channel.Reject(ssh.Prohibited, "open failed")
				continue
			}
			s.done.Go(func() { forward(channel) })
		default:
			_ = channel.Reject(ssh.UnknownChannelType, "not here")
		}
	}
}

// forward connects a channel to where the client wants, as a jump host does.
func forward(offered ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(offered.ExtraData(), &to); err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "bad request")
		return
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "connection refused")
		return
	}
	channel, requests, err := offered.Accept()
	if err != nil {
		_ = conn.Close() // the client is gone
		return
	}
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(channel, conn)
		_ = channel.Close() // it may have ended already
	}()
	_, _ = io.Copy(conn, channel)
	_ = conn.Close() // either end may have gone first
}

// session serves one session: a single exec request.
func (s *Server) session(conn *ssh.ServerConn, offered ssh.NewChannel) {
	s.mu.Lock()
	s.sessions++
	full := s.options.MaxSessions > 0 && s.sessions > s.options.MaxSessions
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.sessions--
		s.mu.Unlock()
	}()
	if full {
		_ = offered.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for request := range requests {
		var command struct{ Text string }
		if request.Type != "exec" || s.options.RefuseExec || ssh.Unmarshal(request.Payload, &command) != nil {
			_ = request.Reply(false, nil)
			continue
		}
		_ = request.Reply(true, nil)
		go ssh.DiscardRequests(requests)
		s.run(conn, channel, command.Text)
		return
	}
}

// run executes a command as sshd does: without a terminal, and when the
// connection ends the command's streams end with it, but it is not killed.
func (s *Server) run(conn *ssh.ServerConn, channel ssh.Channel, command string) {
	cmd := s.command(conn.User(), command)
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	stderr, err3 := cmd.StderrPipe()
	if errors.Join(err1, err2, err3) != nil || cmd.Start() != nil {
		exitStatus(channel, 255)
		return
	}
	s.note(cmd.Process.Pid, true)
	defer s.note(cmd.Process.Pid, false)
	go func() {
		_ = conn.Wait()
		stdin.Close()
		stdout.Close()
		stderr.Close()
	}()
	go func() {
		_, _ = io.Copy(stdin, channel)
		stdin.Close()
	}()
	copied := make(chan struct{}, 2)
	go func() {
		_, _ = io.WriteString(channel, s.options.Noise)
		_, _ = io.Copy(channel, stdout)
		stdout.Close()
		copied <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(channel.Stderr(), stderr)
		stderr.Close()
		copied <- struct{}{}
	}()
	state, err := cmd.Process.Wait()
	if err != nil {
		return
	}
	<-copied
	<-copied
	status, _ := state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		exitSignal(channel, status.Signal())
		return
	}
	exitStatus(channel, status.ExitStatus())
}

func (s *Server) command(user, command string) *exec.Cmd {
	shell := s.options.Shell
	if len(shell) == 0 {
		shell = []string{"/bin/sh"}
	}
	cmd := exec.Command(shell[0], append(shell[1:len(shell):len(shell)], "-c", command)...)
	cmd.Env = s.options.Env
	if len(cmd.Env) == 0 {
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "USER=" + user} //nolint:forbidigo // the server stands for a host
	}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func (s *Server) note(group int, running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if running {
		s.running[group] = true
	} else {
		delete(s.running, group)
	}
}

func exitStatus(channel ssh.Channel, status int) {
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}

func exitSignal(channel ssh.Channel, signal syscall.Signal) {
	names := map[syscall.Signal]string{syscall.SIGKILL: "KILL", syscall.SIGTERM: "TERM", syscall.SIGSEGV: "SEGV", syscall.SIGPIPE: "PIPE"}
	_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
		Signal  string
		Core    bool
		Message string
		Lang    string
	}{names[signal], false, "", ""}))
}
