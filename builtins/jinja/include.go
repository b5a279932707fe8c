package jinja

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// include is the tag of that name. gonja's own renders what is not secured,
// and takes every error for a missing file where "ignore missing" stands.
type include struct {
	at      *tokens.Token
	name    nodes.Expression
	missing bool // may be missing
}

func parseInclude(p, args *parser.Parser) (nodes.ControlStructure, error) {
	cs := &include{at: p.Current()}
	var err error
	if cs.name, err = args.ParseExpression(); err != nil {
		return nil, err
	}
	if args.MatchName("ignore") != nil {
		if args.MatchName("missing") != nil {
			cs.missing = true
		} else {
			args.Stream().Backup()
		}
	}
	if args.MatchName("with", "without") != nil && args.MatchName("context") == nil {
		args.Stream().Backup()
	}
	if !args.End() {
		return nil, args.Error("Malformed 'include'-tag args.", nil)
	}
	return cs, nil
}

// Position implements gonja's node.
func (i *include) Position() *tokens.Token { return i.at }

// String has the form of gonja's tag, from which explain reads the place.
func (i *include) String() string {
	return fmt.Sprintf("IncludeControlStructure(Filename=%s Line=%d Col=%d)", i.name, i.at.Line, i.at.Col)
}

// Execute implements gonja's control structure.
func (i *include) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	name := r.Eval(i.name)
	if err := errorIn(name, 0); err != nil {
		return fmt.Errorf("unable to evaluate filename: %w", err)
	}
	file, err := r.Loader.Resolve(name.String())
	if err != nil {
		return fmt.Errorf("failed to resolve filename: %w", err)
	}
	inherited, err := r.Loader.Inherit(file)
	if err != nil {
		return fmt.Errorf("failed to inherit loader: %w", err)
	}
	if i.missing {
		if _, err := inherited.Read(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	t, err := exec.NewTemplate(file, r.Config, inherited, r.Environment)
	if err != nil {
		return fmt.Errorf("unable to load template '%s': %w", file, err)
	}
	secure(t.Root())
	return exec.NewRenderer(r.Environment, r.Output, r.Config.Inherit(), inherited, t).Execute()
}
