package value

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
)

// Secret documents secret().
func Secret() eval.Builtin {
	return eval.Builtin{
		Name: "secret",
		Doc: "Gives a secret, as a text that is sensitive: plans, logs and state show (sensitive) in its place. Its name says where it comes from: " +
			"\"db/password\" is one that the workspace keeps (froyo secret set NAME); \"env:DB_PASSWORD\" a variable of the environment of froyo; \"file:PATH\" a file, whose name starts " +
			"from the workspace's directory, and of which, if it is one line, the end of the line is left out; \"command:pass show db\" what a shell command prints on " +
			"the controller, without the end of its last line; \"vault:PATH\" a file that ansible-vault encrypted as a whole, opened by the password of Ansible's vault. Each is read once in a run, and only if it is used. " +
			"A secret that is empty, or not there, is an error. generate says how one is made that the workspace does not have yet: " +
			"\"password(24)\", \"alphanumeric(20)\", \"hex(32)\" and \"base64(32)\" of so many bytes, \"uuid()\". The plan says so; it is kept when apply begins. " +
			"A saved plan is refused once a secret of it has another value.",
		Example: `cmd("mysql --execute 'SELECT 1'", name = "ping", env = {"MYSQL_PWD": secret("db/password", generate = "password(24)")})`,
		Make:    eval.Function("secret", makeSecret),
	}
}

func makeSecret(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var name starlark.Value
	var generate string
	if err := args.Unpack(b.Name(), pos, kw, "name", &name, "generate??", &generate); err != nil {
		return nil, err
	}
	text, ok := name.(starlark.String)
	if !ok {
		return nil, (&diag.Error{Summary: "secret: got " + name.Type() + ", want the name of a secret"}).WithHint(`secret("db/password")`)
	}
	marked, err := eval.Secret(eval.Of(thread), string(text), generate)
	if err != nil {
		return nil, err
	}
	return plain.Text(marked), nil
}
