// Package flags is the groups of flags that commands share, and what they stand for: variables of
// the runbook, the inventory with its hosts, and how to log in.
//
// It imports runtime/console, runtime/workspace, runtime/wire and engine/inventory.
package flags

import "github.com/openfroyo/froyo/engine/inventory"

// Target says which hosts, and how to get onto them.
type Target struct {
	Inventory []string `short:"i" sep:"none" placeholder:"FILE|h1,h2," complete:"files" help:"Inventory: CUE, Ansible INI or YAML, a program as for Ansible, a directory of these, or a list of hosts with a comma. May be repeated."`
	Limit     string   `short:"l" aliases:"selector" placeholder:"SELECTOR" complete:"selector" help:"Only these hosts: names, globs, groups, k=v labels; ':' joins, '&' intersects, '!' excludes."`
	Where     string   `placeholder:"EXPRESSION" help:"Only hosts whose facts make this true, an expression of Starlark: 'os.basic.family == \"debian\" and hw.cpu.cores >= 4'. Facts that are not known are asked for."`
	User      string   `short:"u" help:"Log in as this user where the inventory names none."`
	Become    bool     `short:"b" help:"Act as root where the inventory and the runbook say nothing else."`
	Method    string   `name:"become-method" enum:",sudo,su,doas" default:"" placeholder:"sudo|su|doas" help:"How to become another user where the inventory says nothing else (sudo)."`
	Login
	// Given are the hosts, where no flag names them.
	Given *inventory.Inventory `kong:"-"`
}

// Login says how to get onto hosts, whichever they are.
type Login struct {
	Forks     *int     `short:"f" placeholder:"N" help:"Number of hosts at work at once (50)."`
	AskBecome bool     `short:"K" name:"ask-become-pass" help:"Ask once for the password of sudo, su or doas."`
	AskPass   bool     `short:"k" name:"ask-pass" help:"Ask once for the SSH password."`
	Key       []string `sep:"none" placeholder:"FILE" type:"path" complete:"files" help:"Private key to log in with. May be repeated."`
	AcceptNew bool     `name:"accept-new" help:"Add the keys of unknown hosts to known_hosts. A changed key is always refused."`
	SSHConfig string   `name:"ssh-config" placeholder:"FILE" type:"path" complete:"files" help:"Read this file instead of ~/.ssh/config."`
	Timeout   int      `placeholder:"SECONDS" help:"How long to wait for a connection (ssh_config's ConnectTimeout, else 10)."`
	Vault     Vault    `embed:""`
	// Live has hosts tell what programs print as they do.
	Live bool `kong:"-"`
}

// Vars sets variables of the runbook.
type Vars struct {
	Extra     []string `short:"e" name:"extra-vars" sep:"none" placeholder:"k=v|@FILE" help:"Set a variable, or all of a YAML or JSON file. Also: FROYO_VAR_k in the environment."`
	Sensitive []string `placeholder:"k" help:"Names of sensitive variables, separated by commas: their values are never shown. The inventory's variable froyo_sensitive names more."`
}

// Units narrows what is planned of each host.
type Units struct {
	Tags     []string `short:"t" complete:"tags" help:"Only units with one of these tags."`
	SkipTags []string `name:"skip-tags" complete:"tags" help:"No units with one of these tags."`
	Only     []string `name:"target" sep:"none" placeholder:"UNIT" complete:"units" help:"Only this unit and what it requires: 'file[/etc/motd]', 'h1/file[*]'. May be repeated."`
	Exclude  []string `sep:"none" placeholder:"UNIT" complete:"units" help:"Not this unit, nor what requires it. May be repeated."`
}

// Output says how the answer looks.
type Output struct {
	JSON  bool   `name:"json" help:"Print JSON on standard output."`
	Into  string `name:"json-into" placeholder:"FILE" complete:"files" help:"Write what happens to FILE as well, one JSON object per line."`
	Trace string `placeholder:"FILE" complete:"files" help:"Write OpenTelemetry spans (run, host, unit, op) to FILE as JSON; - is standard error."`
}
