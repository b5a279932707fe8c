// Package complete is the completion of froyo's command line: the scripts for shells, and the hidden command
// that they ask.
//
// It imports runtime/cli/client, runtime/cli/inventory and kong.
package complete

import (
	"context"
	"io"

	"github.com/openfroyo/froyo/runtime/console"
)

// Script is froyo completion.
type Script struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help gives the command's example.
func (*Script) Help() string {
	return `Prints a script that completes commands, flags, files, and what the runbook and the inventory hold: hosts and groups
after -l, units after --target, tags after -t.

Examples:
  source <(froyo completion bash)         in ~/.bashrc
  source <(froyo completion zsh)          in ~/.zshrc, after compinit
  froyo completion fish >~/.config/fish/completions/froyo.fish`
}

// Run prints the script.
func (c *Script) Run(_ context.Context, e *console.Console) error {
	scripts := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
	_, err := io.WriteString(e.Stdout, scripts[c.Shell])
	return err
}

// The scripts ask froyo itself, which knows its commands. Where it knows
// nothing to propose, the shell proposes files.
const (
	bashCompletion = `# froyo completion for bash
_froyo() {
	local line LC_ALL=C
	COMPREPLY=()
	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <(command froyo complete --shell=bash --breaks="$COMP_WORDBREAKS" -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
	if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/=:] ]]; then
		compopt -o nospace 2>/dev/null
	fi
}
complete -o default -F _froyo froyo
`
	zshCompletion = `#compdef froyo
_froyo() {
	local -a values texts open
	local line value
	for line in "${(@f)$(command froyo complete --shell=zsh -- "${(@Q)words[1,CURRENT]}" 2>/dev/null)}"; do
		value=${line%%$'\t'*}
		[[ -z $value ]] && continue
		if [[ $value == *[/=:] ]]; then
			open+=("$value")
		else
			values+=("$value")
			texts+=("${line/$'\t'/  }")
		fi
	done
	(( $#values + $#open )) || { _files; return }
	(( $#open )) && compadd -S '' -a open
	(( $#values )) && compadd -l -d texts -a values
}
if [[ $funcstack[1] == _froyo ]]; then
	_froyo "$@"
else
	compdef _froyo froyo
fi
`
	fishCompletion = `# froyo completion for fish
function __froyo_complete
	set -l current (commandline -ct)
	set -l words (commandline -opc) "$current"
	set -l found (command froyo complete --shell=fish -- $words 2>/dev/null)
	if test (count $found) -gt 0
		printf '%s\n' $found
	else
		__fish_complete_path "$current"
	end
end
complete -c froyo -f -a '(__froyo_complete)'
`
)
