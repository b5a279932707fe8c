package library

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/engine/diag"
)

// Refused is a name of Ansible's that templates do not have, on purpose.
type Refused struct {
	Kind, Name string // filter, test or function
	Reason     string
	Instead    string // what to write
}

const (
	onController = "it asks the machine on which the template is rendered"
	passFact     = "decide it in the runbook and pass the answer to template()"
	mixes        = "it gives something else each time, so that no plan would hold"
)

// refused are the names. Each has a reason and a way.
var refused = []Refused{
	{"filter", "expanduser", onController, "write the path in full, such as /home/deploy"},
	{"filter", "expandvars", onController, "pass the value to template() and write it with ~"},
	{"filter", "realpath", onController, "write the path in full; relpath, dirname and path_join only look at the text"},
	{"filter", "fileglob", onController, "query('fileglob', pattern) lists files of the workspace"},
	{"filter", "vault", "it encrypts with a new salt each time", "keep secrets in the workspace's own secrets and pass them to template()"},
	{"filter", "unvault", "it needs the password of a vault", "keep secrets in the workspace's own secrets and pass them to template()"},
	{"filter", "hashids_encode", "it needs a library of Python's that froyo has no equal of", "value | hash('sha1') names a value as well"},
	{"filter", "hashids_decode", "it needs a library of Python's that froyo has no equal of", passFact},
	{"filter", "xml_to_json", "templates read no XML", passFact},
	{"filter", "jc", "it parses the output of commands with a library of Python's", passFact},
	{"filter", "parse_cli", "it reads a file of rules on the controller", passFact},
	{"filter", "parse_cli_textfsm", "it reads a file of rules on the controller", passFact},
	{"filter", "parse_xml", "templates read no XML", passFact},
	{"filter", "type5_pw", mixes, "password | password_hash('md5', salt=...)"},
	{"filter", "vlan_parser", "it belongs to network devices, which froyo does not configure", passFact},
	{"filter", "pprint", "it breaks lines as Python's pprint does, which no program reads", "to_nice_json or to_nice_yaml"},
	{"filter", "urlize", "it makes HTML of a text", "write the link: <a href=\"{{ url }}\">{{ url }}</a>"},
	{"test", "file", onController, passFact},
	{"test", "is_file", onController, passFact},
	{"test", "directory", onController, passFact},
	{"test", "is_dir", onController, passFact},
	{"test", "exists", onController, passFact},
	{"test", "link", onController, passFact},
	{"test", "is_link", onController, passFact},
	{"test", "link_exists", onController, passFact},
	{"test", "mount", onController, passFact},
	{"test", "is_mount", onController, passFact},
	{"test", "same_file", onController, passFact},
	{"test", "is_same_file", onController, passFact},
	{"function", "now", "it asks the clock, so that no plan would hold", "pass a time to template(), as in '%Y' | strftime(seconds)"},
	{"function", "lipsum", mixes, "write the text"},
}

// Refusals lists the names that templates do not have on purpose, for the reference.
func Refusals() []Refused { return slices.Clone(refused) }

// Advise says why there is no filter, test or function of a name, or which one may be meant.
func (l *Library) Advise(kind, name string) (reason, hint string) {
	plain := short(name)
	for _, r := range refused {
		if r.Kind == kind && r.Name == plain {
			return r.Reason, r.Instead
		}
	}
	names, others, other := l.filters, l.tests, "test"
	if kind == "test" {
		names, others, other = l.tests, l.filters, "filter"
	}
	if kind == "function" {
		if _, ok := l.filters[plain]; ok {
			return "", fmt.Sprintf("%s is a filter: write value | %s", name, name)
		}
		return "", ""
	}
	if _, ok := others[plain]; ok {
		return "", map[string]string{
			"test":   fmt.Sprintf("%s is a test: write value is %s", name, name),
			"filter": fmt.Sprintf("%s is a filter: write value | %s", name, name),
		}[other]
	}
	if near := diag.Nearest(plain, namesOf(names)); near != "" {
		return "", fmt.Sprintf("did you mean %s?", near)
	}
	if strings.Contains(name, ".") && plain == name {
		return "", "filters and tests are those of ansible.builtin, ansible.utils and community.general; plugins of other collections are Python"
	}
	return "", ""
}

func namesOf(funcs map[string]*function.Func) []string { return slices.Sorted(maps.Keys(funcs)) }
