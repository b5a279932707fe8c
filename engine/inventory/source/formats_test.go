package source_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// format is a test of one file of an inventory.
type format struct {
	name, text string
	want       []string
	wantErr    []string
}

func (tt format) run(t *testing.T, file string) {
	inv, err := load(t, file, tt.text)
	check(t, "errors", tt.wantErr, reportError(err))
	check(t, "hosts", tt.want, show(inv))
}

func TestINI(t *testing.T) {
	for _, tt := range []format{
		{name: "empty"},
		{
			name: "groups, ranges, variables, comments", text: `# a comment
; another
bastion:2222 a=1   # the way in

[web]  # front
web[01:03].example.com role="front end" n=0644
[db]
db-[a:b] primary=True list=x,y
bastion
[prod:children]
web
db # both
[prod:vars]
tier = prod
quoted = "a # b"
number = 5 # five
text = a # b
`,
			want: []string{
				"bastion port=2222 groups=db,prod " + `a:1 number:5 quoted:"a # b" text:"a # b" tier:"prod"`,
				`web01.example.com groups=prod,web n:"0644" number:5 quoted:"a # b" role:"front end" text:"a # b" tier:"prod"`,
				`web02.example.com groups=prod,web n:"0644" number:5 quoted:"a # b" role:"front end" text:"a # b" tier:"prod"`,
				`web03.example.com groups=prod,web n:"0644" number:5 quoted:"a # b" role:"front end" text:"a # b" tier:"prod"`,
				`db-a groups=db,prod list:"x,y" number:5 primary:true quoted:"a # b" text:"a # b" tier:"prod"`,
				`db-b groups=db,prod list:"x,y" number:5 primary:true quoted:"a # b" text:"a # b" tier:"prod"`,
			},
		},
		{name: "twice merges", text: "[a]\nh x=1 y=1\n[b]\nh x=2\n", want: []string{"h groups=a,b x:2 y:1"}},
		{name: "address in brackets", text: "[::1]:22 a=1\n[fe80::2]\n", want: []string{"::1 port=22 a:1", "fe80::2"}},
		{
			name: "inner groups win, then the alphabet, then priority",
			text: "[a]\nh\n[z]\nh\n[b]\nh\n[outer:children]\na\n[outer:vars]\nx=outer\ny=outer\n[a:vars]\nx=a\n[z:vars]\ny=z\nz=z\nw=z\n" +
				"[b:vars]\nw=b\nansible_group_priority=10\n[all:vars]\nx=all\nv=all\n[ungrouped:vars]\nv=ungrouped\n",
			want: []string{`h groups=a,b,outer,z v:"all" w:"b" x:"a" y:"z" z:"z"`},
		},
		{name: "ungrouped", text: "h\n[ungrouped:vars]\nv=1\n[all:vars]\nv=2\n", want: []string{"h v:1"}},
		{name: "children of all", text: "[web]\nh\n[all:children]\nweb\n", want: []string{"h groups=web"}},
		{
			name: "all problems at once",
			text: "[web\nskipped=1\n[web:var]\nskipped\n[we b]\n[web]\nh1 port 22\nh1 'x\nh2 =1\n[db:vars]\nx\n=2\nx=1\n[prod:children]\nwbe\na b\n[-x]\nh/1\n\xff\n",
			wantErr: []string{
				"hosts:1:1: not a section: want [group], [group:children] or [group:vars]",
				`hosts:3:6: unknown kind of section "var" (did you mean "vars"?)`,
				"hosts:5:1: not a section: want [group], [group:children] or [group:vars]",
				`hosts:7:4: want name=value, got "port" (a value with spaces is written in quotes; each host has a line of its own)`,
				`hosts:7:9: want name=value, got "22" (a value with spaces is written in quotes; each host has a line of its own)`,
				"hosts:8:1: a quote is not closed",
				`hosts:9:4: want name=value, got "=1" (a value with spaces is written in quotes; each host has a line of its own)`,
				`hosts:10:2: variables for group "db", which is declared nowhere`,
				`hosts:11:1: want name=value, got "x"`,
				`hosts:12:1: want name=value, got "=2"`,
				`hosts:15:1: group "prod" contains the group "wbe", which is declared nowhere (did you mean "web"?)`,
				`hosts:16:1: want the name of a group, got "a b"`,
				`hosts:17:2: group name "-x" begins with a dash`,
				"hosts:19:1: the line is not valid UTF-8",
			},
		},
		{
			name: "group contains itself", text: "[a:children]\nb\n[b:children]\nc\n[c:children]\na\n",
			wantErr: []string{`hosts:1:2: group "a" contains itself: a > b > c > a`},
		},
		{name: "all within a group", text: "[a:children]\nall\n", wantErr: []string{`hosts:2:1: group "a" cannot contain "all", which contains every host`}},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, "hosts") })
	}
}

func TestYAML(t *testing.T) {
	for _, tt := range []format{
		{name: "empty", text: "# nothing\n"},
		{
			name: "one name where more could be", text: "web: {hosts: h1, vars: {a: 0644, b: 1e3}}\ndb: {children: web}\n",
			want: []string{`h1 groups=db,web a:420 b:"1e3"`},
		},
		{
			name: "nested",
			text: `
all:
  vars: {"on": yes, "off": No, quoted: "yes", tilde: ~}
  hosts:
    lone:
  children:
    prod:
      vars: &common {n: 5, f: 1.5, date: 2024-01-02, mode: "0644"}
      children:
        web:
          hosts:
            web[1:2]:
              <<: {b: merged, n: 7}
              b: own
            ops@web3:2222: {ansible_become: yes}
    db:
      hosts: {db1: *common}
      vars: {list: [1, {a: b}, null, on]}
`,
			want: []string{
				`lone off:false on:true quoted:"yes" tilde:<nil>`,
				`web1 groups=prod,web b:"own" date:"2024-01-02" f:1.5 mode:"0644" n:7 off:false on:true quoted:"yes" tilde:<nil>`,
				`web2 groups=prod,web b:"own" date:"2024-01-02" f:1.5 mode:"0644" n:7 off:false on:true quoted:"yes" tilde:<nil>`,
				`web3 port=2222 user=ops become=true groups=prod,web date:"2024-01-02" f:1.5 mode:"0644" n:5 off:false on:true quoted:"yes" tilde:<nil>`,
				`db1 groups=db date:"2024-01-02" f:1.5 list:[]interface {}{1, map[string]interface {}{"a":"b"}, interface {}(nil), true}` +
					` mode:"0644" n:5 off:false on:true quoted:"yes" tilde:<nil>`,
			},
		},
		{
			name: "merges: own over merged, first over second",
			text: "web: {hosts: {h: {v: {<<: [{a: 1, b: 1}, {b: 2, c: 2}], a: 0}, <<: [{x: 1}, {x: 2, y: 2}]}}}",
			want: []string{`h groups=web v:map[string]interface {}{"a":0, "b":1, "c":2} x:1 y:2`},
		},
		{
			name: "names that are no text, as in Ansible", text: "web: {hosts: {h: {ports: {80: a, 0x10: b, yes: c, ~: d, 1.5: e}, on: 1}}}",
			want: []string{`h groups=web ports:map[string]interface {}{"1.5":"e", "16":"b", "80":"a", "null":"d", "true":"c"} true:1`},
		},
		{name: "group in two places", text: "a: {children: {web: {hosts: {h1: }}}}\nb: {children: {web: }}", want: []string{"h1 groups=a,b,web"}},
		{name: "vault", text: "web: {hosts: {h1: {a: !vault x, b: 1}}}", want: []string{"h1 groups=web b:1"}},
		{
			name: "problems",
			text: "web:\n  host: {}\n  hosts: [h1]\n  vars: 5\n  children:\n    -x: {}\ndb: [a]\nl: {hosts: {a/b: , h2: {big: 99999999999999999999, v: [!vault x], nan: .nan}}}",
			wantErr: []string{
				`hosts.yml:2:3: group "web": unknown field "host" (did you mean "hosts"?)`,
				`hosts.yml:3:10: hosts of group "web": want a mapping, got a list`,
				`hosts.yml:4:9: vars of group "web": want a mapping, got "5"`,
				`hosts.yml:6:5: group name "-x" begins with a dash`,
				`hosts.yml:7:5: group "db": want a mapping, got a list`,
				`hosts.yml:8:13: host name "a/b": only letters, digits, dots, dashes and underscores are allowed, not '/'`,
				`hosts.yml:8:30: host "h2": variable "big": number 99999999999999999999 does not fit into 64 bits`,
				`hosts.yml:8:72: host "h2": variable "nan": number .nan does not fit into 64 bits`,
			},
		},
		{name: "twice", text: "web: {}\nweb: {}\n", wantErr: []string{`hosts.yml:2: mapping key "web" already defined at line 1`}},
		{name: "syntax", text: "web:\n\thosts: {}\n", wantErr: []string{"hosts.yml:2: a value begins with a tab, @ or `: quote it, and indent by blanks"}},
		{name: "list", text: "- h1\n", wantErr: []string{"hosts.yml:1:1: the inventory: want a mapping, got a list"}},
		{name: "a list as a name", text: "web: {[1]: 2}", wantErr: []string{"hosts.yml: the name of a field is a list or a mapping"}},
		{name: "anchor within itself", text: "web: &a {children: {x: *a}}", wantErr: []string{`hosts.yml: anchor 'a' value contains itself`}},
		{
			name: "aliases without bound",
			text: "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
				"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]",
			wantErr: []string{"hosts.yml: document contains excessive aliasing"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, "hosts.yml") })
	}
}

func TestCUE(t *testing.T) {
	for _, tt := range []format{
		{name: "empty"},
		{
			name: "everything",
			text: `package inventory

_web: {labels: role: "web", port: 2222}
hosts: [string]: user: *"deploy" | string
hosts: {
	for n in [1, 2] {"web\(n)": _web & {address: "10.0.0.\(n)"}}
	db1: {user: "root", key: "keys/id", become: true, becomeUser: "app", groups: ["db"], labels: tier: "gold"
		vars: {n: 5, f: 1.5, s: "x", l: [1, {a: null}], b: true, ansible_port: 1}}
	db2: {key: "~/.ssh/id", vars: ansible_port: 1, port: 2}
	"cache[1:2]": groups: ["db"]
	localhost: connection: "local"
}
groups: {
	front: {hosts: ["web[1:2]"], vars: n: 1, labels: {tier: "silver", zone: "a"}, connection: "ssh"}
	db: {vars: n: 2, labels: tier: "silver", becomeUser: "dba"}
	prod: {children: ["front", "db"], vars: {n: 3, site: "x"}}
	none: {}
}
`,
			want: []string{
				`web1 address=10.0.0.1 port=2222 user=deploy groups=front,prod role=web tier=silver zone=a n:1 site:"x"`,
				`web2 address=10.0.0.2 port=2222 user=deploy groups=front,prod role=web tier=silver zone=a n:1 site:"x"`,
				`db1 port=1 user=root key=keys/id become=true become_user=app groups=db,prod tier=gold b:true f:1.5` +
					` l:[]interface {}{1, map[string]interface {}{"a":interface {}(nil)}} n:5 s:"x" site:"x"`,
				`db2 port=2 user=deploy key=/home/me/.ssh/id`,
				`cache1 user=deploy become_user=dba groups=db,prod tier=silver n:2 site:"x"`,
				`cache2 user=deploy become_user=dba groups=db,prod tier=silver n:2 site:"x"`,
				"localhost user=deploy connection=local",
			},
		},
		{
			name: "problems that the definition finds",
			text: "hosts: web1: {\n\tadress: \"x\"\n\tport: \"22\"\n}\nhots: {}\ngroups: web: {host: [\"web1\"], hosts: \"web1\"}\n",
			wantErr: []string{
				`inv.cue:2:2: hosts.web1: unknown field "adress" (did you mean "address"?)`,
				`inv.cue:3:8: hosts.web1.port: want a port from 1 to 65535, got "22"`,
				`inv.cue:5:1: unknown field "hots" (did you mean "hosts"?)`,
				`inv.cue:6:15: groups.web: unknown field "host" (did you mean "hosts"?)`,
				`inv.cue:6:38: groups.web.hosts: want a list, got "web1"`,
			},
		},
		{
			name: "problems beyond it",
			text: "hosts: {\n\t\"-x\": {}\n\tweb1: {address: \"a b\", groups: [\"a/b\"], vars: big: 99999999999999999999}\n}\n" +
				"groups: web: {hosts: [\"web2\", \"w[1-2]\"], children: [\"db\"]}\n",
			wantErr: []string{
				`inv.cue:2:2: host name "-x" begins with a dash`,
				`inv.cue:3:34: group name "a/b": only letters, digits, dots, dashes and underscores are allowed, not '/'`,
				`inv.cue:3:53: hosts.web1.vars.big: 99999999999999999999 does not fit into 64 bits`,
				`inv.cue:5:23: group "web" contains the host "web2", which is declared nowhere (did you mean "web1"?)`,
				`inv.cue:5:31: "w[1-2]": a range is [first:last] or [first:last:step]`,
				`inv.cue:5:53: group "web" contains the group "db", which is declared nowhere`,
			},
		},
		{name: "twice and different", text: "hosts: a: port: 1\nhosts: a: port: 2\n", wantErr: []string{`inv.cue:1:17: hosts.a.port: conflicting values 2 and 1`}},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, "inv.cue") })
	}
}

func TestCUEPositions(t *testing.T) {
	inv, err := load(t, "inv.cue", "hosts: {\n\ta: {}\n\tb: {}\n}\ngroups: g: {}\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := inv.Host("b").Pos.String(); got != "inv.cue:3:2" {
		t.Errorf("host b is at %s", got)
	}
	if diff := cmp.Diff(map[string][]string{"g": nil}, inv.Groups()); diff != "" {
		t.Errorf("groups (-want +got)\n%s", diff)
	}
}
