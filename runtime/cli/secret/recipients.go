package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type recipientsCommand struct {
	List recipientsListCommand   `cmd:"" default:"withargs" help:"List those who can read the secrets (the default)."`
	Add  recipientsAddCommand    `cmd:"" help:"Encrypt all secrets for more keys."`
	Rm   recipientsRemoveCommand `cmd:"" help:"Encrypt all secrets anew without a key."`
}

type recipientsListCommand struct {
	JSON bool `name:"json" help:"Print JSON on standard output."`
	Keys `embed:""`
}

// Help gives the command's example.
func (*recipientsListCommand) Help() string {
	return `Examples:
  froyo secret recipients
  froyo secret recipients list --json | jq -r '.recipients[].name'`
}

type recipientAnswer struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	Mine bool   `json:"mine"`
}

// Run lists the recipients.
func (c *recipientsListCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.Open(e)
	if err != nil {
		return err
	}
	all, err := s.Recipients(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		out := []recipientAnswer{}
		for _, r := range all {
			out = append(out, recipientAnswer(r))
		}
		return e.WriteJSON(struct {
			Recipients []recipientAnswer `json:"recipients"`
		}{out})
	}
	if len(all) == 0 {
		_, err := io.WriteString(e.Stdout, "there are no recipients yet; the first secret makes the workspace's own key one\n")
		return err
	}
	if err := e.WriteFitted(table(all, e.Columns())); err != nil {
		return err
	}
	own, err := s.Own(ctx)
	if err == nil && own.Key != "" && !slices.ContainsFunc(all, func(r store.Recipient) bool { return r.Mine }) {
		caution(e, "no key of yours is among them", "have one of them run: froyo secret recipients add "+own.Key)
	}
	return err
}

// table is a table of recipients. On a terminal, of so many columns, a key that is too long has its middle left out.
func table(all []store.Recipient, columns int) string {
	rows := [][]string{{"NAME", "YOURS", "KEY"}}
	names := layout.Width("NAME")
	for _, r := range all {
		names = max(names, layout.Width(ui.Readable(r.Name)))
	}
	for _, r := range all {
		mine, key := "", r.Key
		if r.Mine {
			mine = "yes"
		}
		const ends, fixed = 10, len("  YOURS  ")
		if room := columns - names - fixed; columns > 0 && len(key) > room {
			key = key[:max(2*ends, room-ends-1)] + "…" + key[len(key)-ends:]
		}
		rows = append(rows, []string{ui.Readable(r.Name), mine, key})
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return b.String()
}

type recipientsAddCommand struct {
	Key   []string `arg:"" complete:"files" help:"A public key (age1..., ssh-ed25519 AAAA..., ssh-rsa AAAA...), or a file with one in each line; - is standard input."`
	Label string   `name:"name" placeholder:"NAME" help:"Whose key it is, where there is one."`
	Keys  `embed:""`
}

// Help gives the command's example.
func (*recipientsAddCommand) Help() string {
	return `All secrets are encrypted anew, so you have to be able to read them. Commit the directory secrets afterwards: who
reviews its file recipients sees who can read the secrets.

Examples:
  froyo secret recipients add age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudqqqqqqqqqqqq --name alice
  froyo secret recipients add ~/.ssh/bob.pub
  curl -s https://github.com/bob.keys | froyo secret recipients add -`
}

// Run adds recipients.
func (c *recipientsAddCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.change(ctx, e)
	if err != nil {
		return err
	}
	more, err := c.read(ctx, e)
	if err != nil {
		return err
	}
	if c.Label != "" {
		if len(more) > 1 {
			return (&diag.Error{Summary: fmt.Sprintf("--name is for one key, and there are %d", len(more))}).
				WithHint("leave out --name; the names that stand behind the keys are taken")
		}
		more[0].Name = c.Label
		if more[0], err = store.ParseRecipient(more[0].String()); err != nil {
			return &diag.Error{Summary: "--name: " + err.Error()}
		}
	}
	added, secrets, err := s.AddRecipients(ctx, more...)
	if err != nil {
		return err
	}
	if len(added) == 0 {
		say(e, "nothing to do: "+"all of them are recipients already")
		return nil
	}
	var short []string
	for _, r := range added {
		short = append(short, r.Short())
	}
	if err := note(ctx, e, "recipients add", short...); err != nil {
		return err
	}
	for _, r := range added {
		say(e, ui.Readable(r.Short())+" can read "+counted(secrets)+" now, and those to come")
	}
	return nil
}

// read reads the keys that are given.
func (c *recipientsAddCommand) read(ctx context.Context, e *console.Console) (all []store.Recipient, err error) {
	args := c.Key
	if strings.HasPrefix(args[0], "ssh-") && len(args) > 1 { // a line that the shell has split
		args = []string{strings.Join(args, " ")}
	}
	for _, arg := range args {
		var found []store.Recipient
		switch {
		case arg == "-":
			var text []byte
			if text, err = input.Stream(ctx, "standard input", e.Stdin, store.MaxSize); err == nil {
				found, err = lines(e, "standard input", text)
			}
		case isKey(arg):
			var r store.Recipient
			if r, err = store.ParseRecipient(arg); err != nil {
				err = refusal("the key: ", err)
			}
			found = []store.Recipient{r}
		default:
			found, err = file(ctx, e, arg)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// isKey reports whether an argument is rather a key than the name of a file: also a private one, which is not to be shown as a name.
func isKey(arg string) bool {
	upper := strings.ToUpper(arg)
	for _, begin := range []string{"AGE1", "AGE-", "SSH-", "ECDSA-", "SK-", "-----"} {
		if strings.HasPrefix(upper, begin) {
			return true
		}
	}
	return strings.Contains(upper, "AGE-SECRET-KEY-") || strings.Contains(arg, "\n")
}

// file reads a file of keys.
func file(ctx context.Context, e *console.Console, name string) ([]store.Recipient, error) {
	text, err := input.File{Name: name, What: "the file of keys " + ui.Readable(name), Max: store.MaxSize}.Read(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, (&diag.Error{Summary: ui.Readable(name) + " is neither a key nor a file", Cause: err}).
			WithHint("a key begins with age1, ssh-ed25519 or ssh-rsa")
	}
	if err != nil {
		return nil, err
	}
	return lines(e, ui.Readable(name), text)
}

// refusal says why a text is no recipient.
func refusal(where string, err error) error {
	d := &diag.Error{Summary: where + err.Error(), Cause: err}
	if strings.Contains(err.Error(), "PRIVATE") {
		return d.WithHint("give its public half: age-keygen -y FILE, or FILE.pub of an SSH key; if it was typed here, it is in the history of the shell: make another one")
	}
	return d.WithHint("a key begins with age1, ssh-ed25519 or ssh-rsa")
}

// lines reads a key a line. What nothing can be encrypted for is passed over, unless there is nothing else.
func lines(e *console.Console, where string, text []byte) (all []store.Recipient, err error) {
	var refused []error
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		one, err := store.ParseRecipient(line)
		switch {
		case err == nil:
			all = append(all, one)
		case strings.Contains(err.Error(), "PRIVATE"):
			return nil, refusal(fmt.Sprintf("%s:%d: ", where, n), err)
		default:
			refused = append(refused, fmt.Errorf("%s:%d: %w", where, n, err))
		}
	}
	switch {
	case len(all) == 0 && len(refused) > 0:
		return nil, refusal("", refused[0])
	case len(all) == 0:
		return nil, refusal("", errors.New(where+" holds no key"))
	}
	for _, err := range refused {
		caution(e, "passed over: "+err.Error(), "")
	}
	return all, nil
}

type recipientsRemoveCommand struct {
	Key  []string `arg:"" complete:"recipients" help:"The key, or the name that stands behind it; several, all of which are removed, or none."`
	Keys `embed:""`
}

// Help gives the command's example.
func (*recipientsRemoveCommand) Help() string {
	return `All secrets are encrypted anew. What was readable before stays so for who kept a copy, and in the history of the
repository: change the secrets themselves, too.

Examples:
  froyo secret recipients rm bob
  froyo secret recipients rm bob carol
  froyo secret recipients rm age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudqqqqqqqqqqqq`
}

// Run removes recipients.
func (c *recipientsRemoveCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.change(ctx, e)
	if err != nil {
		return err
	}
	gone, secrets, err := s.RemoveRecipients(ctx, c.Key...)
	if err != nil {
		return err
	}
	var short []string
	for _, r := range gone {
		short = append(short, r.Short())
	}
	if err := note(ctx, e, "recipients rm", short...); err != nil {
		return err
	}
	say(e, "encrypted "+counted(secrets)+" anew without "+ui.Readable(strings.Join(short, " and ")))
	const before = "what could be read before may have been read, and copies stay as they were: "
	plain, sshKeys := store.CutKeys(secrets)
	if len(plain) > 0 {
		caution(e, before+names(plain), "change each of them, also on the hosts that have it: froyo secret rotate "+plain[0])
	}
	if len(sshKeys) > 0 {
		caution(e, before+"SSH keys: "+names(sshKeys), "those that are in use need successors; list them: froyo key list")
	}
	return nil
}

// counted says how many secrets and keys there are.
func counted(all []string) string {
	plain, sshKeys := store.CutKeys(all)
	text := wording.Plural(len(plain), "secret")
	if len(sshKeys) > 0 {
		text += " and " + wording.Plural(len(sshKeys), "key")
	}
	return text
}
