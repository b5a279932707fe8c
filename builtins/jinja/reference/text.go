package reference

import (
	"fmt"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

const intro = `# Templates

A template is rendered as Ansible's ` + "`template`" + ` module renders it: the same text, byte for byte, or an error. ` + "`template()`" + ` in
[the reference](reference.md#template) says how a runbook calls it. This page is made from the code: ` + "`froyo docs templates`" + `.
`

const language = `
## The language

The language is that of Jinja 3.1 under Ansible's settings.

| Part | What there is |
|---|---|
| Delimiters | ` + "`{{ }}`, `{% %}`, `{# #}`; `-`" + ` beside one takes the blanks and newlines there, ` + "`+`" + ` keeps them. A tag takes the newline after it; the blanks before it stay. The newlines at the file's end stay. |
| Header | A first line ` + "`#jinja2: trim_blocks: False, lstrip_blocks: True`" + ` changes that for the file; delimiters and ` + "`newline_sequence`, `keep_trailing_newline`" + `, too. |
| Tags | ` + "`if`, `elif`, `else`, `for`" + ` (with ` + "`if`, `else`, `recursive`" + ` and unpacking), ` + "`set`" + ` (several targets, as a block, with filters), ` + "`macro`, `call`, `filter`, `with`, `raw`, `include`" + ` (lists, ` + "`ignore missing`, `with context`, `without context`" + `), ` + "`import`, `from`, `extends`, `block`" + ` (` + "`scoped`, `required`" + `), ` + "`autoescape false`" + `. Nothing is escaped. |
| Names in tags | ` + "`loop`" + ` whole, ` + "`super()`, `self`, `caller()`, `varargs`, `kwargs`, `namespace`" + `. |
| Expressions | Those of Jinja with its precedence: ` + "`a if b else c`, `~`, `**`, `//`, `%`" + ` for numbers and for texts, chained comparisons, ` + "`in`, `is`" + `, slices, tuples, lists, dicts, texts beside each other, calls with ` + "`*` and `**`" + `. A filter binds tighter than an operator. |
| Values | As in Python: how they print (` + "`None`" + ` prints as nothing, in a list as ` + "`None`" + `), compare, divide and sort, and the methods of ` + "`str`, `list`, `dict`" + `. Texts consist of characters, whole numbers have any size, dicts keep their order. ` + "`.` and `[]`" + ` reach into dicts alike. |
| Undefined | A name or element that is not there may be asked for (` + "`is defined`, `default`, `mandatory`" + `, through every chain) and passed on. Anything else is an error. |
| Files | ` + "`include`, `import`, `extends`" + ` look in the directory ` + "`templates`" + ` around the main template, what is around that, the main template's directory, and the one of the template that names the file. |
`

const filtersAbout = "`value | name(arguments)`. The parameters are those of Python: `name=value` is optional, `*args` takes any number, what is behind `*` is given by name. " +
	"Full names (`ansible.builtin.combine`, `ansible.utils.ipaddr`, `community.general.counter`) are the same filters; where several collections have a name with different meanings, only the full one is."

const lookupsIntro = `
## Lookups

` + "`lookup('name', terms, option=value)`, `query(...)`, `q(...)`" + `. They read files of the workspace, and nothing else. A file is looked for in
` + "`files`" + ` (a template in ` + "`templates`" + `) of the directory around ` + "`templates`" + `, in that directory, and so in the main template's own; ` + "`//x`" + ` is x
from the workspace's root. Options of all: ` + "`wantlist=True`, `errors='ignore'`" + ` (which gives nothing where Ansible's lookup would have failed).
`

const leftOutIntro = `
## Left out

Names of Ansible that are errors here, since what they give depends on something other than the template, its variables and
the workspace.
`

const differencesIntro = "Where a template gives a text in Ansible that depends on an address in memory, a hash, a clock or the machine, it is an error or has one order."

// differences are what a template does differently, and why.
var differences = [][2]string{
	{"A template has the variables that `template()` is given, and no others: no facts, no `hostvars`, no `ansible_managed`, no `template_path`.", "What a file depends on can be read in the runbook. `host = host` gives a template the host, with `host.vars` and `host.facts`."},
	{"Sets (`union`, `intersect`, `difference`, `symmetric_difference`, `unique`) keep the order of their lists.", "Python's order of texts in a set differs from run to run, and each would be a change."},
	{"`fileglob` gives its files in order; `fileglob` and `first_found` give paths such as `//roles/web/files/x`.", "Ansible gives what the file system says first, and the path on the machine that it runs on. `include`, `import` and lookups take such a path."},
	{"A lookup's option that it does not have is an error; `errors='warn'` and `allow_unsafe` are, too.", "Ansible ignores the first. A template writes to no screen, and what a lookup gives is never a template."},
	{"A term of a lookup with `{{ }}` in it is an error.", "Ansible renders it first. Write an expression: `'web-' ~ name`."},
	{"A function, a macro or a `cycler` that is printed is an error.", "Python prints an address in memory."},
	{"`random` and `shuffle` need a seed, `password_hash` needs a salt.", "Each rendering would give something else, so that no plan would hold."},
	{"A list or dict that is made of a looked-up template's text may not have sets, complex numbers, bytes, or texts with prefixes or three quotes.", "They have no equal in Starlark, or no order."},
	{"`\\N{...}` in a text is an error.", "It needs the table of Unicode's names. Write the character itself."},
	{"Extensions of Jinja, plugins of collections and `ansible.cfg` do not exist.", "They are Python."},
}

const limitsIntro = "Exceeding one is an error with its place. Ctrl-C and SIGTERM end a rendering, its filters and regular expressions within 100 ms; what is still at work then is not waited for."

func limits() [][2]string {
	return [][2]string{
		{"The text of a template, a text within", fmt.Sprintf("%d MiB", py.MaxText>>20)},
		{"A list", fmt.Sprintf("%d elements", py.MaxElements)},
		{"A file of a template", fmt.Sprintf("%d MiB", bounds.MaxTemplate>>20)},
		{"Steps", "those of the evaluation, which operators, filters, loops and calls of a template count, too"},
		{"Time", "30 s for a rendering, 2 s for one match of a regular expression"},
		{"Includes, macros and blocks within each other", "200"},
		{"Templates that are looked up within each other", "20"},
	}
}

const additions = `
## What froyo adds

- ` + "`do`, `break` and `continue`" + ` work without a setting; Ansible has them where ` + "`jinja2_extensions`" + ` names them.
- A template may be given any value of a runbook: a host, its facts, structs. Their attributes are read when the template reads them.
- What a template makes of a secret is a secret, as a whole.
- Paths that begin with ` + "`//`" + ` count from the workspace's root, in tags and in lookups.
- An error names the template's file, line and column, shows the line, and tells through which includes, macros and lookups it was reached,
  and the line of the runbook. A name that is wrong gets the nearest one that is right.
`
