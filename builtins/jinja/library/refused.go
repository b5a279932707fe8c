package library

import (
	"fmt"
	"slices"
	"strings"

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
	{"filter", "json_to_xml", "templates write no XML of values", "write the elements in the template"},
	{"filter", "from_xml", "templates read no XML", passFact},
	{"filter", "to_xml", "templates write no XML of values", "write the elements in the template"},
	{"filter", "json_patch", "it needs a library of Python's that froyo has no equal of", "combine, or change the value in the runbook"},
	{"filter", "json_patch_recipe", "it needs a library of Python's that froyo has no equal of", "combine, or change the value in the runbook"},
	{"filter", "json_diff", "it needs a library of Python's that froyo has no equal of", passFact},
	{"filter", "validate", "it needs a library of Python's that froyo has no equal of", "check the value in the runbook: fail() says what is wrong"},
	{"filter", "fact_diff", "it compares for people, not for a file", passFact},
	{"filter", "to_prettytable", "it draws a table for people, not for a file", "write the columns with '%-20s' | format(x)"},
	{"filter", "param_list_compare", "it belongs to network devices, which froyo does not configure", passFact},
	{"test", "validate", "it needs a library of Python's that froyo has no equal of", "check the value in the runbook: fail() says what is wrong"},
	{"test", "resolvable", onController, passFact},
	{"test", "a_module", "there are no modules of Ansible", passFact},
	{"filter", "jc", "it parses the output of commands with a library of Python's", passFact},
	{"filter", "parse_cli", "it reads a file of rules on the controller", passFact},
	{"filter", "parse_cli_textfsm", "it reads a file of rules on the controller", passFact},
	{"filter", "parse_xml", "templates read no XML", passFact},
	{"filter", "vlan_parser", "it belongs to network devices, which froyo does not configure", passFact},
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
	short := plain(name)
	for _, r := range refused {
		if r.Kind == kind && r.Name == short {
			return r.Reason, r.Instead
		}
	}
	names, others, hint := l.filters, l.tests, "%s is a test: write value is %s"
	if kind == "test" {
		names, others, hint = l.tests, l.filters, "%s is a filter: write value | %s"
	}
	if kind == "function" {
		if l.filters.find(short) != nil {
			return "", fmt.Sprintf("%s is a filter: write value | %s", name, name)
		}
		return "", ""
	}
	if full := names.several[name]; full != nil {
		return "several collections have it, and theirs differ", "write " + strings.Join(full, " or ")
	}
	if names.find(short) != nil {
		return "", fmt.Sprintf("write %s: the collection %s does not have it", short, strings.TrimSuffix(name, "."+short))
	}
	if others.find(short) != nil {
		return "", fmt.Sprintf(hint, name, name)
	}
	near := diag.Nearest(short, names.list())
	if full := diag.Nearest(short, names.of(strings.TrimSuffix(name, "."+short))); full != "" {
		near = strings.TrimSuffix(name, short) + full
	}
	if near != "" {
		return "", fmt.Sprintf("did you mean %s?", near)
	}
	if strings.Contains(name, ".") && short == name {
		return "", "filters and tests are those of ansible.builtin, ansible.utils and community.general; plugins of other collections are Python"
	}
	return "", ""
}
