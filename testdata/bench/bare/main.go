// Command bare is the least that could do what froyo's plan does on hosts:
// dial, push the runner, send all ops in one batch, read the results. It has
// no runbook, no plan, no state, and trusts any host key. make bench compares
// froyo with it.
//
//	bare RUNNER.gz KEY ADDRESS [ADDRESS ...]
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/runner/protocol"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: bare RUNNER.gz KEY ADDRESS [ADDRESS ...]")
	}
	runner, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	key, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		return err
	}
	config := &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // hosts of this machine's own lab
	}
	var wg sync.WaitGroup
	errs := make([]error, len(args)-2)
	for i, address := range args[2:] {
		wg.Go(func() {
			if err := check(address, config, runner); err != nil {
				errs[i] = fmt.Errorf("%s: %w", address, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// check does the 19 checks on one host.
func check(address string, config *ssh.ClientConfig, runner []byte) error {
	client, err := ssh.Dial("tcp", address+":22", config)
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	stdin, err := session.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := session.StdoutPipe()
	if err != nil {
		return err
	}
	magic := protocol.NewMagic()
	script := `d=/tmp/.` + magic + ` && mkdir -m 700 $d && head -c ` + strconv.Itoa(len(runner)) +
		` | gzip -dc >$d/froyo-runner && chmod 700 $d/froyo-runner && exec $d/froyo-runner ` + magic + ` $d/froyo-runner`
	if err := session.Start(script); err != nil {
		return err
	}
	if _, err := stdin.Write(runner); err != nil {
		return err
	}
	writer := protocol.NewWriter(stdin)
	for i, o := range ops() {
		if err := writer.Write(protocol.Frame{Command: &protocol.Command{ID: uint64(i + 1), Op: o}}); err != nil {
			return err
		}
	}
	if err := writer.Send(protocol.Frame{Exit: &protocol.Exit{}}); err != nil {
		return err
	}
	reader := protocol.NewReader(stdout)
	if _, err := reader.SkipTo(magic); err != nil {
		return err
	}
	return results(reader)
}

// results reads frames until the runner says goodbye.
func results(reader *protocol.Reader) error {
	done := 0
	for {
		frame, err := reader.Read()
		switch {
		case err != nil:
			return err
		case frame.Error != nil:
			return errors.New(frame.Error.Message)
		case frame.Done != nil:
			if e := frame.Done.Result.Error; e != nil {
				return errors.New(e.Message)
			}
			done++
		case frame.Bye != nil:
			if want := len(ops()); done != want {
				return fmt.Errorf("%d of %d ops were done", done, want)
			}
			return nil
		}
	}
}
