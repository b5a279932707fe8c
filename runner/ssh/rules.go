package ssh

import (
	"crypto/rsa"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/ssh/sshconfig"
	"github.com/openfroyo/froyo/runner/target"
	"golang.org/x/crypto/ssh"
)

// rules are what ssh_config allows of a connection. What is nil is not restricted.
type rules struct {
	ciphers, macs, exchanges, hostKeys []string
	keys                               []string // algorithms to log in with
	authorities                        []string // algorithms that sign certificates
	rsaBits                            int      // a smaller RSA key is not accepted
	rekey                              uint64   // bytes after which keys are made anew; 0 is as usual
	noKeys, noPassword, noQuestions    bool     // ways to log in that are not wanted
}

// readRules reads what is allowed, and refuses a host whose settings cannot be
// kept: one of them left out would be a connection that its owner has ruled out.
func (t *endpoint) readRules(s sshconfig.Settings) (rules, error) {
	var r rules
	for _, name := range sshconfig.RefusedOptions() {
		if value := s.Get(name); value != "" && !strings.EqualFold(value, "none") && name != "proxyusefdpass" {
			return r, t.notSupported(s, name)
		}
	}
	if err := t.readRekey(s, &r); err != nil {
		return r, err
	}
	if text := s.Get("requiredrsasize"); text != "" {
		bits, err := strconv.Atoi(text)
		if err != nil {
			return r, t.wrong(s, "requiredrsasize", errors.New("it is a number of bits"))
		}
		r.rsaBits = bits
	}
	for _, list := range []struct {
		name string
		into *[]string
	}{
		{"ciphers", &r.ciphers},
		{"macs", &r.macs},
		{"kexalgorithms", &r.exchanges},
		{"hostkeyalgorithms", &r.hostKeys},
		{"pubkeyacceptedalgorithms", &r.keys},
		{"casignaturealgorithms", &r.authorities},
	} {
		if value := s.Get(list.name); value != "" {
			var err error
			if *list.into, err = t.readAlgorithms(s, list.name, value); err != nil {
				return r, err
			}
		}
	}
	r.readMethods(s)
	return r, nil
}

// readAlgorithms reads the list of one setting.
func (t *endpoint) readAlgorithms(s sshconfig.Settings, setting, value string) ([]string, error) {
	secure, insecure := algorithmsFor(setting)
	list := algorithms(value, secure, insecure)
	if len(list) == 0 {
		return nil, t.errorAt(target.StageConnect, "ssh_config allows "+setting+" "+escape.Text(value)+where(s, setting)+", none of which froyo knows",
			"allow one of: "+strings.Join(secure, ","), nil)
	}
	for name := range strings.SplitSeq(strings.TrimLeft(value, "+^"), ",") {
		if value[0] != '-' && strings.ContainsAny(name, "*?") && (setting == "ciphers" || setting == "macs" || setting == "kexalgorithms") {
			return nil, t.wrong(s, setting, errors.New("a pattern is only for what is taken away (-)"))
		}
		if value[0] != '-' && !strings.ContainsAny(name, "*?") && !isAlgorithm(setting, name) {
			return nil, t.wrong(s, setting, errors.New("ssh has no "+name))
		}
	}
	return list, nil
}

// isAlgorithm reports whether ssh has an algorithm for a setting.
func isAlgorithm(setting, name string) bool {
	secure, insecure := algorithmsFor(setting)
	return slices.Contains(secure, name) || slices.Contains(insecure, name) || slices.Contains(lacking, name)
}

// algorithmsFor are those of the library for a setting.
func algorithmsFor(setting string) (secure, insecure []string) {
	good, bad := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	switch setting {
	case "ciphers":
		return good.Ciphers, bad.Ciphers
	case "macs":
		return good.MACs, bad.MACs
	case "kexalgorithms":
		return good.KeyExchanges, bad.KeyExchanges
	case "hostkeyalgorithms":
		return good.HostKeys, bad.HostKeys
	case "pubkeyacceptedalgorithms", "hostbasedacceptedalgorithms":
		return slices.Concat(good.PublicKeyAuths, certificateAlgorithms()), bad.PublicKeyAuths
	}
	return good.PublicKeyAuths, bad.PublicKeyAuths
}

// certificateAlgorithms are those of certificates.
func certificateAlgorithms() []string {
	return slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(name string) bool { return !strings.Contains(name, "-cert-v01@") })
}

// lacking are the algorithms that ssh has and the library has not.
var lacking = strings.Fields(`aes192-cbc aes256-cbc hmac-md5 hmac-md5-96 hmac-md5-etm@openssh.com hmac-md5-96-etm@openssh.com
	hmac-sha1-etm@openssh.com hmac-sha1-96-etm@openssh.com umac-64@openssh.com umac-128@openssh.com umac-64-etm@openssh.com
	umac-128-etm@openssh.com curve25519-sha256@libssh.org diffie-hellman-group18-sha512 sntrup761x25519-sha512
	sntrup761x25519-sha512@openssh.com ssh-dss ssh-dss-cert-v01@openssh.com sk-ssh-ed25519@openssh.com
	sk-ssh-ed25519-cert-v01@openssh.com sk-ecdsa-sha2-nistp256@openssh.com sk-ecdsa-sha2-nistp256-cert-v01@openssh.com
	webauthn-sk-ecdsa-sha2-nistp256@openssh.com ssh-rsa-cert-v01@openssh.com`)

// readRekey reads after how much data keys are made anew.
func (t *endpoint) readRekey(s sshconfig.Settings, r *rules) error {
	limits := s.All("rekeylimit")
	if len(limits) > 1 && limits[1] != "none" && limits[1] != "0" {
		return t.errorAt(target.StageConnect, "ssh_config sets a time after which keys are made anew, "+escape.Text(strings.Join(limits, " "))+where(s, "rekeylimit")+", which froyo does not support",
			"leave the time out, or give --ssh-config a file that does without", nil)
	}
	if len(limits) == 0 || limits[0] == "default" || limits[0] == "none" || limits[0] == "0" {
		return nil
	}
	text, shift := limits[0], 0
	if i := strings.IndexByte("KMG", text[len(text)-1]&^0x20); i >= 0 {
		text, shift = text[:len(text)-1], 10*(i+1)
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return t.wrong(s, "rekeylimit", errors.New("it is a number of bytes, with K, M or G"))
	}
	r.rekey = n << shift
	return nil
}

// notSupported refuses a host for the sake of a setting.
func (t *endpoint) notSupported(s sshconfig.Settings, name string) error {
	return t.errorAt(target.StageConnect, "ssh_config sets "+name+" "+escape.Text(strings.Join(s.All(name), " "))+where(s, name)+", which froyo does not support, so it does not connect",
		"give --ssh-config a file that does without", nil)
}

// readMethods reads which ways to log in are wanted.
func (r *rules) readMethods(s sshconfig.Settings) {
	no := func(name string) bool {
		value := s.Get(name)
		return strings.EqualFold(value, "no") || strings.EqualFold(value, "false")
	}
	wanted := func(method string) bool {
		list := s.Get("preferredauthentications")
		return list == "" || slices.Contains(strings.Split(strings.ToLower(list), ","), method)
	}
	r.noKeys = no("pubkeyauthentication") || !wanted("publickey")
	r.noPassword = no("passwordauthentication") || !wanted("password")
	r.noQuestions = no("kbdinteractiveauthentication") || !wanted("keyboard-interactive")
}

// algorithms applies a list of ssh_config, such as "-ssh-rsa,*cbc", to those
// that are known: + adds, - takes away, ^ puts in front, anything else is the whole list.
func algorithms(list string, secure, insecure []string) []string {
	how, patterns := list[0], strings.Split(strings.TrimLeft(list, "+-^"), ",")
	named := func(name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			ok, err := path.Match(strings.TrimSpace(p), name)
			return ok && err == nil
		})
	}
	pick := func(from []string, want bool) []string {
		var out []string
		for _, name := range from {
			if named(name) == want {
				out = append(out, name)
			}
		}
		return out
	}
	switch how {
	case '+':
		return append(slices.Clone(secure), pick(insecure, true)...)
	case '-':
		return pick(secure, false)
	case '^':
		return append(pick(secure, true), pick(secure, false)...)
	}
	var out []string
	for _, p := range patterns { // the order is the operator's
		for _, name := range slices.Concat(secure, insecure) {
			if ok, err := path.Match(strings.TrimSpace(p), name); ok && err == nil && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// hostKeyAlgorithms are those under which the host is known, as far as they are allowed.
func (r *rules) hostKeyAlgorithms(known []string) []string {
	if r.hostKeys == nil {
		return known
	}
	if len(known) == 0 {
		return r.hostKeys
	}
	return slices.DeleteFunc(slices.Clone(known), func(name string) bool { return !slices.Contains(r.hostKeys, name) })
}

// refuses says why a host's key is not accepted whoever knows it, or "".
func (r *rules) refuses(key ssh.PublicKey) string {
	if cert, ok := key.(*ssh.Certificate); ok {
		if r.authorities != nil && cert.Signature != nil && !slices.Contains(r.authorities, cert.Signature.Format) {
			return "ssh_config does not allow certificates that are signed with " + escape.Text(cert.Signature.Format)
		}
		key = cert.Key
	}
	if bits := rsaBits(key); bits > 0 && bits < r.rsaBits {
		return "its RSA key has " + strconv.Itoa(bits) + " bits, and ssh_config requires " + strconv.Itoa(r.rsaBits)
	}
	return ""
}

// rsaBits is the size of an RSA key, or 0 of any other.
func rsaBits(key ssh.PublicKey) int {
	if k, ok := key.(ssh.CryptoPublicKey); ok {
		if k, ok := k.CryptoPublicKey().(*rsa.PublicKey); ok {
			return k.N.BitLen()
		}
	}
	return 0
}

// usable returns a key as far as the rules allow to log in with it, or nil.
func (r *rules) usable(s ssh.Signer) ssh.Signer {
	if bits := rsaBits(s.PublicKey()); bits > 0 && bits < r.rsaBits {
		return nil
	}
	if r.keys == nil {
		return s
	}
	if _, ok := s.PublicKey().(*ssh.Certificate); ok {
		kind := s.PublicKey().Type()
		if slices.Contains(r.keys, kind) || kind == ssh.CertAlgoRSAv01 && (slices.Contains(r.keys, ssh.CertAlgoRSASHA512v01) || slices.Contains(r.keys, ssh.CertAlgoRSASHA256v01)) {
			return s
		}
		return nil
	}
	all, ok := s.(ssh.AlgorithmSigner)
	if !ok {
		if slices.Contains(r.keys, s.PublicKey().Type()) {
			return s
		}
		return nil
	}
	limited, err := ssh.NewSignerWithAlgorithms(all, r.keyAlgorithms(s.PublicKey().Type()))
	if err != nil {
		return nil // none of the key's algorithms is allowed
	}
	return limited
}

// keyAlgorithms are the allowed algorithms of a type of key.
func (r *rules) keyAlgorithms(kind string) []string {
	names := []string{kind}
	if kind == ssh.KeyAlgoRSA {
		names = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(r.keys, name) })
}
