package library_test

import (
	"testing"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/library"
)

// TestNewerCommunityFilters has what the documentation of community.general shows of filters that are newer than the
// collections of the recordings.
func TestNewerCommunityFilters(t *testing.T) {
	const l = "{% set l = [{'k0_x0': 'A0', 'k1_x1': 'B0', 'k2_x2': ['C0'], 'k3_x3': 'foo'}, {'k0_x0': 'A1', 'k1_x1': 'B1', 'k2_x2': ['C1'], 'k3_x3': 'bar'}] %}"
	const kept = "[{'k0_x0': 'A0', 'k1_x1': 'B0'}, {'k0_x0': 'A1', 'k1_x1': 'B1'}]"
	const rest = "[{'k2_x2': ['C0'], 'k3_x3': 'foo'}, {'k2_x2': ['C1'], 'k3_x3': 'bar'}]"
	const replaced = "[{'a0': 'A0', 'a1': 'B0', 'k2_x2': ['C0'], 'k3_x3': 'foo'}, {'a0': 'A1', 'a1': 'B1', 'k2_x2': ['C1'], 'k3_x3': 'bar'}]"
	lib := library.New()
	for text, want := range map[string]string{
		l + "{{ l | community.general.keep_keys(target=['k0_x0', 'k1_x1']) }}":                                                                                                                                                 kept,
		l + "{{ l | community.general.keep_keys(target=['k0', 'k1'], matching_parameter='starts_with') }}":                                                                                                                     kept,
		l + "{{ l | community.general.keep_keys(target=['x0', 'x1'], matching_parameter='ends_with') }}":                                                                                                                       kept,
		l + "{{ l | community.general.keep_keys(target=['^.*[01]_x.*$'], matching_parameter='regex') }}":                                                                                                                       kept,
		l + "{{ l | community.general.keep_keys(target='^.*0_x.*$', matching_parameter='regex') }}":                                                                                                                            "[{'k0_x0': 'A0'}, {'k0_x0': 'A1'}]",
		l + "{{ l | community.general.remove_keys(target=['k0_x0', 'k1_x1']) }}":                                                                                                                                               rest,
		l + "{{ l | community.general.remove_keys(target='^.*[01]_x.*$', matching_parameter='regex') }}":                                                                                                                       rest,
		l + "{{ l | community.general.replace_keys(target=[{'before': 'k0_x0', 'after': 'a0'}, {'before': 'k1_x1', 'after': 'a1'}]) }}":                                                                                        replaced,
		l + "{{ l | community.general.replace_keys(target=[{'before': '^.*0_x.*$', 'after': 'a0'}, {'before': '^.*1_x.*$', 'after': 'a1'}], matching_parameter='regex') }}":                                                    replaced,
		l + "{{ l | community.general.replace_keys(target=[{'before': '^.*_x.*$', 'after': 'X'}], matching_parameter='regex') }}":                                                                                              "[{'X': 'foo'}, {'X': 'bar'}]",
		"{{ [1, 2, 'a', 2] | community.general.lists_union([3, 1], ['b']) }}":                                                                                                                                                  "[1, 2, 'a', 3, 'b']",
		"{{ [1, 2, 3, 4, 5, 11] | community.general.lists_intersect([1, 2, 3, 10], [2, 3, 11]) }}":                                                                                                                             "[2, 3]",
		"{{ [1, 2, 3, 4, 2] | community.general.lists_difference([1], [4, 9]) }}":                                                                                                                                              "[2, 3]",
		"{{ [8, 9, 10] | community.general.lists_symmetric_difference([9, 10, 11]) }}":                                                                                                                                         "[8, 11]",
		"{{ [[1, [2]], [[2], 3]] | community.general.lists_union(flatten=true) }}":                                                                                                                                             "[1, [2], 3]",
		"{{ ['a', {'b': 1}, {'b': 1}] | community.general.lists_union([{'b': 1}]) }}":                                                                                                                                          "['a', {'b': 1}]",
		"{{ 'abc' | community.general.reveal_ansible_type }} {{ [1, 1.1, 'a', true, [1], {'x': 1}] | community.general.reveal_ansible_type }} {{ {'a': 1, 2: 'b'} | community.general.reveal_ansible_type({'str': 'text'}) }}": "str list[bool|dict|float|int|list|str] dict[int|text, int|text]",
		"{{ ['', 'some', 'path'] | map('split', '/') | community.general.accumulate | map('join', '/') }}":                                                                                                                     "['', '/some', '/some/path']",
		"{{ '[a]\nK = 1\n x\n[b]\n' | community.general.from_ini }}":                                                                                                                                                           `{'a': {'K': '1\nx'}, 'b': {}}`,
		"{{ {'a': {'K': 1, 'l': 'x\ny'}, 'b': {}} | community.general.to_ini }}":                                                                                                                                               "[a]\nK = 1\nl = x\n\ty\n\n[b]\n",
		"{{ 'a' | keep_keys(1) if false else 'x' }}":                                                                                                                                                                           "",
	} {
		got, err := render(t, lib, text, starlark.NewDict(0))
		if want == "" {
			if err == nil {
				t.Errorf("%s: got %q, want an error", text, got)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}
