package jinja_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/builtins/jinja/library"
)

// filterTable is how filters are called: the type of the value (E for any), then the call. Capital letters that stand
// alone are replaced by expressions of their types, see literals.
var filterTable = strings.Split(strings.TrimSpace(filterRows), "\n")

const filterRows = `E upper
S upper
S lower
S title
S capitalize
S trim
S trim('a ')
S trim(chars=S)
E length
L count
E first
E last
L first
E reverse
S reverse
L reverse | list
E list
E string
E int
S int
S int(I)
S int(default=7)
S int(0, 16)
S int(base=8)
E float
S float(F)
E abs
F round
F round(I)
F round(2, 'floor')
F round(0, 'ceil')
F round(precision=1, method='common')
E round
E join
L join(S)
L join(S, attribute=A)
P join('-', attribute=A)
L sort
L sort(B)
L sort(reverse=B)
P sort(attribute=A)
L sort(case_sensitive=B)
P sort(true, true, A)
L unique
L unique(true)
P unique(attribute=A)
E default(E)
U default
U d()
U default(E)
U d(E, true)
E default(default_value=E, boolean=B)
S replace(S, S)
S replace(S, S, I)
S replace('l', 'L', count=1)
E indent
S indent(I)
S indent(2, true)
S indent(width=S, blank=true)
S indent(2, first=B, blank=B)
S truncate(I)
S truncate(5, true)
S truncate(7, B, '~', 0)
S truncate(length=8, leeway=I)
S wordcount
S center
S center(20)
S center(width=I)
L min
L max
P min(attribute=A)
P max(attribute=A)
L min(case_sensitive=B)
L sum
L sum(start=I)
P sum(attribute=A)
P sum(A, 10)
D dictsort
D dictsort(by='value')
D dictsort(B, reverse=B)
D dictsort(true, 'key', true)
P groupby(A)
P groupby(A, default=E)
P groupby(attribute='n', case_sensitive=true)
L map(G)
L map(G) | list
P map(attribute=A)
P map(attribute=A) | list
P map(attribute=A, default=E) | list
L select | list
L select(T) | list
L reject(T) | list
L select('gt', I) | list
L reject('in', L) | list
P selectattr(A) | list
P selectattr(A, 'eq', E) | list
P rejectattr(A, 'gt', I) | list
P rejectattr(A, T) | list
P selectattr('zz', 'defined') | list
L batch(I)
L batch(2) | list
L batch(I, E) | list
L slice(2) | list
L slice(I, E) | list
D items
D items | list
E escape
S e
S safe
S forceescape
S striptags
E urlencode
D urlencode
D xmlattr
D xmlattr(false)
I filesizeformat
F filesizeformat(true)
I filesizeformat(binary=B)
S format(E, E)
S format(a=E)
S wordwrap(5)
S wordwrap(4, false)
S wordwrap(I, B, S)
S wordwrap(width=8, break_on_hyphens=B)
E attr(A)
S attr('upper')
E tojson
E nosuch
D combine(D)
D combine(D, D)
D combine(D, recursive=B)
D combine(D, list_merge='append')
D combine(D, recursive=true, list_merge='prepend_rp')
D combine(D, list_merge='keep')
D combine(D, list_merge='append_rp')
D combine(D, list_merge=S)
L combine
D dict2items
D dict2items(key_name='k', value_name=S)
L items2dict
P items2dict
P items2dict('n', 'v')
P items2dict(key_name='n', value_name='v')
P subelements('n')
P subelements(A, skip_missing=true)
I extract(L)
S extract(D)
A extract(D, A)
A extract(D, morekeys=L)
P rekey_on_member(A)
P rekey_on_member('n', duplicates='overwrite')
E to_json
E to_json(indent=2)
D to_json(sort_keys=B)
E to_json(ensure_ascii=false)
E to_json(separators=(',', ':'))
E to_nice_json
E to_nice_json(indent=I)
D to_nice_json(sort_keys=false)
E to_nice_json(ensure_ascii=B)
J from_json
E to_yaml
D to_yaml
E to_yaml(indent=4)
E to_yaml(width=20)
E to_yaml(default_flow_style=B)
E to_nice_yaml
D to_nice_yaml(indent=I)
D to_nice_yaml(sort_keys=false)
E to_nice_yaml(width=I)
E to_nice_yaml(explicit_start=true)
J from_yaml
S from_yaml
S from_yaml_all | list
S b64encode
E b64encode
S b64decode
S b64encode | b64decode
S hash
S hash('sha256')
S hash(S)
S md5
S sha1
S checksum
E checksum
S to_uuid
S to_uuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8')
S urldecode
H urlsplit
H urlsplit('hostname')
H urlsplit(S)
H urlsplit('port')
L flatten
L flatten(1)
L flatten(levels=I)
L flatten(skip_nulls=false)
L zip(L) | list
L zip(L, L) | list
S zip(L) | list
L zip_longest(L) | list
L zip_longest(L, fillvalue=E) | list
L product(L) | list
L product(repeat=2) | list
L permutations | list
L permutations(2) | list
L combinations(2) | list
L combinations(I) | list
F log
I log(I)
F log(10)
I pow(2)
F pow(F)
F root
I root(3)
I human_readable
I human_readable(true)
F human_readable(unit='K')
S human_to_bytes
S human_to_bytes('K')
S basename
S dirname
S splitext
L path_join
X path_join
X relpath(X)
S win_basename
S win_dirname
S win_splitdrive
S regex_replace(R, W)
S regex_replace(R, W, ignorecase=B)
S regex_replace(pattern=R, replacement=W, multiline=B)
S regex_findall(R)
S regex_findall(R, ignorecase=true)
S regex_search(R)
S regex_search(R, '\\1')
S regex_search(R, '\\g<x>')
S regex_search(R, multiline=B)
S regex_escape
S regex_escape('posix_basic')
L union(L)
L intersect(L)
L difference(L)
L symmetric_difference(L)
E bool
S bool
B bool
E ternary(E, E)
B ternary(E, E)
N ternary(E, E, E)
E mandatory
U mandatory
U mandatory('give it')
E type_debug
S quote
E quote
S comment
S comment('c')
S comment('cblock')
S comment('xml')
S comment('erlang')
S comment('plain', prefix=S, postfix=S)
S comment(decoration='; ')
S comment('plain', beginning='x', end='y', newline='\n')
S split
S split(S)
S split(',', 1)
S split(maxsplit=I)
E pprint
S pprint
E urlize
H urlize(I)
S urlize(nofollow=B, target=S)
H urlize(trim_url_limit=I, rel=S)
S urlize(extra_schemes=['mailto:', 'ftp:'])
`

// testTable is how tests are called, as filterTable.
var testTable = strings.Split(strings.TrimSpace(testRows), "\n")

const testRows = `E defined
U defined
U undefined
E undefined
E none
E string
E number
E integer
E float
E boolean
E mapping
E sequence
E iterable
E callable
I odd
I even
I divisibleby 2
I divisibleby(I)
S lower
S upper
E lower
E true
B true
B false
E eq E
E ==(E)
E equalto(E)
I ne(I)
I !=(I)
I lt I
I lessthan(F)
I <(I)
I gt 1
I greaterthan(I)
I >(I)
I ge 2
I >=(I)
I le(I)
I <=(I)
E in(L)
I in [1, 3]
S in S
E sameas none
E sameas(true)
S filter
G test
S escaped
V version(V)
V version(V, '<')
V version('1.10', operator='>=')
V version(V, 'ge', strict=B)
V version(V, '>', version_type='loose')
V version(V, version_type='semver')
V version(V, S)
V version_compare(V, 'lt')
L subset(L)
L issubset(L)
L superset(L)
L issuperset(L)
F nan
F isnan
S abs
S is_abs
S match(R)
S match(R, ignorecase=B)
S search(R)
S search(R, multiline=true)
S regex(R)
S regex(R, match_type='fullmatch')
S regex(R, ignorecase=B, multiline=B)
L contains(E)
S contains(S)
L any
L all
E truthy
S truthy(convert_bool=true)
E falsy
S falsy(true)
E nosuch
K failed
K failure
K succeeded
K success
K successful
K unreachable
K reachable
K changed
K change
K skipped
K skip
K started
K finished
S vault_encrypted
`

const laterCollection = "of a later community.general, see TestNewerCommunityFilters"

// notCompared are filters and tests that Ansible 2.14 does not have, or whose results no other can give.
var notCompared = map[string]string{
	"uri": "of a later Ansible", "url": "of a later Ansible", "urn": "of a later Ansible",
	"accumulate": laterCollection, "community.general.keep_keys": laterCollection, "community.general.remove_keys": laterCollection,
	"community.general.replace_keys": laterCollection, "from_ini": laterCollection, "to_ini": laterCollection, "reveal_ansible_type": laterCollection,
	"lists_union": laterCollection, "lists_intersect": laterCollection, "lists_difference": laterCollection, "lists_symmetric_difference": laterCollection,
}

// TestAllAreCompared: each filter and test is in the tables by which templates are generated.
func TestAllAreCompared(t *testing.T) {
	lib := library.New()
	recorded := recordings(t)
	for what, given := range map[string]struct {
		all      []library.Entry
		rows     string
		recorded string // how a call of one begins in recorded templates
	}{
		"filter": {lib.Filters(), filterRows, `\| ?`},
		"test":   {lib.Tests(), testRows, `is (?:not )?`},
	} {
		called := map[string]bool{}
		for row := range strings.Lines(given.rows) {
			name := strings.TrimSpace(row)[2:]
			if end := strings.IndexAny(name, "( "); end > 0 {
				name = name[:end]
			}
			called[name] = true
		}
		for _, m := range regexp.MustCompile(given.recorded+`([a-z_.0-9]+)`).FindAllStringSubmatch(recorded, -1) {
			called[m[1]], called[m[1][strings.LastIndexByte(m[1], '.')+1:]] = true, true
		}
		for _, e := range given.all {
			if !called[e.Name] && notCompared[e.Name] == "" {
				t.Errorf("the %s %s is not compared with Ansible's", what, e.Name)
			}
		}
	}
}

// recordings are the templates of which package library has what Ansible makes.
func recordings(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("library/testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	var b strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

var methods = map[byte][]string{'S': stringMethods, 'L': listMethods, 'D': dictMethods}

var stringMethods = []string{
	"upper()", "lower()", "strip()", "strip(S)", "split()", "split(S)", "split(',', 1)", "split(sep=',', maxsplit=I)", "rsplit(' ', 1)", "rsplit(S)",
	"replace(S, S)", "replace('l', 'L', 1)", "startswith(S)", "startswith(('a', 'H'))", "endswith(S)", "startswith(S, I)", "find(S)", "find('o', I)", "rfind('l')", "count('l')", "count(S)",
	"title()", "capitalize()", "swapcase()", "isdigit()", "isalpha()", "isupper()", "join(L)", "join(['x', 'y'])", "format(E, E)", "format(I)", "splitlines()", "splitlines(true)", "zfill(8)",
	"center(15, '*')", "ljust(12)", "rjust(12, '.')", "partition(S)", "rpartition('o')", "lstrip('H')", "rstrip('d')", "index('o')", "index(S)", "expandtabs(4)", "casefold()", "istitle()", "isspace()",
	"isnumeric()", "isdecimal()", "isprintable()", "isascii()", "removeprefix('He')", "removesuffix('ld')", "islower()", "isalnum()", "isidentifier()", "format_map(D)", "translate({97: 'b'})", "nosuch()", "upper(1)", "count('l', I, I)", "rindex(S)",
}

var listMethods = []string{
	"index(1)", "index(E)", "count(E)", "copy()", "pop()", "pop(I)", "append(E)", "extend(L)", "insert(I, E)", "reverse()", "sort()", "sort(reverse=true)", "remove(E)", "clear()", "nosuch()",
}

var dictMethods = []string{
	"keys()", "values()", "items()", "keys() | list", "items() | list", "get('a')", "get(E)", "get('zz', E)", "get('zz', 5)", "pop('a')", "pop('zz', E)", "setdefault('q', E)", "update(D)", "update(x=E)", "copy()",
	"popitem()", "clear()", "get(1)", "fromkeys(L, E)", "nosuch()", "items() | sort", "values() | list | first", "update(L)",
}
