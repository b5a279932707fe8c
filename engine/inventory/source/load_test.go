package source_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory/source"
)

func TestHostList(t *testing.T) {
	for _, tt := range []struct {
		name, source string
		want         []string
		wantErr      []string
	}{
		{name: "names", source: "h2,h1,", want: []string{"h2", "h1"}},
		{name: "one", source: "h1,", want: []string{"h1"}},
		{name: "spaces", source: "h1, h2 ,", want: []string{"h1", "h2"}},
		{name: "user and port", source: "ops@web1:2222,", want: []string{"web1 port=2222 user=ops"}},
		{name: "user with an at sign", source: "me@corp@web1,", want: []string{"web1 user=me@corp"}},
		{name: "addresses", source: "10.0.0.1:22,::1,[fe80::1%eth0]:2200,[::2],", want: []string{"10.0.0.1 port=22", "::1", "fe80::1%eth0 port=2200", "::2"}},
		{name: "ranges", source: "h[08:10],db-[a:c]:22,", want: []string{"h08", "h09", "h10", "db-a port=22", "db-b port=22", "db-c port=22"}},
		{name: "twice", source: "h1,h1:22,", want: []string{"h1 port=22"}},
		{name: "this machine", source: "localhost,", want: []string{"localhost connection=local"}},
		{name: "a container of this machine", source: "localhost:2222,", want: []string{"localhost port=2222"}},
		{name: "longer than a file's name may be", source: strings.Repeat("h1,", 5000), want: []string{"h1"}},
		{name: "no file", source: "h1", wantErr: []string{`there is no inventory file "h1" (to name hosts instead, end the list with a comma: -i h1,)`}},
		{name: "hostile", source: "-oProxyCommand=x,a/b,../x,a b,h1;id,all,h\x1b,", wantErr: []string{
			`host name "-oProxyCommand=x" begins with a dash`,
			`host name "a/b": only letters, digits, dots, dashes and underscores are allowed, not '/'`,
			`host name "../x": only letters, digits, dots, dashes and underscores are allowed, not '/'`,
			`host name "a b": only letters, digits, dots, dashes and underscores are allowed, not ' '`,
			`host name "h1;id": only letters, digits, dots, dashes and underscores are allowed, not ';'`,
			`a host cannot be named "all", which is a group`,
			`host name "h\x1b": only letters, digits, dots, dashes and underscores are allowed, not '\x1b'`,
		}},
		{name: "dots", source: "..,", wantErr: []string{`a host cannot be named ".."`}},
		{name: "bad user", source: "-x@h,a b@h,", wantErr: []string{`"-x" cannot be a user`, `"a b" cannot be a user`}},
		{name: "bad port", source: "h:0,h:70000,h:,h:ssh,[::1]x,", wantErr: []string{
			`"0" is no port: want a number from 1 to 65535`,
			`"70000" is no port: want a number from 1 to 65535`,
			`"h:": the port is missing`,
			`"ssh" is no port: want a number from 1 to 65535`,
			`"[::1]x": after the address in brackets comes a port, :2222, or nothing`,
		}},
		{name: "bad range", source: "h[1-3],h[3:1],h[01:100],h[a:3],h[1,h[1:9999999],h[1:5:0],", wantErr: []string{
			`"h[1-3]": a range is [first:last] or [first:last:step] (an inventory writes ranges as h[1:3]; h[1-3] is for selectors)`,
			`"h[3:1]": the range's last is less than its first`,
			`"h[01:100]": with leading zeros both ends of a range have the same length`,
			`"h[a:3]": the range's ends are two numbers, or two letters`,
			`"h[1": the bracket is not closed`,
			`"h[1:9999999]": more than 100000 hosts`,
			`"h[1:5:0]": the range's step is no number above 0`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv, err := source.Load(t.Context(), []string{tt.source}, source.Options{})
			check(t, "errors", tt.wantErr, reportError(err))
			check(t, "hosts", tt.want, show(inv))
		})
	}
}

func TestSourcesMerge(t *testing.T) {
	files(t, map[string]string{
		"a.ini": "[web]\nweb1 a=1 b=1\n[web:vars]\nport=80\n",
		"b.yml": "web: {hosts: {web2: }, vars: {port: 81}}\nall: {vars: {a: all}}\n",
		"c.cue": `hosts: web1: {vars: b: 2, labels: role: "front"}` + "\n" + `groups: front: hosts: ["web1", "web2"]`,
	})
	inv, err := source.Load(t.Context(), []string{"a.ini", "b.yml", "c.cue", "root@web2,"}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{
		"web1 groups=front,web role=front a:1 b:2 port:81",
		`web2 user=root groups=front,web a:"all" port:81`,
	}, show(inv))
}

func TestFormatIsTold(t *testing.T) {
	const (
		ini  = "# comment\n\n[web]\nh1\n"
		yaml = "# comment\nall:\n  hosts:\n    h1:\n"
		cue  = "package site\nhosts: h1: {}\n"
	)
	for _, tt := range []struct{ name, file, text string }{
		{"extension ini", "x.ini", ini},
		{"extension cfg", "x.cfg", ini},
		{"extension yaml", "x.YAML", yaml},
		{"extension yml", "x.yml", yaml},
		{"extension json", "x.json", `{"all": {"hosts": {"h1": null}}}`},
		{"extension cue", "x.cue", cue},
		{"content ini", "hosts", ini},
		{"content ini without a group", "hosts", "h1 a=1\n"},
		{"content yaml", "hosts", yaml},
		{"content yaml document", "hosts.d", "---\n" + yaml},
		{"content json", "hosts", `{"all": {"hosts": {"h1": null}}}`},
		{"content cue", "hosts", cue},
		{"content cue comment", "hosts", "// x\nhosts: h1: {}\n"},
		{"byte order mark", "hosts.ini", "\ufeff" + ini},
		{"windows", "hosts", strings.ReplaceAll(ini, "\n", "\r\n")},
		{"empty lines at the end", "hosts", "h1\n\n\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv, err := load(t, tt.file, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(inv.Hosts()); got != "h1" {
				t.Errorf("hosts are %q", got)
			}
		})
	}
}

func TestWhatIsNoInventory(t *testing.T) {
	files(t, map[string]string{"script.py": "#!/usr/bin/python3\n", "ok": "h1"})
	if err := os.Truncate("ok", 17<<20); err != nil {
		t.Fatal(err)
	}
	_, err := source.Load(t.Context(), []string{"script.py", "nix", "ok"}, source.Options{})
	check(t, "errors", []string{
		`script.py:1:1: the inventory is a program, but it is not executable (chmod +x script.py)`,
		`there is no inventory file "nix" (to name hosts instead, end the list with a comma: -i nix,)`,
		`inventory ok: it is larger than 16 MiB (name a file that holds what is wanted, and nothing else)`,
	}, reportError(err))
}

func TestTrustIsAsked(t *testing.T) {
	files(t, map[string]string{"hosts": "h1", "host_vars/h1": "a: 1", "group_vars/all.yml": "b: 1"})
	untrusted := errors.New("writable by others")
	var asked []string
	_, err := source.Load(t.Context(), []string{"hosts"}, source.Options{Trust: func(path string) error {
		if asked = append(asked, path); path == "host_vars/h1" {
			return &diag.Error{Summary: path, Cause: untrusted}
		}
		return nil
	}})
	check(t, "asked", []string{"hosts", "group_vars/all.yml", "host_vars/h1"}, asked)
	if !errors.Is(err, untrusted) {
		t.Errorf("got %v", err)
	}
}

func TestVarFiles(t *testing.T) {
	files(t, map[string]string{
		"inv/hosts": `
lone
[web]
web1 from=inline inline=1
[db]
db1
[site:children]
web
db
[all:vars]
from=all-inventory
[web:vars]
from=web-inventory
`,
		"inv/group_vars/all/10.yml":        "from: all-file\nall: 1\n",
		"inv/group_vars/all/20.yml":        "all: 2\n",
		"inv/group_vars/all/notes.txt":     "not: read\n",
		"inv/group_vars/all/.hidden.yml":   "not: read\n",
		"inv/group_vars/all/deep/more.yml": "deep: true\n",
		"inv/group_vars/site.yaml":         "from: site-file\nansible_user: deploy\n",
		"inv/group_vars/db.json":           `{"from": "db-file", "ansible_port": 2200}`,
		"inv/group_vars/ungrouped":         "from: ungrouped-file\n",
		"inv/group_vars/nobody.yml":        "[broken, but not read",
		"inv/host_vars/web1.yml":           "from: host-file\n",
		"inv/host_vars/db1.yml":            "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
	})
	inv, err := source.Load(t.Context(), []string{"inv/hosts"}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{
		`lone all:2 deep:true from:"ungrouped-file"`,
		`web1 user=deploy groups=site,web all:2 deep:true from:"host-file" inline:1`,
		`db1 port=2200 user=deploy groups=db,site all:2 deep:true from:"db-file"`,
	}, show(inv))
	check(t, "warnings", []string{
		"inv/host_vars/db1.yml: the file is left out: it is encrypted with ansible-vault, and is not opened here",
	}, report(inv.Warnings()...))
}

func TestVarFileErrors(t *testing.T) {
	files(t, map[string]string{
		"hosts":                  "[web]\nh1\n",
		"group_vars/all.yml":     "- a\n",
		"group_vars/web.yml":     "ansible_port: 99999\n",
		"host_vars/h1/main.yaml": "a: 1\na: 2\nb: [\n",
	})
	_, err := source.Load(t.Context(), []string{"hosts"}, source.Options{})
	check(t, "errors", []string{
		"group_vars/all.yml:1:1: the file: want a mapping, got a list",
		"host_vars/h1/main.yaml:3: a value is missing, or a bracket is not closed",
	}, reportError(err))
}

func TestConnectionVariables(t *testing.T) {
	inv, err := load(t, "hosts", `
[web]
h1 ansible_host=10.0.0.1 ansible_port=22 ansible_user=a ansible_ssh_private_key_file=~/.ssh/id ansible_become=yes ansible_become_user=app
h2 ansible_ssh_host=h2.example.com ansible_ssh_port=23 ansible_ssh_user=b ansible_private_key_file=keys/id ansible_become=False
h3 ansible_user=new ansible_ssh_user=old ansible_host=[::1] ansible_connection=smart ansible_become_method=sudo
h4 ansible_connection=local ansible_python_interpreter=/usr/bin/python3
localhost
[web:vars]
ansible_become=1
`)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{
		"h1 address=10.0.0.1 port=22 user=a key=/home/me/.ssh/id become=true become_user=app groups=web",
		"h2 address=h2.example.com port=23 user=b key=keys/id become=false groups=web",
		"h3 address=::1 user=old become=true groups=web",
		`h4 become=true connection=local groups=web ansible_python_interpreter:"/usr/bin/python3"`,
		"localhost become=true connection=local groups=web",
	}, show(inv))
}

func TestConnectionErrors(t *testing.T) {
	_, err := load(t, "hosts", `
[web]
h1 ansible_host=-oX ansible_port=x ansible_user="a b"
h2 ansible_connection=winrmx ansible_become=maybe ansible_become_method=pbrun
h3 ansible_host="{{ ip }}" ansible_ssh_private_key_file=""
h4
h5
[web:vars]
ansible_become_user=-u
`)
	check(t, "errors", []string{
		`hosts:3:4: ansible_host: "-oX" is neither a host's name nor an IP address`,
		`hosts:3:21: ansible_port: "x" is no port: want a number from 1 to 65535`,
		`hosts:3:36: ansible_user: "a b" cannot be a user`,
		`hosts:4:4: ansible_connection: "winrmx" is not supported; want ssh, local, docker, podman, kubectl, chroot, machinectl or a command as a list`,
		`hosts:4:30: ansible_become: want true or false, got "maybe"`,
		`hosts:4:51: ansible_become_method: "pbrun" is not supported; want sudo, su or doas`,
		`hosts:5:4: ansible_host: a template, which is not evaluated in an inventory (write the value itself, or compute it in inventory.cue)`,
		`hosts:5:28: ansible_ssh_private_key_file: "" is no path`,
		`hosts:9:1: ansible_become_user: "-u" cannot be a user`,
	}, reportError(err))
}

func TestWhatHasNoEffectIsTold(t *testing.T) {
	inv, err := load(t, "hosts", `
[web]
h1 ansible_password=geheim ansible_become_pass="{{ vault }}" ansible_ssh_common_args="-J jump"
h2 a="{{ b }}" c="[x]" d="['x']" version=1.10
web
`)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "hosts", []string{"h1 groups=web", `h2 groups=web a:"{{ b }}" c:"[x]" d:[]interface {}{"x"} version:1.1`, "web groups=web"}, show(inv))
	const asks = " is ignored: of templates only the name of a variable is read, as {{ vault_password }}" +
		" (froyo asks for them: -k for the SSH password, -K for that of sudo, su or doas; better still, log in with a key)"
	const open = " stands there in the open: whoever reads the inventory has it" +
		" (leave it out, and give -k for the SSH password, -K for that of sudo, su or doas; or encrypt it with ansible-vault)"
	check(t, "warnings", []string{
		`hosts:4:34: variable "version": 1.10 is the number 1.1, as in Ansible (if it is text, such as a version, write it in quotes within quotes: '"1.10"')`,
		"hosts:3:4: ansible_password" + open,
		"hosts:3:28: ansible_become_pass" + asks,
		"hosts:3:62: ansible_ssh_common_args has no effect (options of SSH belong into ~/.ssh/config, which froyo reads; jump hosts, too)",
		`hosts:4:16: variable "c" is taken as text: in INI a list or dict is written as in Python, its strings in quotes` +
			" (write lists and dicts in YAML or CUE)",
		`hosts:5:1: "web" is the name of a host and of a group (hosts:2:2); selectors take it for the group`,
	}, report(inv.Warnings()...))
}
