package sshconfig

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Effect is what froyo makes of an option of ssh_config.
type Effect string

// The effects.
const (
	// Kept is honoured.
	Kept Effect = "kept"
	// Ignored changes neither who is talked to nor how that is secured, or is
	// stricter without.
	Ignored Effect = "ignored"
	// Refused keeps froyo from connecting, unless it is set to nothing.
	Refused Effect = "refused"
	// Asked is evaluated by the ssh program.
	Asked Effect = "asked"
)

// form is how an option's arguments are read.
type form uint8

const (
	word  form = iota // one; the first line counts
	list              // any number; the first line counts
	each              // one; all lines count
	whole             // the rest of the line as it is; the first line counts
	words             // any number, of which nothing is read
)

type option struct {
	effect Effect
	form   form
}

// options are those of ssh_config(5) up to OpenSSH 10, by their names in lower case.
var options = func() map[string]option {
	all := map[string]option{
		"identityfile":         {Kept, each},
		"certificatefile":      {Kept, each},
		"userknownhostsfile":   {Kept, list},
		"globalknownhostsfile": {Kept, list},
		"revokedhostkeys":      {Kept, list},
		"rekeylimit":           {Kept, list},
		"proxycommand":         {Kept, whole},
		"proxyjump":            {Kept, whole},
		"refuseconnection":     {Kept, whole},
		"knownhostscommand":    {Refused, whole},
		"remotecommand":        {Ignored, whole},
		"localcommand":         {Ignored, whole},
	}
	add := func(effect Effect, form form, names string) {
		for name := range strings.FieldsSeq(names) {
			all[name] = option{effect, form}
		}
	}
	add(Kept, word, `addressfamily bindaddress casignaturealgorithms checkhostip ciphers connectionattempts connecttimeout
		hashknownhosts hostkeyalgorithms hostkeyalias hostname identitiesonly identityagent ignoreunknown
		kbdinteractiveauthentication kexalgorithms macs passwordauthentication port preferredauthentications
		pubkeyacceptedalgorithms pubkeyauthentication requiredrsasize serveralivecountmax serveraliveinterval
		stricthostkeychecking user pkcs11provider securitykeyprovider`)
	add(Refused, word, `bindinterface proxyusefdpass`)
	add(Asked, word, `canonicalizehostname`)
	add(Ignored, word, `batchmode canonicalizefallbacklocal canonicalizemaxdots clearallforwardings compression controlmaster
		controlpath controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar exitonforwardfailure
		fingerprinthash forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports
		gssapiauthentication gssapiclientidentity gssapidelegatecredentials gssapikeyexchange gssapikexalgorithms
		gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns hostbasedacceptedalgorithms hostbasedauthentication
		kbdinteractivedevices loglevel nohostauthenticationforlocalhost numberofpasswordprompts obscurekeystroketiming
		permitlocalcommand requesttty sessiontype stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility tag
		tcpkeepalive tunnel tunneldevice updatehostkeys verifyhostkeydns versionaddendum visualhostkey warnweakcrypto
		xauthlocation`)
	add(Ignored, words, `addkeystoagent canonicaldomains canonicalizepermittedcnames channeltimeout ipqos localforward logverbose
		permitremoteopen remoteforward sendenv setenv`)
	// What OpenSSH itself ignores, since it has long been removed.
	add(Ignored, words, `protocol cipher fallbacktorsh useprivilegedport rhostsauthentication rhostsrsaauthentication
		rsaauthentication usersh useroaming compressionlevel globalknownhostsfile2 userknownhostsfile2 kerberosauthentication
		kerberostgtpassing`)
	return all
}()

// aliases are older names of options.
var aliases = map[string]string{
	"challengeresponseauthentication": "kbdinteractiveauthentication",
	"skeyauthentication":              "kbdinteractiveauthentication",
	"tisauthentication":               "kbdinteractiveauthentication",
	"dsaauthentication":               "pubkeyauthentication",
	"identityfile2":                   "identityfile",
	"pubkeyacceptedkeytypes":          "pubkeyacceptedalgorithms",
	"hostbasedkeytypes":               "hostbasedacceptedalgorithms",
	"smartcarddevice":                 "pkcs11provider",
}

// Options tells what becomes of each option, by their names in lower case.
func Options() map[string]Effect {
	all := map[string]Effect{}
	for name, o := range options {
		all[name] = o.effect
	}
	return all
}

// RefusedOptions are those that keep froyo from connecting, in the order of their names.
func RefusedOptions() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(options)), func(name string) bool { return options[name].effect != Refused })
}

// flags are the options that are yes or no, and nothing else.
var flags = func() map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq(`batchmode checkhostip clearallforwardings compression enablesshkeysign exitonforwardfailure
		forwardx11 forwardx11trusted gatewayports hashknownhosts hostbasedauthentication identitiesonly
		kbdinteractiveauthentication nohostauthenticationforlocalhost passwordauthentication permitlocalcommand
		streamlocalbindunlink tcpkeepalive visualhostkey canonicalizefallbacklocal forkafterauthentication stdinnull`) {
		all[name] = true
	}
	return all
}()

var aTime = regexp.MustCompile(`^(none|([0-9]{1,9}[smhdwSMHDW]?)+)$`)

// sound reports whether ssh would take a value, as far as that is known here: what is false is for ssh to judge.
func sound(name string, values []string) bool {
	value := strings.ToLower(values[0])
	switch name {
	case "port":
		n, err := strconv.Atoi(value)
		return err == nil && n > 0 && n < 65536
	case "connectionattempts", "serveralivecountmax", "requiredrsasize", "numberofpasswordprompts", "canonicalizemaxdots":
		_, err := strconv.ParseInt(value, 10, 32)
		return err == nil
	case "connecttimeout", "serveraliveinterval", "forwardx11timeout":
		return aTime.MatchString(value)
	}
	if of := choices[name]; of != "" {
		return slices.Contains(strings.Fields(of), value)
	}
	return !flags[name] || slices.Contains([]string{"yes", "true", "no", "false"}, value)
}

// choices are the words that options have which are one of several.
var choices = map[string]string{
	"addressfamily":         "any inet inet6",
	"stricthostkeychecking": "yes true ask no false off accept-new",
	"pubkeyauthentication":  "yes true no false unbound host-bound",
	"canonicalizehostname":  "yes true no false always",
	"controlmaster":         "yes true no false ask auto autoask",
	"fingerprinthash":       "md5 sha1 sha256 sha384 sha512",
	"loglevel":              "quiet fatal error info verbose debug debug1 debug2 debug3",
	"requesttty":            "yes true no false force auto",
	"sessiontype":           "none subsystem default",
	"syslogfacility":        "daemon user auth authpriv local0 local1 local2 local3 local4 local5 local6 local7",
	"tunnel":                "yes true no false ethernet point-to-point",
	"updatehostkeys":        "yes true no false ask",
	"verifyhostkeydns":      "yes true no false ask",
}

// lists are the options that name algorithms.
const lists = " ciphers macs kexalgorithms hostkeyalgorithms pubkeyacceptedalgorithms casignaturealgorithms hostbasedacceptedalgorithms "

// sound is sound, and the names of algorithms are some that ssh has.
func (c *parsed) sound(name string, values []string) bool {
	if c.algorithm == nil || !strings.Contains(lists, " "+name+" ") {
		return sound(name, values)
	}
	list := strings.TrimLeft(values[0], "+^-")
	return list == "" || values[0][0] == '-' || !slices.ContainsFunc(strings.Split(list, ","), func(one string) bool {
		if strings.ContainsAny(one, "*?") { // which ssh takes of types of keys
			return name == "ciphers" || name == "macs" || name == "kexalgorithms"
		}
		return !c.algorithm(name, one)
	})
}

// read reads the arguments of an option. It is false where OpenSSH would not take them.
func (o option) read(rest string) ([]string, bool) {
	if o.form == whole {
		return []string{rest}, rest != ""
	}
	values, ok := splitWords(rest)
	if !ok || len(values) == 0 {
		return nil, false
	}
	if one := o.form == word || o.form == each; one && (len(values) > 1 || values[0] == "") {
		return nil, false
	}
	return values, true
}
