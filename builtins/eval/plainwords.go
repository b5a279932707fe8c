package eval

import (
	"regexp"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// plainly is what Starlark's library says of a mistake that people make, and that in plain words.
type plainly struct {
	says     *regexp.Regexp
	as, hint string
}

// mistakes are looked through in their order. The names of types that they quote get an article.
var mistakes = []plainly{
	{regexp.MustCompile(`^unknown binary op: (string) \+ (\w+)$`), `+ does not join {$1} and {$2}`, `str(...) makes text of any value`},
	{regexp.MustCompile(`^unknown binary op: (\w+) \+ (string)$`), `+ does not join {$1} and {$2}`, `str(...) makes text of any value`},
	{regexp.MustCompile(`^unknown binary op: (\w+) (\S+(?: in)?) (\w+)$`), `$2 does not work on {$1} and {$3}`, ``},
	{regexp.MustCompile(`^unknown unary op: (\S+) (\w+)$`), `$1 does not work on {$2}`, ``},
	{regexp.MustCompile(`^key (.*) not in dict$`), `the dict has no key $1`, `d.get($1) gives None where it is missing, and d.get($1, default) a default`},
	{regexp.MustCompile(`^(\w+) index (-?\d+) out of range \[-(\d+):\d+\]$`), `the $1 has no index $2: its length is $3`, ``},
	{regexp.MustCompile(`^index (-?\d+) out of range: empty (\w+)$`), `the $2 has no index $1: it is empty`, ``},
	{regexp.MustCompile(`^len: value of type (\w+) has no len$`), `len: {$1} has no length`, ``},
	{regexp.MustCompile(`^int: invalid literal with base (\d+): (.*)$`), `int: "$2" is no whole number of base $1`, ``},
	{regexp.MustCompile(`^(\w+) (<|>|<=|>=) (\w+) not implemented$`), `{$1} and {$3} have no order: $2 does not compare them`, ``},
	{regexp.MustCompile(`^(?:floored division|real division|integer modulo|floating-point division|modulo|floating-point modulo) by zero$`), `division by zero`, ``},
	{regexp.MustCompile(`^format: tuple index out of range$`), `format: the text has more {} than there are values`, ``},
	{regexp.MustCompile(`^format: keyword (\S+) not found$`), `format: there is no value named $1`, ``},
	{regexp.MustCompile(`^not enough arguments for format string$`), `the text has more % places than there are values`, `a literal percent sign is %%`},
	{regexp.MustCompile(`^too many arguments for format string$`), `there are more values than % places in the text`, `put a %s for each of them into the text`},
	{regexp.MustCompile(`^%(\w) format requires \w+: cannot convert (\w+) to \w+$`), `%$1 wants a number, and gets {$2}`, `%s takes any value`},
	{regexp.MustCompile(`^((?:\w+: )?)unhashable type: (\w+)$`), `${1}{$2} can be no key of a dict, and be in no set`, `a tuple can: ("a", "b")`},
	{regexp.MustCompile(`^got (\w+) in sequence assignment$`), `{$1} is not several values, and cannot be assigned to several names`, ``},
	{regexp.MustCompile(`^too many values to unpack \(got (\d+), want (\d+)\)$`), `$2 names want as many values, not $1`, ``},
	{regexp.MustCompile(`^too few values to unpack \(got (\d+), want (\d+)\)$`), `$2 names want as many values, not $1`, ``},
	{regexp.MustCompile(`^(local|global) variable (\w+) referenced before assignment$`), `$2 is used before it has a value`, `assign it before, or write the assignment outside of the if or for`},
	{regexp.MustCompile(`^(\w+) value is not iterable$`), `{$1} is no list, tuple, dict or set`, ``},
	{regexp.MustCompile(`^(\w+): (\w+) value is not iterable$`), `$1: {$2} is no list, tuple, dict or set`, ``},
	{regexp.MustCompile(`^(\w+): for parameter (\w+): got (\w+), want iterable$`), `$1: {$3} is no list, tuple, dict or set`, ``},
	{regexp.MustCompile(`^(\w+): argument #(\d+) is not iterable: (\w+)$`), `$1: {$3} is no list, tuple, dict or set`, ``},
	{regexp.MustCompile(`^(\w+): argument is an empty sequence$`), `$1: there is no value to choose from`, ``},
	{regexp.MustCompile(`^invalid call of non-function \((\w+)\)$`), `{$1} cannot be called`, ``},
	{regexp.MustCompile(`^function (\w+) called recursively$`), `the function $1 calls itself`, `a function does not call itself here; write a loop: for i in range(10): ...`},
	{regexp.MustCompile(`^(\w+) has no \.(\w+) field or method$`), `{$1} has no .$2`, ``},
	{regexp.MustCompile(`^getattr: (\w+) has no \.(\w+) field or method$`), `{$1} has no .$2`, ``},
	{regexp.MustCompile(`^(?:invalid slice operand sensitive|unhandled index operation sensitive\[\w+\])$`), `a sensitive value cannot be cut`, ``},
	{regexp.MustCompile(`^invalid slice operand (\w+)$`), `{$1} cannot be sliced`, ``},
	{regexp.MustCompile(`^unhandled index operation (\w+)\[\w+\]$`), `{$1} has no values by index or key`, ``},
	{regexp.MustCompile(`^(?:list|string|tuple|bytes) index: got (\w+), want int$`), `the index is {$1}, and has to be a whole number`, ``},
	{regexp.MustCompile(`^internal error: predeclared variable (\w+) is uninitialized$`), `$1 is not defined yet`, `it is defined further down: call what uses it after that`},
	{regexp.MustCompile(`^((?:\w+: )?)cannot .* frozen list$`), `${1}the list is shared, and can no longer be changed`, `change a copy of it: list(...)`},
	{regexp.MustCompile(`^((?:\w+: )?)cannot .* frozen hash table$`), `${1}the dict or set is shared, and can no longer be changed`, `change a copy of it: dict(...), set(...)`},
	{regexp.MustCompile(`^((?:\w+: )?)cannot .* list during iteration$`), `${1}the list cannot be changed while a loop goes through it`, `loop over a copy: for x in list(...)`},
	{regexp.MustCompile(`^((?:\w+: )?)cannot .* hash table during iteration$`), `${1}the dict or set cannot be changed while a loop goes through it`, `loop over a copy: for x in list(...)`},
}

// typeIn is where a template of mistakes has the name of a type.
var typeIn = regexp.MustCompile(`\{\$(\d)\}`)

// typeNames are types whose name is no word, or that need no article.
var typeNames = map[string]string{
	"NoneType": "None", "builtin_function_or_method": "a function", "bool": "True or False", "bytes": "bytes", "vars": "the variables", "facts": "the facts",
	"unit": "a unit", "later": "a later(...)", "sensitive": "a sensitive value",
}

// withArticle is the name of a type in a sentence.
func withArticle(name string) string {
	if plain := typeNames[name]; plain != "" {
		return plain
	}
	if strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// plainWords puts what Starlark's library says in plain words.
func plainWords(err *diag.Error) {
	for _, m := range mistakes {
		at := m.says.FindStringSubmatchIndex(err.Summary)
		if at == nil {
			continue
		}
		said := err.Summary
		as := typeIn.ReplaceAllStringFunc(m.as, func(s string) string {
			n := int(s[2] - '0')
			return withArticle(said[at[2*n]:at[2*n+1]])
		})
		err.Summary = string(m.says.ExpandString(nil, as, said, at))
		if err.Hint == "" && !noValue.MatchString(err.Summary) { // where None comes from matters more
			err.Hint = string(m.says.ExpandString(nil, m.hint, said, at))
		}
		return
	}
}
