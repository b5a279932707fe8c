package cli_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vaultLogin is a value of an inventory, vaultWrong another, and vaultFile a file of variables, as ansible-vault encrypted them.
const (
	vaultLogin = `!vault |
        $ANSIBLE_VAULT;1.1;AES256
        35636637336263316436303033666433323933643935613439373539626362366238636538323061
        3965323463343139656366666362623832643565326261380a393864343336613939363633383164
        39626337363637356432623236626633386430633763336439303830653534303634626330656635
        3365313834623665610a363435333938313063663666643339313434386531373835326430333065
        3036
`
	vaultWrong = `!vault |
        $ANSIBLE_VAULT;1.1;AES256
        33666536656636383930653365633665626532616137363062366433306464663061303731646266
        3138653063663062336530343434636233613235353933630a643463653866623738653137326635
        30333766343434333764366439363835376630353336396432366535633264663134363537663964
        3130303831613337620a383731643537323366653861326534633232393639623963636664646436
        6462
`
	vaultFile = `$ANSIBLE_VAULT;1.1;AES256
31396430303563353932323863373961363165356261336562653331616432363865373833646165
6536623930363336616635343633366262393535353037310a623534383733653936316437666135
32663039336630626363356539633062346563636632373237393135356335616163643733653535
3561326336323639620a356433643539626266613633623335663261303463613866653631343865
36383461343564393333636534313838306636666330623833363138383235653930343331393038
6331396238623330646464623037616531656463393763653562
`
)

// TestLabVault reads an inventory of Ansible that is encrypted as it is: it logs in by its password and becomes root by its become
// password, also where a saved plan is applied, which holds neither. A wrong one is told with its place.
func TestLabVault(t *testing.T) {
	f := start(t, 2)
	f.trust(t)
	var hosts strings.Builder
	hosts.WriteString("all:\n  vars:\n    ansible_user: opspw\n    ansible_become: true\n    ansible_become_password: \"{{ vault_become }}\"\n" +
		"    ansible_password: " + strings.ReplaceAll(vaultLogin, "\n        ", "\n      ") + "  hosts:\n")
	for _, h := range f.hosts {
		hosts.WriteString("    " + h.Name + ":\n      ansible_host: " + h.Addr + "\n")
	}
	hosts.WriteString("      ansible_become_password: " + vaultWrong)
	f.write(t, "hosts.yml", hosts.String())
	f.write(t, "group_vars/all/vault.yml", vaultFile)
	f.write(t, "password", "open sesame\n")
	f.write(t, "vault.star", "def do(host):\n    file(\"/srv/lab\", state = \"directory\")\n    file(\"/srv/lab/motto\", content = host.vars.motto)\n\nplay(\"vault\", do = do)\n")
	f.env = append(f.env, "FROYO_VAULT_PASSWORD_FILE="+filepath.Join(f.dir, "password"))
	froyo := func(want int, args ...string) (said string) {
		code, stdout, stderr := f.finish(t, f.command(t.Context(), args...))
		if code != want {
			t.Errorf("exit code %d, want %d", code, want)
		}
		for _, secret := range []string{"s3cr3t", "lab-motto-Zx9", "not this one"} {
			if strings.Contains(stdout+stderr, secret) {
				t.Errorf("%q is shown", secret)
			}
		}
		return stdout + stderr
	}
	froyo(0, "plan", "vault.star", "-i", "hosts.yml", "-l", f.hosts[0].Name, "--out", "plan.json")
	froyo(0, "apply", "--plan", "plan.json")
	if said := f.hosts[0].SSH(t, "cat /srv/lab/motto; grep -rl s3cr3t /srv/lab || true"); said != "lab-motto-Zx9" {
		t.Errorf("%q", said)
	}
	said := froyo(3, "apply", "-y", "vault.star", "-i", "hosts.yml", "-l", f.hosts[1].Name)
	if want := "sudo refused the password, which is that of"; !strings.Contains(said, want) || !strings.Contains(said, "hosts.yml:") {
		t.Errorf("it does not say %q", want)
	}
	// Where secrets are named in their place, they are read instead.
	f.write(t, "become", "s3cr3t\n")
	f.env = append(f.env, "LAB_LOGIN=s3cr3t")
	f.write(t, "named.cue", fmt.Sprintf("hosts: %q: {address: %q, user: \"opspw\", become: true, password: secret: \"env:LAB_LOGIN\", becomePassword: secret: \"file:become\"}\n", f.hosts[1].Name, f.hosts[1].Addr))
	if said := froyo(0, "inventory", "check", "-i", "named.cue"); !strings.Contains(said, "root") {
		t.Errorf("it does not become root: %s", said)
	}
	for _, name := range []string{"plan.json", "state"} {
		if out, err := exec.CommandContext(t.Context(), "grep", "-rlE", "s3cr3t|lab-motto-Zx9", filepath.Join(f.dir, name)).Output(); len(out) > 0 {
			t.Errorf("%s %v", out, err)
		}
	}
	f.clean(t)
}
