package onboard

import "strings"

// Hints of connections name the flags of commands for runbooks. Those of onboarding are others.
const (
	letIn    = "check the user (-u) and the key (--key), or give a password (-k)"
	rootRule = "allow /bin/sh in sudoers, or give another user with -u"
)

// elsewhere are what no command here has a flag for.
var elsewhere = []string{
	"; a smaller --forks helps", "",
	"the password of -k is", "a password given here is",
	"give one by -u, in the inventory or in ssh_config", "name one in ssh_config",
}

// byConfig names keys where --key is another one's, or is none.
var byConfig = []string{
	"name another by --key", "name another by IdentityFile in ssh_config",
	"name a key by --key", "name a key by IdentityFile in ssh_config",
	"name the right one by --key, with IdentitiesOnly in ssh_config", "name the right one by IdentityFile and IdentitiesOnly in ssh_config",
}

// words says hints with the flags of a command.
func words(pairs ...string) *strings.Replacer {
	return strings.NewReplacer(append(pairs, elsewhere...)...)
}

// byFlags are the words of commands that have --user and --password-file.
func byFlags(pairs ...string) *strings.Replacer {
	return words(append(pairs,
		"-K asks for", "--password-file FILE gives", "by -K", "by --password-file FILE",
		"name the one that it is (-u, ansible_user)", "name the one that it is (--user)", "give another user with -u", "give another user with --user",
	)...)
}

// words are those of froyo onboard ssh.
func (*sshCommand) words() *strings.Replacer {
	return byFlags(append(byConfig, letIn, "name by --user who is let in, or give a password: --password-file FILE")...)
}

// words are those of froyo onboard rollback.
func (*rollbackCommand) words() *strings.Replacer {
	return byFlags(letIn, "name by --user who is let in, and by --key the key, or give a password: --password-file FILE")
}

// words are those of froyo onboard batch.
func (*batchCommand) words() *strings.Replacer {
	return words(append(byConfig,
		letIn, "give the host another user or password in the file: user, password", rootRule, "allow /bin/sh in sudoers, or give the host another user in the file",
		"-K asks for", "what the file says is", "by -K", "by password in the file", "name the one that it is (-u, ansible_user)", "name the one that it is: user in the file",
	)...)
}

// words are those of froyo onboard rekey, which takes the target's user and the key that it has.
func (*rekeyCommand) words() *strings.Replacer {
	return words(append(byConfig,
		letIn, "froyo onboard show NAME shows by which user and key it was let in", rootRule, "allow /bin/sh in sudoers",
		"-K asks for", "sudo wants", "give it by -K, or ", "", "by -K", "to sudo there", "name the one that it is (-u, ansible_user)", "froyo onboard show NAME shows who was let in",
	)...)
}
