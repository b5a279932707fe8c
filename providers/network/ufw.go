package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// ufwRules is a firewall as what ufw has of it.
type ufwRules Firewall

// UFWState is what is there of ufw.
type UFWState struct {
	Enabled bool           `json:"enabled,omitempty"`
	AtBoot  bool           `json:"at_boot,omitempty"` // systemd starts it, so that being enabled counts
	IPv6    bool           `json:"ipv6,omitempty"`    // it is in charge of IPv6, too
	Lacks   *op.NeedResult `json:"lacks,omitempty"`
	// Policies are those of ufw, by direction.
	Policies map[string]string `json:"policies,omitempty"`
	// Files are before.rules and before6.rules.
	Files []textfile.State `json:"files"`
	// Kernel is what the kernel has of each family, and Wanted how it lists what the unit wants.
	Kernel []UFWKernel `json:"kernel"`
	// Closes says that without the unit's rules none would let in a connection like the one by which froyo is on the host.
	Closes bool     `json:"closes,omitempty"`
	Wanted []string `json:"wanted"`
}

// UFWKernel is what the kernel has of a family.
type UFWKernel struct {
	Chains []string `json:"chains,omitempty"` // the unit's
	Rules  string   `json:"rules,omitempty"`  // the unit's, and what leads to them
	// Whole says that the chains of ufw are there, with its policies.
	Whole bool `json:"whole,omitempty"`
}

const (
	ufwConf     = "/etc/ufw/ufw.conf"
	ufwDefaults = "/etc/default/ufw"
	ufwUnit     = "ufw.service"
)

var (
	ufwFiles = [2]string{"/etc/ufw/before.rules", "/etc/ufw/before6.rules"}
	saves    = [2]string{"iptables-save", "ip6tables-save"}
	restores = [2]string{"iptables-restore", "ip6tables-restore"}
)

// ufwNames are the hooks of the kernel by the names that ufw has for them.
var ufwNames = []struct{ direction, setting, called string }{
	{input, "DEFAULT_INPUT_POLICY", "incoming"}, {forward, "DEFAULT_FORWARD_POLICY", "routed"}, {output, "DEFAULT_OUTPUT_POLICY", "outgoing"},
}

// ufwPolicies are the policies as ufw's command and its file call them.
var ufwPolicies = map[string]struct{ word, target string }{accept: {"allow", acceptTarget}, drop: {"deny", "DROP"}}

// ops are what is read of ufw on every host.
func (f ufwRules) ops() []op.Op {
	ops := make([]op.Op, 0, 5)
	for _, path := range []string{ufwConf, ufwDefaults, ufwFiles[0], ufwFiles[1]} {
		ops = append(ops, op.Op{Text: &op.Text{Path: path, Limit: op.MaxText}})
	}
	return append(ops, op.Op{Need: &op.Need{Program: "ufw"}})
}

func (f ufwRules) state(t *sdk.T, results []op.Result) (s UFWState) {
	defaults := t.Must(results[1]).Text.Text
	s.IPv6 = strings.EqualFold(setting(defaults, "IPV6"), "yes")
	s.Policies = map[string]string{}
	for _, name := range ufwNames {
		s.Policies[name.direction] = setting(defaults, name.setting)
	}
	s.Files, s.Kernel, s.Wanted = make([]textfile.State, len(ufwFiles)), make([]UFWKernel, len(ufwFiles)), make([]string, len(ufwFiles))
	for i := range s.Files {
		s.Files[i] = textfile.State{TextResult: *t.Must(results[2+i]).Text}
	}
	if need := t.Must(results[4]).Need; need.Lacking() > 0 {
		s.Lacks = need
	}
	// Its files outlive the program: without that they decide about nothing.
	s.Enabled = s.Lacks == nil && strings.EqualFold(setting(t.Must(results[0]).Text.Text, "ENABLED"), "yes")
	return s
}

// setting is the last value that a shell would have of a name.
func setting(text, name string) (value string) {
	for line := range strings.Lines(text) {
		if given, is := strings.CutPrefix(strings.TrimSpace(line), name+"="); is {
			value = strings.Trim(given, `"'`)
		}
	}
	return value
}

// families are those of which ufw is in charge.
func (s UFWState) families() int {
	if s.IPv6 {
		return 2
	}
	return 1
}

// read asks what the kernel has, and how it lists what is wanted.
func (f ufwRules) read(t *sdk.T, state *FirewallState, wanted bool) {
	s := &state.UFW
	n := s.families()
	var ops []op.Op
	for i := range n {
		ops = append(ops, op.Op{Exec: &op.Exec{Argv: []string{saves[i], "-t", "filter"}, ReadOnly: true, Limit: op.MaxOutput}})
	}
	for i := 0; wanted && i < n; i++ {
		text := f.tables(t, i).alone()
		ops = append(ops, op.Op{Exec: &op.Exec{Argv: []string{"unshare", "--net", "sh", "-c", restores[i] + " && " + saves[i] + " -t filter"}, Stdin: &op.Blob{Text: &text}, ReadOnly: true, Limit: op.MaxOutput}})
	}
	results := t.All(ops...)
	s.Closes = s.Enabled && f.has(*s) && s.Policies[input] != acceptTarget && !peerAddress(state.Peer).IsLoopback()
	for i := range n {
		if (i == 1) == peerHasIPv6(state.Peer) {
			s.Closes = s.Closes && !opens(results[i].Exec, state.Peer)
		}
		s.Kernel[i] = f.kernel(i, f.listed(t, saves[i], t.Must(results[i]).Exec), s.Policies)
		if wanted {
			s.Wanted[i] = f.kernel(i, f.listed(t, restores[i], t.Must(results[n+i]).Exec), nil).Rules
		}
	}
}

// opens reports whether the rules of ufw's command may let in a connection to the port at which a peer is. It does where no peer is known.
func opens(r *op.ExecResult, peer string) bool {
	fields := strings.Fields(peer)
	if r == nil || len(fields) != 3 {
		return true
	}
	port, _ := strconv.Atoi(fields[2])
	for line := range strings.Lines(r.Stdout) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasSuffix(words[1], "-user-input") || !strings.HasSuffix(strings.ToUpper(words[len(words)-1]), acceptTarget) {
			continue
		}
		match := true
		for i, word := range words[:len(words)-1] {
			switch value := words[i+1]; word {
			case "-p":
				match = match && value == "tcp"
			case "-s":
				from, err := netip.ParsePrefix(value)
				match = match && err == nil && from.Contains(peerAddress(peer)) && (i == 0 || words[i-1] != "!")
			case "--dport", "--dports":
				match = match && slices.ContainsFunc(strings.Split(strings.ReplaceAll(value, ":", "-"), ","), func(p string) bool { return hasPort(p, port) })
			}
		}
		if match {
			return true
		}
	}
	return false
}

// listed is what a program lists.
func (f ufwRules) listed(t *sdk.T, program string, r *op.ExecResult) string {
	switch {
	case r.RC != 0 && strings.HasSuffix(program, "-save"):
		t.Fail(op.Permanent, program+" cannot list the rules", strings.TrimSpace(r.Stderr), "")
	case r.RC != 0:
		t.Fail(op.Permanent, program+" does not take the rules", strings.TrimSpace(r.Stderr), "")
	case r.StdoutCut:
		t.Fail(op.Permanent, program+" lists more than 1 MiB of rules", "", "")
	}
	return r.Stdout
}

// kernel takes the unit's part out of what iptables-save lists of a family.
func (f ufwRules) kernel(family int, listed string, policies map[string]string) (k UFWKernel) {
	chains, policy := map[string]bool{}, map[string]string{}
	var rules []string
	for line := range strings.Lines(listed) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case line[0] == ':' && strings.HasPrefix(line[1:], f.chain("")):
			k.Chains = append(k.Chains, words[0][1:])
		case line[0] == ':':
			chains[words[0][1:]], policy[words[0][1:]] = true, words[1]
		case words[0] == "-A" && (strings.HasPrefix(words[1], f.chain("")) || strings.HasPrefix(words[len(words)-1], f.chain(""))):
			rules = append(rules, line)
		}
	}
	// The order of chains is that of their names or of their making.
	slices.SortStableFunc(rules, func(a, b string) int { return strings.Compare(strings.Fields(a)[1], strings.Fields(b)[1]) })
	k.Rules, k.Whole = strings.Join(rules, ""), true
	for _, name := range ufwNames {
		hook := policy[strings.ToUpper(name.direction)]
		k.Whole = k.Whole && chains[before(family, name.direction)] && (hook == acceptTarget) == (policies[name.direction] == acceptTarget)
	}
	return k
}

// acceptTarget is accept as ufw and iptables write it.
const acceptTarget = "ACCEPT"

// before is the chain of ufw in which rules come before those of its command.
func before(family int, direction string) string {
	return [2]string{"ufw-before-", "ufw6-before-"}[family] + direction
}

// use brings the rules into ufw's files and into the kernel.
func (f ufwRules) use(t *sdk.T, now UFWState) {
	if now.Lacks != nil {
		t.Needs(abi.Need{
			What: "program ufw", Kind: "program", Name: "ufw", Paths: []string{"/usr/sbin/ufw", "/sbin/ufw", "/usr/bin/ufw"},
			Hint: `declare the package that brings it before: pkg("ufw")`,
		})
	}
	fresh, whole := true, true
	for i := range ufwFiles {
		had := strings.Contains(now.Files[i].Text, f.mark("BEGIN"))
		fresh, whole = fresh && !had, whole && had
		f.writeBlock(t, i, now, f.tables(t, i).text())
	}
	loaded := false
	for _, name := range ufwNames {
		policy, is := ufwPolicies[Firewall(f).policyOf(name.direction)]
		if is && now.Policies[name.direction] != policy.target {
			t.Differ("policy of ufw, "+name.called, now.Policies[name.direction], policy.target)
			run(t, "ufw", "default", policy.word, name.called) // it loads all of ufw's files
			loaded = true
		}
	}
	switch {
	case !now.Enabled:
		t.Differ("ufw enabled", false, true)
		run(t, "ufw", "--force", "enable")
	case !loaded:
		f.bring(t, now)
	}
	if !now.AtBoot && f.Backend == ufw {
		t.Differ("ufw at boot", false, true)
		run(t, "systemctl", "enable", ufwUnit)
	}
	switch {
	case fresh:
		t.Action(abi.Create)
	case !whole:
		t.Action(abi.Update)
	}
}

// bring has the kernel take the rules of the unit alone, or where chains of ufw itself are not there all of ufw's.
func (f ufwRules) bring(t *sdk.T, now UFWState) {
	loads := make([]string, 0, now.families())
	for i := range now.families() {
		k := now.Kernel[i]
		if !k.Whole {
			t.Differ("ufw loaded", false, true)
			run(t, "ufw", "reload")
			return
		}
		text := ""
		if k.Rules != now.Wanted[i] {
			t.DifferText("kernel, "+f.label(i), k.Rules, now.Wanted[i], false)
			text = f.tables(t, i).load(k)
		}
		loads = append(loads, text)
	}
	for i, text := range loads {
		if text != "" {
			f.restore(t, i, text)
		}
	}
}

func (f ufwRules) restore(t *sdk.T, family int, text string) {
	runWith(t, &op.Blob{Text: &text}, restores[family], "-n")
}

// leave removes what the unit has in ufw's files and in the kernel.
func (f ufwRules) leave(t *sdk.T, now UFWState) (found bool) {
	for i := range ufwFiles {
		if strings.Contains(now.Files[i].Text, f.mark("BEGIN")) {
			found = true
			f.amend(t, i, now.Files[i], func(text string) string { return f.withoutBlock(t, ufwFiles[i], text) })
		}
		if k := now.Kernel[i]; len(k.Chains) > 0 {
			found = true
			t.DifferText("kernel, "+f.label(i), k.Rules, "", false)
			f.restore(t, i, tables{}.load(k))
		}
	}
	return found
}

// has reports whether ufw's files have something of the unit.
func (f ufwRules) has(now UFWState) bool {
	return strings.Contains(now.Files[0].Text+now.Files[1].Text, f.mark("BEGIN"))
}

// amend edits one of ufw's files.
func (f ufwRules) amend(t *sdk.T, family int, now textfile.State, edit func(text string) string) {
	path := ufwFiles[family]
	if now.Type != op.TypeFile || now.Binary || now.Long > 0 {
		t.Fail(op.Conflict, path+" is no text file that could be edited", "", shippedHint(path))
	}
	after := edit(now.Text)
	if t.DifferText(f.label(family)+" content", now.Text, after, false) {
		t.Effect(op.Op{Write: &op.Write{Path: path, Content: &op.Blob{Text: &after}}})
	}
}

func shippedHint(path string) string {
	return "take the file as its package has it: /usr/share/ufw/iptables" + path[strings.LastIndexByte(path, '/'):]
}

// label stands before the names of differences.
func (f ufwRules) label(family int) string { return [2]string{"IPv4", "IPv6"}[family] }

func (f ufwRules) mark(word string) string { return "# " + word + " froyo " + f.Name + "\n" }

// writeBlock puts the rules of a family into ufw's file: before the COMMIT of the table filter.
func (f ufwRules) writeBlock(t *sdk.T, family int, now UFWState, rules string) {
	path := ufwFiles[family]
	switch {
	case now.Files[family].Exists:
	case now.Lacks != nil: // the package brings it
		t.DifferUnknown(f.label(family)+" content", nil)
		f.potentialWrite(t, family)
		return
	default:
		t.Fail(op.Conflict, "there is no file "+path+", which ufw has", "", shippedHint(path))
	}
	f.amend(t, family, now.Files[family], func(text string) string {
		text = f.withoutBlock(t, path, text)
		filter := strings.Index("\n"+text, "\n*filter\n")
		commit := strings.Index(text[max(filter, 0):], "\nCOMMIT") + 1
		if filter < 0 || commit == 0 {
			t.Fail(op.Conflict, path+" has no table filter that ends with COMMIT", "", shippedHint(path))
		}
		return text[:filter+commit] + f.mark("BEGIN") + rules + f.mark("END") + text[filter+commit:]
	})
}

// withoutBlock is the text of one of ufw's files without the rules of the unit.
func (f ufwRules) withoutBlock(t *sdk.T, path, text string) string {
	begin, end := f.mark("BEGIN"), f.mark("END")
	from := strings.Index(text, begin)
	if from < 0 {
		return text
	}
	to := strings.Index(text[from:], end)
	if to < 0 {
		t.Fail(op.Conflict, path+" has the beginning of the rules "+f.Name+" and not their end", "", "put the line "+strconv.Quote(strings.TrimSpace(end))+" behind them")
	}
	return text[:from] + text[from+to+len(end):]
}

func (f ufwRules) potentialWrite(t *sdk.T, family int) {
	t.Effect(op.Op{Write: &op.Write{Path: ufwFiles[family]}}, "content")
}

// potential is all that may be done with ufw.
func (f ufwRules) potential(t *sdk.T) {
	for i := range ufwFiles {
		f.potentialWrite(t, i)
		t.Effect(op.Op{Exec: &op.Exec{Argv: []string{restores[i], "-n"}}}, "stdin")
	}
	if f.State == absent {
		return
	}
	for _, name := range ufwNames {
		if policy, is := ufwPolicies[Firewall(f).policyOf(name.direction)]; is {
			run(t, "ufw", "default", policy.word, name.called)
		}
	}
	run(t, "ufw", "--force", "enable")
	run(t, "ufw", "reload")
	run(t, "systemctl", "enable", ufwUnit)
}
