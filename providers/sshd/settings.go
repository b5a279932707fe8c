package sshd

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Sshd is what the SSH daemon of a host lets in. Its fields are described in sshd.cue.
type Sshd struct {
	Name  string `json:"name"`
	State string `json:"state"`

	PasswordAuthentication       any `json:"password_authentication"`
	KbdInteractiveAuthentication any `json:"kbd_interactive_authentication"`
	PubkeyAuthentication         any `json:"pubkey_authentication"`
	PermitEmptyPasswords         any `json:"permit_empty_passwords"`
	PermitRootLogin              any `json:"permit_root_login"`
	Port                         any `json:"port"`
	ListenAddress                any `json:"listen_address"`
	AllowUsers                   any `json:"allow_users"`
	AllowGroups                  any `json:"allow_groups"`
	DenyUsers                    any `json:"deny_users"`
	DenyGroups                   any `json:"deny_groups"`
	MaxAuthTries                 any `json:"max_auth_tries"`
	MaxSessions                  any `json:"max_sessions"`
	LoginGraceTime               any `json:"login_grace_time"`
	ClientAliveInterval          any `json:"client_alive_interval"`
	X11Forwarding                any `json:"x11_forwarding"`
	AllowTCPForwarding           any `json:"allow_tcp_forwarding"`

	Settings map[string]any `json:"settings"`
}

// given are the arguments that are settings, by their keywords.
func (s Sshd) given() []line {
	return []line{
		{"PasswordAuthentication", s.PasswordAuthentication},
		{"KbdInteractiveAuthentication", s.KbdInteractiveAuthentication},
		{"PubkeyAuthentication", s.PubkeyAuthentication},
		{"PermitEmptyPasswords", s.PermitEmptyPasswords},
		{"PermitRootLogin", s.PermitRootLogin},
		{"Port", s.Port},
		{"ListenAddress", s.ListenAddress},
		{"AllowUsers", s.AllowUsers},
		{"AllowGroups", s.AllowGroups},
		{"DenyUsers", s.DenyUsers},
		{"DenyGroups", s.DenyGroups},
		{"MaxAuthTries", s.MaxAuthTries},
		{"MaxSessions", s.MaxSessions},
		{"LoginGraceTime", s.LoginGraceTime},
		{"ClientAliveInterval", s.ClientAliveInterval},
		{"X11Forwarding", s.X11Forwarding},
		{"AllowTcpForwarding", s.AllowTCPForwarding},
	}
}

// line is a setting.
type line struct {
	keyword string
	value   any
}

// key is how sshd -T spells the keyword.
func (l line) key() string { return strings.ToLower(l.keyword) }

// several are keywords of which each value has a line of its own.
var several = []string{"port", "listenaddress", "subsystem"}

// commas are keywords whose values are one word with commas between.
var commas = []string{"ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms", "hostbasedacceptedalgorithms", "casignaturealgorithms"}

// text is how the setting stands in a file.
func (l line) text() string {
	all, isList := l.value.([]any)
	if !isList {
		return l.keyword + " " + word(l.value) + "\n"
	}
	var words []string
	for _, v := range all {
		words = append(words, word(v))
	}
	if slices.Contains(several, l.key()) {
		return l.keyword + " " + strings.Join(words, "\n"+l.keyword+" ") + "\n"
	}
	if slices.Contains(commas, canonical(l.keyword)) {
		return l.keyword + " " + strings.Join(words, ",") + "\n"
	}
	return l.keyword + " " + strings.Join(words, " ") + "\n"
}

func word(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatInt(int64(v), 10)
	case string:
		return v
	}
	return ""
}

// lines are the settings of a unit.
type lines []line

func (all lines) text() string {
	var b strings.Builder
	for _, l := range all {
		b.WriteString(l.text())
	}
	return b.String()
}

func (all lines) has(key string) bool {
	return slices.ContainsFunc(all, func(l line) bool { return canonical(l.keyword) == canonical(key) })
}

// of are the lines of sshd -T for these settings.
func (all lines) of(shown string) map[string][]string {
	out := map[string][]string{}
	for text := range strings.Lines(shown) {
		key, value, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
		if all.has(key) {
			out[key] = append(out[key], value)
		}
	}
	return out
}

// settings are the unit's settings, or an error that names what is wrong with one.
func (s Sshd) settings(t *sdk.T) lines {
	var all lines
	if s.State == absent {
		return nil
	}
	for _, l := range s.given() {
		if l.value != nil {
			all = append(all, l)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		l := line{keyword(t, name), s.Settings[name]}
		if all.has(l.key()) {
			t.Fail(op.Permanent, l.keyword+" is given twice", "", "leave it out of settings: "+name)
		}
		l.check(t)
		all = append(all, l)
	}
	if len(all) == 0 {
		t.Fail(op.Permanent, "it is not said what sshd is to do", "", `give settings, such as password_authentication = False or settings = {"LogLevel": "VERBOSE"}`)
	}
	return all.withQuestions()
}

// withQuestions has passwords refused altogether: PAM asks for them, too, unless that is said otherwise. Old versions call that by its
// other name, of which new ones take either.
func (all lines) withQuestions() lines {
	if i := slices.IndexFunc(all, func(l line) bool { return l.keyword == passwords }); i >= 0 && word(all[i].value) == "no" && !all.has(strings.ToLower(questions)) {
		all = slices.Insert(all, i+1, line{questions, false})
	}
	if i := slices.IndexFunc(all, func(l line) bool { return l.keyword == questions }); i >= 0 {
		all = slices.Insert(all, i+1, line{"ChallengeResponseAuthentication", all[i].value})
	}
	return all
}

const (
	passwords = "PasswordAuthentication"
	questions = "KbdInteractiveAuthentication"
)

// aliases are names that sshd takes for others, which alone it shows; of those that mean nothing to it any more they are "".
var aliases = map[string]string{
	"challengeresponseauthentication": questions, "skeyauthentication": questions, "dsaauthentication": "PubkeyAuthentication",
	"pubkeyacceptedkeytypes": "PubkeyAcceptedAlgorithms", "hostbasedacceptedkeytypes": "HostbasedAcceptedAlgorithms", "keepalive": "TCPKeepAlive",
	"rsaauthentication": "", "rhostsauthentication": "", "rhostsrsaauthentication": "", "protocol": "", "serverkeybits": "", "keyregenerationinterval": "", "useprivilegeseparation": "",
	"uselogin": "", "pamauthenticationviakbdint": "", "afstokenpassing": "", "kerberostgtpassing": "", "authorizedkeysfile2": "", "verifyreversemapping": "",
	"reversemappingcheck": "", "checkmail": "", "gssusesessionccache": "", "gssapiusesessioncredcache": "",
}

// canonical is how sshd -T spells a keyword, whatever that is called.
func canonical(key string) string {
	key = strings.ToLower(key)
	if other := aliases[key]; other != "" {
		return strings.ToLower(other)
	}
	return key
}

// check refuses a value that would not stand in its line, or not as it is.
func (l line) check(t *sdk.T) {
	words, isList := l.value.([]any)
	if !isList {
		words = []any{l.value}
	}
	for _, w := range words {
		text := word(w)
		if text == "" || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) || strings.Contains(text, "#") ||
			isList && !slices.Contains(several, l.key()) && strings.Contains(text, " ") {
			t.Fail(op.Permanent, "the value of "+l.keyword+" cannot stand in a line of sshd_config: "+strconv.Quote(text), "", "give a text of one line, without #; of a list no element has blanks")
		}
	}
}

// keyword is the name of a setting as sshd_config has it. Case does not matter, nor do underscores.
func keyword(t *sdk.T, name string) string {
	plain := strings.ToLower(strings.ReplaceAll(name, "_", ""))
	switch plain {
	case "match", "include":
		t.Fail(op.Permanent, name+" is no setting: blocks and other files are not this unit's", "", `write them by a file unit: file("/etc/ssh/sshd_config.d/50-site.conf", content = ...)`)
	case "hostkey", "hostdsakey":
		t.Fail(op.Permanent, "the keys of the host are not this unit's", "", `write them by a file unit: file("/etc/ssh/sshd_config.d/50-site.conf", content = ...)`)
	}
	if other, is := aliases[plain]; is {
		if other == "" {
			t.Fail(op.Permanent, "sshd has given up the setting "+strconv.Quote(name)+", which would have no effect", "", "leave it out of settings")
		}
		return other
	}
	all := strings.Fields(keywords)
	for _, k := range all {
		if strings.ToLower(k) == plain {
			return k
		}
	}
	near := "the names are those of man sshd_config"
	if k := nearest(plain, all); k != "" {
		near = "did you mean " + k + "?"
	}
	t.Fail(op.Permanent, "sshd has no setting "+strconv.Quote(name), "", near)
	return ""
}

// nearest is the keyword that a name is most like, "" where it is like none.
func nearest(name string, all []string) string {
	best, least := "", max(2, len(name)/4)+1
	for _, k := range all {
		if n := distance(name, strings.ToLower(k)); n < least {
			best, least = k, n
		}
	}
	return best
}

// distance is how many characters have to be added, removed or replaced to come from one text to another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		above := row[0]
		row[0] = i + 1
		for j := range len(b) {
			here := above
			if a[i] != b[j] {
				here = 1 + min(above, row[j], row[j+1])
			}
			above, row[j+1] = row[j+1], here
		}
	}
	return row[len(b)]
}

// keywords are the settings of sshd, of all versions that are in use.
const keywords = `AcceptEnv AddressFamily AllowAgentForwarding AllowGroups AllowStreamLocalForwarding AllowTcpForwarding AllowUsers
AuthenticationMethods AuthorizedKeysCommand AuthorizedKeysCommandUser AuthorizedKeysFile AuthorizedPrincipalsCommand
AuthorizedPrincipalsCommandUser AuthorizedPrincipalsFile Banner CASignatureAlgorithms ChannelTimeout ChrootDirectory Ciphers
ClientAliveCountMax ClientAliveInterval Compression DebianBanner DenyGroups DenyUsers DisableForwarding ExposeAuthInfo FingerprintHash
ForceCommand GatewayPorts GSSAPIAuthentication GSSAPICleanupCredentials GSSAPIKeyExchange GSSAPIStrictAcceptorCheck HostbasedAcceptedAlgorithms
HostbasedAuthentication HostbasedUsesNameFromPacketOnly HostCertificate HostKeyAgent HostKeyAlgorithms IgnoreRhosts IgnoreUserKnownHosts
IPQoS KbdInteractiveAuthentication KerberosAuthentication KerberosGetAFSToken KerberosOrLocalPasswd KerberosTicketCleanup KexAlgorithms
ListenAddress LoginGraceTime LogLevel LogVerbose MACs MaxAuthTries MaxSessions MaxStartups ModuliFile PasswordAuthentication
PermitEmptyPasswords PermitListen PermitOpen PermitRootLogin PermitTTY PermitTunnel PermitUserEnvironment PermitUserRC
PerSourceMaxStartups PerSourceNetBlockSize PerSourcePenalties PerSourcePenaltyExemptList PidFile Port PrintLastLog PrintMotd
PubkeyAcceptedAlgorithms PubkeyAuthOptions PubkeyAuthentication RekeyLimit RequiredRSASize RevokedKeys SecurityKeyProvider SetEnv
SshdSessionPath StreamLocalBindMask StreamLocalBindUnlink StrictModes Subsystem SyslogFacility TCPKeepAlive TrustedUserCAKeys
UnusedConnectionTimeout UseDNS UsePAM VersionAddendum X11DisplayOffset X11Forwarding X11UseLocalhost XAuthLocation`
